"""T15: a repair is warranted; the same fault within that time is recognised, free of charge, and counted."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from hub.aftercare import policy, queries
from hub.aftercare.models import RepairWarranty
from hub.aftercare.policy import Verdict, WarrantyRule, judge_repeat
from hub.core.clock import now
from hub.core.database import Database
from hub.fleet.desired import desired_state
from protocols.messages.dossiers import dossiers_of

pytestmark = pytest.mark.any_database

FREE = {"options": [{"work": "再次更换 C5", "cost_minor": 0}], "only_option_because": "维修质保"}
PAID = {"options": [{"work": "再次更换 C5", "cost_minor": 8000}], "only_option_because": "无其他方案"}


def warranty(shop, ticket):
    return shop.counter.get(f"/api/v1/tickets/{ticket}/warranty").raise_for_status().json()


def test_the_same_fault_again_is_recognised_free_and_counted(shop):
    first = shop.closed()
    granted = warranty(shop, first)["granted"]
    assert (granted["fault"], granted["because"]) == ("dried_capacitor", ["rule:5:90d"])

    again = shop.on_bench(serial="sn-2026 0001")
    found = warranty(shop, again)["repeat"]
    assert (found["warranty_of"], found["verdict"]) == (first, "possible"), "by the serial alone"
    (reason,) = shop.bench.does(again, "propose_plan", **PAID)
    assert f"{first} is under repair warranty; name the root cause first" in reason
    shop.act(shop.technician, again, "name_cause", root_cause="dried_capacitor").raise_for_status()
    assert warranty(shop, again)["repeat"]["verdict"] == "repeat"
    refused = shop.act(shop.technician, again, "propose_plan", **PAID)
    assert refused.json()["errors"][0]["pointer"] == "#/details/options/0/cost_minor"
    assert "free of charge" in refused.json()["errors"][0]["detail"]
    assert not shop.bench.does(again, "propose_plan", **FREE)
    shop.act(shop.counter, again, "approve_plan", option=1, how="phone", said_by="李雷").raise_for_status()
    assert not shop.bench.does(again, "repaired", root_cause="dried_capacitor", parts=["C5"])
    (counted,) = shop.counter.get("/api/v1/repeat-repairs").json()["items"]
    assert (counted["ticket"], counted["warranty_of"], counted["serial"]) == (again, first, "SN-20260001")
    with shop.database.read() as session:
        assert queries.count_repeats(session, now() - timedelta(days=1), now() + timedelta(days=1)) == 1
        assert queries.count_repeats(session, now(), now() + timedelta(days=1)) == 0


def test_the_bench_is_told_which_warranty_a_device_came_back_under(shop):
    def cover(ticket):
        with shop.database.read() as session:
            return dossiers_of(desired_state(session, "bench-01", 1))[ticket].cover

    first = shop.closed()
    again = shop.on_bench()
    told = cover(again)
    assert told.until.isoformat() == warranty(shop, first)["granted"]["ends_at"].replace("Z", "+00:00")
    assert (told.ticket, told.fault, told.verdict) == (first, "dried_capacitor", "possible")
    shop.act(shop.technician, again, "name_cause", root_cause="dried_capacitor").raise_for_status()
    assert cover(again).verdict == "repeat"
    shop.act(shop.technician, again, "name_cause", root_cause="liquid_damage").raise_for_status()
    assert cover(again).verdict == "different"
    assert cover(shop.on_bench(serial="SN-OTHER")) is None


def test_the_fault_in_the_intake_is_enough(shop):
    first = shop.closed()
    again = shop.intake(fault="dried_capacitor", device={"model": "sp-100", "serial": "sn-20260001"})
    assert warranty(shop, again)["repeat"] == {
        "warranty_of": first,
        "verdict": "repeat",
        "fault": "dried_capacitor",
        "judged_at": warranty(shop, again)["repeat"]["judged_at"],
    }


def test_another_fault_is_paid_for_and_not_counted(shop):
    shop.closed()
    again = shop.on_bench()
    shop.act(shop.technician, again, "name_cause", root_cause="liquid_damage").raise_for_status()
    assert warranty(shop, again)["repeat"]["verdict"] == "different"
    assert not shop.bench.does(again, "propose_plan", **PAID)
    shop.act(shop.counter, again, "approve_plan", option=1, how="phone", said_by="李雷").raise_for_status()
    (reason,) = shop.bench.does(again, "repaired", root_cause="dried_capacitor")
    assert "within its repair warranty" in reason, "it was the same fault after all"
    assert not shop.bench.does(again, "repaired", root_cause="liquid_damage")
    assert shop.counter.get("/api/v1/repeat-repairs").json()["items"] == []


def test_after_its_end_and_for_another_device_nothing_is_recognised(shop):
    first = shop.closed()
    assert warranty(shop, shop.intake(serial="SN-OTHER"))["repeat"] is None
    with shop.database.write() as session:
        session.execute(update(RepairWarranty).values(ends_at=now() - timedelta(seconds=1)))
    again = shop.on_bench()
    assert warranty(shop, again) == {"granted": None, "repeat": None}
    assert not shop.bench.does(again, "propose_plan", **PAID)
    assert warranty(shop, first)["granted"] is not None


def test_what_was_given_back_unrepaired_has_no_warranty(shop):
    ticket = shop.on_bench()
    shop.bench.does(ticket, "propose_plan", **PAID)
    shop.act(shop.counter, ticket, "decline_plan", how="phone").raise_for_status()
    shop.act(shop.technician, ticket, "name_cause", root_cause="undetermined").raise_for_status()
    assert not shop.bench.does(ticket, "give_back")
    shop.act(shop.counter, ticket, "close").raise_for_status()
    assert warranty(shop, ticket)["granted"] is None


def test_days_come_from_data_by_fault_part_and_model(shop):
    found = policy.delivered_warranty()
    assert found.days("SP-100", "dried_capacitor", ("C5",))[0] == 90
    assert found.days("SP-100", "corrupted_firmware", ())[0] == 30
    assert found.days("SP-100", "burnt_part", ("PSU", "SP-BAT-2000"))[0] == 180
    assert found.days("SP-100", "user_error", ("SP-BAT-2000",))[0] == 0
    document = {"rules": [{"models": ["SP-*"], "days": 365}, {"days": 10}], "same_fault": "group"}
    address = "/api/v1/repair-warranty-policy/versions/1"
    gap = shop.manager.put(address, json={"document": {"rules": document["rules"][:1]}})
    assert (gap.status_code, "every repair has one" in gap.text) == (422, True)
    shop.manager.put(address, json={"document": document}).raise_for_status()
    granted = warranty(shop, shop.closed())["granted"]
    assert (granted["policy_version"], granted["because"]) == (1, ["rule:1:365d"])
    again = shop.intake(fault="cold_joint")
    assert warranty(shop, again)["repeat"]["verdict"] == "repeat", "another fault of the same group"


def test_a_members_tier_lengthens_it(shop, database: Database):
    from hub.customers.models import Customer

    ticket = shop.on_bench()
    with database.write() as session:
        session.execute(update(Customer).values(tier="gold"))
    shop.act(shop.counter, ticket, "preapprove", limit_minor=0, how="phone", said_by="李雷").raise_for_status()
    assert not shop.bench.does(ticket, "repaired", root_cause="dried_capacitor")
    shop.bench.test(ticket, "run-1")
    assert not shop.bench.does(ticket, "handed_over")
    shop.act(shop.counter, ticket, "close").raise_for_status()
    assert warranty(shop, ticket)["granted"]["because"] == ["rule:5:90d", "tier:gold:90d"]


@pytest.mark.parametrize(
    ("found", "same_fault", "verdict"),
    [
        (None, "code", Verdict.POSSIBLE),
        (("dried_capacitor", "hardware"), "code", Verdict.REPEAT),
        (("cold_joint", "hardware"), "code", Verdict.DIFFERENT),
        (("cold_joint", "hardware"), "group", Verdict.REPEAT),
        (("user_error", "use"), "group", Verdict.DIFFERENT),
        (("unlisted", None), "group", Verdict.DIFFERENT),
    ],
)
def test_what_the_same_fault_is(found, same_fault, verdict):
    rules = policy.WarrantyPolicy(rules=(WarrantyRule(days=90),), same_fault=same_fault)
    assert judge_repeat(rules, ("dried_capacitor", "hardware"), found) is verdict
