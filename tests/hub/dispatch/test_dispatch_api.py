"""Dispatch as a store sees it: automatic, explained, queued, retried, overridden, reviewed (T4, H1)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from desk_roster import OF_NO_STORE, Roster
from hub_running import MakeKey, RunningHub

from hub.dispatch import documents
from hub.repairs import taxonomy

TakeIn = Callable[..., dict[str, Any]]


def shown(client: httpx.Client, ticket: str, **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/tickets/{ticket}/dispatch", headers=headers).raise_for_status().json()
    return found


def test_a_repair_goes_to_the_bench_that_can_do_it(admin: httpx.Client, roster: Roster, take_in: TakeIn) -> None:
    wang = roster.person("王芳", board_repair=2)
    roster.bench("bench-01")
    roster.bench("bench-02", group="firmware")
    roster.shift("bench-01", wang)
    ticket = take_in()
    assert (ticket["state"], ticket["bench"]) == ("assigned", "bench-01")
    dispatch = shown(admin, ticket["id"])
    assert (dispatch["status"], dispatch["person"], dispatch["automatic"]) == ("dispatched", wang, True)
    assert dispatch["because"].startswith("bench-01 with 王芳: board_repair at level 2 (needed: 1)")
    (other,) = shown(admin, ticket["id"], **{"Accept-Language": "zh-CN"})["others"]
    assert other == {"bench": "bench-02", "person": None, "fits": False, "because": "所属技能组为 firmware，不是 board"}
    event = admin.get(f"/api/v1/tickets/{ticket['id']}/timeline").json()["items"][0]
    assert event["kind"] == "ticket.assign"
    assert event["actor"]["id"] == "dispatch"
    assert event["payload"]["person"] == wang
    assert admin.get("/api/v1/workplaces/bench-01").json()["load"] == 1


def test_what_nobody_can_take_waits_with_reasons_until_somebody_can(
    admin: httpx.Client, roster: Roster, take_in: TakeIn
) -> None:
    roster.bench("bench-01", capacity=1)
    first = take_in()
    assert first["state"] == "new"
    (queued,) = admin.get("/api/v1/dispatch/queue").json()
    assert queued["ticket"] == first["id"]
    assert queued["others"][0]["because"] == "nobody works there now, and no shift is planned"
    wang = roster.person("王芳", board_repair=2)
    roster.shift("bench-01", wang, begins_in_h=2, lasts_h=1)
    roster.certify(wang, "board_repair", 3)
    (queued,) = admin.get("/api/v1/dispatch/queue", params={"store": "north", "group": "board"}).json()
    assert queued["next_chance_at"] is not None
    roster.shift("bench-01", wang, lasts_h=2)
    assert admin.get("/api/v1/dispatch/queue").json() == [], "the shift's start let it be tried again"
    second = take_in()
    (queued,) = admin.get("/api/v1/dispatch/queue").json()
    assert queued["ticket"] == second["id"]
    assert queued["others"][0]["because"] == "it is full: 1 of 1 tickets"
    admin.post(f"/api/v1/tickets/{first['id']}/actions", json={"action": "cancel"}).raise_for_status()
    assert admin.get(f"/api/v1/tickets/{second['id']}").json()["bench"] == "bench-01", "freed capacity is used at once"
    kinds = [one["kind"] for one in admin.get(f"/api/v1/tickets/{second['id']}/timeline").json()["items"]]
    assert kinds == ["ticket.assign", "ticket.not_dispatched", "ticket.created"]


def test_a_complex_ticket_is_reviewed_and_goes_to_senior_staff(
    admin: httpx.Client, roster: Roster, take_in: TakeIn
) -> None:
    roster.bench("bench-01")
    roster.bench("bench-02")
    roster.shift("bench-01", roster.person("小王", board_repair=3))
    senior = roster.person("老张", "senior_technician", board_repair=4)
    roster.shift("bench-02", senior)
    ticket = take_in(fault="liquid_damage")
    found = admin.get(f"/api/v1/tickets/{ticket['id']}").json()
    assert found["state"] == "in_review"
    assert shown(admin, ticket["id"])["because"] == "a complex case: somebody senior has to review it first"
    path = f"/api/v1/tickets/{ticket['id']}/actions"
    body = {"action": "reviewed", "details": {"advice": "先清洗主板"}}
    assert admin.post(path, json=body).raise_for_status().json()["bench"] == "bench-02"
    dispatch = shown(admin, ticket["id"])
    assert dispatch["person"] == senior
    assert dispatch["others"][0]["because"] == "小王 has board_repair at level 3, the ticket takes 4"


def test_the_rules_and_the_intake_have_the_faults_of_the_taxonomy(admin: httpx.Client) -> None:
    """D1, T4: a fault that a rule is about can be told at the intake, and a misspelt one is named."""
    known = {one.code for group in taxonomy.delivered().groups for one in group.faults}
    assert {one for rule in documents.delivered().rules for one in rule.faults or ()} <= known
    answer = admin.post("/api/v1/tickets", json={**OF_NO_STORE, "fault": "burnt"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "fault-unknown")
    assert answer.json()["errors"][0]["pointer"] == "#/fault"
    ticket = admin.post("/api/v1/tickets", json={**OF_NO_STORE, "fault": "burnt_part"}).raise_for_status().json()["id"]
    path = f"/api/v1/tickets/{ticket}"
    assert admin.get(path).json()["state"] == "in_review", "a complex case"
    assert admin.patch(f"{path}/intake", json={"fault": "liquid"}).status_code == 422


def test_a_person_overrides_the_policy_and_is_left_alone(admin: httpx.Client, roster: Roster, take_in: TakeIn) -> None:
    wang, li = roster.person("王芳", board_repair=2), roster.person("李强")
    roster.bench("bench-01")
    roster.bench("bench-02")
    roster.shift("bench-01", wang)
    ticket = take_in()["id"]
    body = {"bench": "bench-02", "person": li}
    admin.put(f"/api/v1/tickets/{ticket}/assignment", json=body).raise_for_status()
    dispatch = shown(admin, ticket)
    assert (dispatch["bench"], dispatch["person"], dispatch["automatic"]) == ("bench-02", li, False)
    assert dispatch["because"] == "assigned by hand"
    unknown = admin.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-02", "person": "U-000099"})
    assert (unknown.status_code, unknown.json()["type"].rpartition(":")[2]) == (422, "unknown-person")
    admin.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "unassign"}).raise_for_status()
    assert shown(admin, ticket)["status"] == "held"
    assert admin.post("/api/v1/dispatch/retry").json()["dispatched"] == []
    assert admin.get(f"/api/v1/tickets/{ticket}/dispatch/proposal").json()["bench"] == "bench-01"
    assert admin.post(f"/api/v1/tickets/{ticket}/dispatch").raise_for_status().json()["bench"] == "bench-01"
    again = admin.post(f"/api/v1/tickets/{ticket}/dispatch")
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "action-not-possible")


def test_a_device_goes_to_another_store_before_its_ticket_does(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, roster: Roster, take_in: TakeIn
) -> None:
    """T4, S5: a bench of another store is taken where a rule reaches it; what the caller cannot see is not there."""
    roster.bench("bench-01", region="east")
    roster.bench("bench-09", store="south", region="east")
    repair = take_in()["id"]
    refused = admin.put(f"/api/v1/tickets/{repair}/assignment", json={"bench": "bench-09"})
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "bench-elsewhere")
    assert "send the device there first" in refused.json()["detail"]
    with hub.client(make_key("supervisor", stores=["north"])) as supervisor:
        hidden = supervisor.put(f"/api/v1/tickets/{repair}/assignment", json={"bench": "bench-09"})
        assert (hidden.status_code, hidden.json()["type"].rpartition(":")[2]) == (404, "bench-not-found")
    inspection = take_in(kind="inspection")["id"]  # its rule reaches the region
    admin.put(f"/api/v1/tickets/{inspection}/assignment", json={"bench": "bench-09"}).raise_for_status()
    assert admin.get(f"/api/v1/tickets/{repair}").json()["bench"] is None


def test_only_people_of_the_store_who_may_do_it_are_named(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, roster: Roster, take_in: TakeIn
) -> None:
    """S5, H1: nothing is told of people who are not seen, nor are they blocked or made responsible where unfit."""
    roster.bench("bench-01")
    mine, theirs = roster.person("王芳", stores=["north"]), roster.person("李强", stores=["south"])
    clerk = roster.person("洪梅", "counter", stores=["north"])
    unfit, everywhere = roster.person("周敏", "counter"), roster.person("孙丽")
    shift = {"bench": "bench-01", "starts_at": "2027-01-01T12:00:00Z", "ends_at": "2027-01-01T18:00:00Z"}
    place = f"/api/v1/tickets/{take_in()['id']}"

    def refusal(answer: httpx.Response) -> tuple[str, str]:
        assert answer.status_code == 422, answer.text
        return answer.json()["type"].rpartition(":")[2], answer.json()["errors"][0]["pointer"]

    with hub.client(make_key("supervisor", stores=["north"])) as supervisor:
        hidden = supervisor.post("/api/v1/shifts", json={**shift, "person": theirs})
        nobody = supervisor.post("/api/v1/shifts", json={**shift, "person": "U-099999"})
        assert refusal(hidden) == refusal(nobody) == ("unknown-person", "#/person")
        supervisor.post("/api/v1/shifts", json={**shift, "person": mine}).raise_for_status()
        for person, slug in ((theirs, "unknown-person"), (unfit, "unknown-person"), (clerk, "person-unfit")):
            answer = supervisor.put(f"{place}/assignment", json={"bench": "bench-01", "person": person})
            assert refusal(answer) == (slug, "#/person")
        for person in (everywhere, mine):
            supervisor.put(f"{place}/assignment", json={"bench": "bench-01", "person": person}).raise_for_status()
        supervisor.post(f"{place}/major-incident", json={"reason": "Smoke"}).raise_for_status()
        answer = supervisor.put(f"{place}/major-incident/team", json={"members": [mine, theirs]})
        assert refusal(answer) == ("unknown-person", "#/members/1")
        supervisor.put(f"{place}/major-incident/team", json={"members": [mine, clerk]}).raise_for_status()
    seen = admin.post("/api/v1/shifts", json={**shift, "person": theirs})
    assert refusal(seen) == ("person-unfit", "#/person")
    assert "do not work for the store north" in seen.json()["detail"]


def test_rules_are_data_in_versions(admin: httpx.Client, roster: Roster, take_in: TakeIn) -> None:
    policy = admin.get("/api/v1/dispatch-policy").raise_for_status().json()
    assert policy["version"] == 0
    document = policy["document"]
    document["automatic"] = []
    put = admin.put("/api/v1/dispatch-policy/versions/1", json={"document": document})
    assert put.status_code == 201, put.text
    roster.bench("bench-01")
    roster.shift("bench-01", roster.person("王芳", board_repair=2))
    assert take_in()["state"] == "new"
    assert admin.get("/api/v1/dispatch-policy").json()["document"]["automatic"] == []
    document["rules"][0]["faults"] = ["liquid_damage", "burned_part"]
    unknown = admin.put("/api/v1/dispatch-policy/versions/2", json={"document": document})
    assert unknown.json()["type"].endswith("rule-fault-unknown") and "burned_part" in unknown.json()["detail"]
    assert [one["pointer"] for one in unknown.json()["errors"]] == ["#/document/rules/0/faults/1"]
    document["rules"] = document["rules"][:-1]
    wrong = admin.put(
        "/api/v1/dispatch-policy/versions/2", json={"document": document}, headers={"Accept-Language": "zh"}
    )
    assert wrong.status_code == 422
    assert "请以一条不限" in wrong.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("start", "end", "slug"),
    [("10:00", "10:00", "shift-too-long"), ("10:00", "09:00", "shift-too-long"), ("12:00", "20:00", "shifts-overlap")],
)
def test_shifts_that_cannot_be(admin: httpx.Client, roster: Roster, start: str, end: str, slug: str) -> None:
    roster.bench("bench-01")
    wang = roster.person("王芳")
    body = {"bench": "bench-01", "person": wang, "starts_at": "2027-01-01T12:00:00Z", "ends_at": "2027-01-01T18:00:00Z"}
    admin.post("/api/v1/shifts", json=body).raise_for_status()
    body |= {"starts_at": f"2027-01-01T{start}:00Z", "ends_at": f"2027-01-01T{end}:00Z"}
    answer = admin.post("/api/v1/shifts", json=body)
    assert answer.json()["type"].rpartition(":")[2] == slug, answer.text


def test_a_removed_shift_and_a_withdrawn_certificate_are_gone(admin: httpx.Client, roster: Roster) -> None:
    roster.bench("bench-01")
    wang = roster.person("王芳", board_repair=2)
    shift = roster.shift("bench-01", wang)
    assert admin.delete(f"/api/v1/shifts/{shift}").status_code == 204
    assert admin.delete(f"/api/v1/shifts/{shift}").status_code == 404
    assert admin.get("/api/v1/shifts").json()["items"] == []
    assert admin.delete(f"/api/v1/certificates/{wang}/board_repair").status_code == 204
    assert admin.get("/api/v1/certificates", params={"person": wang}).json() == []


class TestPriority:
    """T5."""

    def test_a_batch_raises_its_earlier_tickets_too(self, admin: httpx.Client, take_in: TakeIn) -> None:
        """Devices make it, not tickets: one with two tickets counts once, a cancelled one not at all.

        They are of one model however its name was typed.
        """
        spelt = ("SP-100", "sp-100", "ＳＰ-100", "Sp-100", "SP-100", "SP-100")
        serials = ("SN-0", "SN-2", "SN-3", "sn-0", "SN-4", "SN-5")
        devices = [{"model": model, "serial": serial} for model, serial in zip(spelt, serials, strict=True)]
        made = [take_in(fault="no_power", device=one)["id"] for one in devices]
        cancelled = made.pop()
        admin.post(f"/api/v1/tickets/{cancelled}/actions", json={"action": "cancel"}).raise_for_status()
        pinned = take_in(fault="no_power", priority=8)["id"]
        priorities = {one: admin.get(f"/api/v1/tickets/{one}").json()["priority"] for one in [*made, pinned]}
        assert set(priorities.values()) == {3, 8}, "the fifth made it a batch; what a person set stays"
        found = admin.get(f"/api/v1/tickets/{made[0]}", headers={"Accept-Language": "zh"}).json()
        assert found["priority_because"][-1] == "批量问题：同型号同故障 5 台"
        event = next(one for one in found["timeline"] if one["kind"] == "ticket.rejudge")
        assert event["payload"] | {"priority": 3} == event["payload"]
        assert event["payload"]["priority_reasons"][-1] == "batch:5"
        take_in(fault="no_power")
        after = admin.get(f"/api/v1/tickets/{made[0]}").json()["timeline"]
        assert [one["kind"] for one in after].count("ticket.rejudge") == 1, "a growing batch is not told each time"

    def test_a_person_lets_it_be_computed_again(self, admin: httpx.Client, take_in: TakeIn) -> None:
        ticket = take_in(priority=0, urgency="high")["id"]
        answer = admin.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "rejudge"}).raise_for_status().json()
        assert (answer["priority"], answer["priority_reasons"]) == (3, ["urgency:high"])

    def test_an_amended_intake_is_judged_again(self, admin: httpx.Client, take_in: TakeIn) -> None:
        ticket = take_in()["id"]
        body = {"urgency": "critical"}
        assert admin.patch(f"/api/v1/tickets/{ticket}/intake", json=body).raise_for_status().json()["priority"] == 1
