"""T12: work, parts and cost with options; nothing is repaired before the customer agrees."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest import FixtureRequest

from hub.tickets.actions import DETAILS

pytestmark = pytest.mark.any_database

OFFER = {
    "options": [
        {"work": "更换滤波电容 C5", "parts": [{"part": "C5-220u"}], "cost_minor": 8000},
        {"work": "更换电源板", "parts": [{"part": "PSU-100"}], "cost_minor": 19900},
    ]
}


def plans(shop, ticket):
    return shop.counter.get(f"/api/v1/tickets/{ticket}/repair-plans").raise_for_status().json()


def test_a_plan_from_the_bench_is_answered_at_the_counter_and_then_carried_out(shop):
    ticket = shop.on_bench()
    (reason,) = shop.bench.does(ticket, "repaired")
    assert "the customer was not asked" in reason, "refused, and the bench sees why"
    assert not shop.bench.does(ticket, "propose_plan", **OFFER)
    assert shop.shown(ticket)["state"] == "awaiting_approval"
    (reason,) = shop.bench.does(ticket, "repaired")
    assert "repaired is not possible" in reason

    nobody = shop.act(shop.counter, ticket, "approve_plan", option=1, how="in_person")
    assert nobody.status_code == 422 and "said_by" in nobody.text
    claimed = shop.act(shop.counter, ticket, "approve_plan", option=1, how="online")
    assert claimed.json()["errors"][0]["pointer"] == "#/details/how", "staff do not click for the customer"
    third = shop.act(shop.counter, ticket, "approve_plan", option=3, how="phone", said_by="李雷")
    assert "2 options" in third.text
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    future = shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷", said_at=late)
    assert future.json()["errors"][0]["pointer"] == "#/details/said_at"
    assert shop.shown(ticket)["state"] == "awaiting_approval"

    said_at = datetime.now(UTC).isoformat()
    details = {"option": 2, "how": "in_person", "said_by": "李雷", "said_at": said_at}
    shop.act(shop.counter, ticket, "approve_plan", **details).raise_for_status()
    again = shop.act(shop.counter, ticket, "approve_plan", **details)
    assert again.status_code == 409
    shown = shop.shown(ticket)
    assert (shown["state"], shown["approval"]) == ("in_progress", "approved")
    event = shown["timeline"][0]
    assert (event["kind"], event["payload"]["said_by"], event["payload"]["cost_minor"]) == (
        "ticket.approve_plan", "李雷", 19900,
    )  # fmt: skip
    assert not shop.bench.does(ticket, "repaired", work="电源板已更换", parts=["PSU-100"], minutes=40)
    (repair,) = shop.counter.get(f"/api/v1/tickets/{ticket}/repairs").json()
    assert (repair["cost_minor"], repair["plan_revision"], repair["minutes"]) == (19900, 1, 40)
    assert repair["repaired_by"] == "韩梅梅"


def test_one_option_needs_a_reason_and_all_are_in_one_currency(shop):
    ticket = shop.on_bench()
    one = {"options": OFFER["options"][:1]}
    assert "only_option_because" in shop.bench.does(ticket, "propose_plan", **one)[0]
    mixed = {"options": [OFFER["options"][0], OFFER["options"][1] | {"currency": "USD"}]}
    refused = shop.act(shop.technician, ticket, "propose_plan", **mixed)
    assert refused.status_code == 422 and "one currency" in refused.text
    assert not shop.bench.does(ticket, "propose_plan", **one, only_option_because="该型号仅此配件")
    assert plans(shop, ticket)[0]["only_option_because"] == "该型号仅此配件"


def test_another_price_takes_another_approval(shop):
    ticket = shop.on_bench()
    shop.bench.does(ticket, "propose_plan", **OFFER)
    dearer = {"options": [option | {"cost_minor": 30000} for option in OFFER["options"]]}
    assert not shop.bench.does(ticket, "propose_plan", **dearer), "revised while the customer thinks"
    assert [(one["revision"], one["status"]) for one in plans(shop, ticket)] == [(2, "proposed"), (1, "superseded")]
    stale = shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷", revision=1)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:benchwright:problem:plan-outdated")
    shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷", revision=2).raise_for_status()
    (reason,) = shop.bench.does(ticket, "repaired", cost_minor=30001)
    assert "action-details-wrong" in reason
    refused = shop.act(shop.technician, ticket, "repaired", cost_minor=30001)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/details/work"], "what was done has to be said"
    refused = shop.act(shop.technician, ticket, "repaired", cost_minor=30001, work="电源板已更换")
    assert "the customer agreed to 30000 CNY" in refused.json()["errors"][0]["detail"]
    assert not shop.bench.does(ticket, "propose_plan", **OFFER), "a new price after the approval"
    assert shop.shown(ticket)["approval"] == "proposed"
    (reason,) = shop.bench.does(ticket, "repaired", cost_minor=100)
    assert "repaired is not possible" in reason
    shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷").raise_for_status()
    assert not shop.bench.does(ticket, "repaired", cost_minor=7000), "less than agreed is no surprise"


def test_the_proposer_records_no_approval(shop):
    ticket = shop.on_bench()
    shop.act(shop.supervisor, ticket, "propose_plan", **OFFER).raise_for_status()
    given = {"option": 1, "how": "phone", "said_by": "李雷"}
    refused = shop.act(shop.supervisor, ticket, "approve_plan", **given)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:benchwright:problem:approval-by-proposer")
    shop.act(shop.counter, ticket, "approve_plan", **given).raise_for_status()


def test_a_bench_s_operator_records_no_approval_at_the_desk(shop, make_key):
    ticket = shop.on_bench()
    assert not shop.bench.does(ticket, "propose_plan", **OFFER)
    given = {"option": 1, "how": "phone", "said_by": "李雷"}
    with shop.hub.client(make_key("supervisor", name="韩梅梅")) as operator:
        refused = shop.act(operator, ticket, "approve_plan", **given)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:benchwright:problem:approval-by-proposer")


def test_a_plan_runs_out(shop):
    ticket = shop.on_bench()
    past = datetime.now(UTC) - timedelta(days=3)
    assert not shop.bench.does(ticket, "propose_plan", at=past, valid_days=1, **OFFER)
    assert plans(shop, ticket)[0]["status"] == "expired"
    late = shop.act(shop.counter, ticket, "approve_plan", option=1, how="phone", said_by="李雷")
    assert (late.status_code, late.json()["type"]) == (409, "urn:benchwright:problem:plan-expired")
    in_time = (past + timedelta(hours=1)).isoformat()
    details = {"option": 1, "how": "phone", "said_by": "李雷", "said_at": in_time}
    shop.act(shop.counter, ticket, "approve_plan", **details).raise_for_status()


def test_the_customer_declines_and_gets_the_device_back_or_another_offer(shop):
    ticket = shop.on_bench()
    shop.bench.does(ticket, "propose_plan", **OFFER)
    shop.act(shop.counter, ticket, "decline_plan", how="phone", reason="太贵").raise_for_status()
    assert shop.shown(ticket)["state"] == "declined"
    (reason,) = shop.bench.does(ticket, "repaired")
    assert "repaired is not possible" in reason
    assert not shop.bench.does(ticket, "propose_plan", **OFFER), "a better offer"
    shop.act(shop.counter, ticket, "decline_plan", how="in_person", said_by="李雷").raise_for_status()
    assert not shop.bench.does(ticket, "give_back")
    assert shop.shown(ticket)["state"] == "handed_over"


def test_the_customer_agrees_in_advance_up_to_a_limit(shop):
    ticket = shop.intake()
    details = {"limit_minor": 10000, "how": "in_person", "said_by": "李雷"}
    shop.act(shop.counter, ticket, "preapprove", **details).raise_for_status()
    assert not shop.bench.does(ticket, "taken")
    assert (
        "details/cost_minor: the customer agreed to 10000 CNY"
        in (shop.bench.does(ticket, "repaired", cost_minor=10001)[0])
    )
    assert not shop.bench.does(ticket, "repaired", cost_minor=9000)


def test_who_records_the_consent_in_advance_records_no_price(shop):
    """S1: at the hub and at the bench, where the operator's name is compared."""
    ticket = shop.on_bench()
    details = {"limit_minor": 10000, "how": "phone", "said_by": "李雷"}
    shop.act(shop.supervisor, ticket, "preapprove", **details).raise_for_status()
    refused = shop.act(shop.supervisor, ticket, "repaired", cost_minor=10000, work="C5")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "price-by-witness")
    operator = shop.shown(ticket)["timeline"][0]["actor"]["name"]
    assert "price-by-witness" in shop.bench.does(ticket, "repaired", operator=operator, cost_minor=1)[0]
    shop.act(shop.supervisor, ticket, "repaired", cost_minor=0, work="C5").raise_for_status()


@pytest.mark.parametrize("action", ["approve_plan", "decline_plan", "preapprove"])
def test_a_bench_never_answers_for_the_customer(shop, action: str, request: FixtureRequest):
    ticket = shop.on_bench()
    shop.bench.does(ticket, "propose_plan", **OFFER)
    given = {"option": 1, "limit_minor": 1, "how": "phone", "said_by": "李雷"}
    wanted = {name: value for name, value in given.items() if name in DETAILS[action].model_fields}
    (reason,) = shop.bench.does(ticket, action, **wanted)
    assert "ticket:serve" in reason or "not possible" in reason
