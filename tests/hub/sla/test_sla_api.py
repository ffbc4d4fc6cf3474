"""Service levels over HTTP, on tickets that live through real events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hub_running import RunningHub

from hub.core.database import Database
from hub.events import service as events
from hub.fleet import service as fleet
from hub.identity.actors import bench_actor, command_line_actor
from hub.sla import service
from hub.sla.documents import ClockName
from hub.sla.readings import ClockState
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database

PATH = "/api/v1/sla-policies/standard"
NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "priority": 5,
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}
STANDARD: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "hub" / "sla" / "standard.yaml").read_text(encoding="utf-8")
)
DAY_AND_NIGHT = {
    **STANDARD,
    "clocks": {name: {**rules, "time": "elapsed"} for name, rules in STANDARD["clocks"].items()},
}


def create(client: httpx.Client) -> str:
    ticket: str = client.post("/api/v1/tickets", json=NEW).raise_for_status().json()["id"]
    return ticket


def clocks(client: httpx.Client, ticket: str) -> dict[str, Any]:
    found = client.get(f"/api/v1/tickets/{ticket}/deadlines").raise_for_status().json()
    return {clock["clock"]: clock for clock in found["clocks"]}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_ticket_keeps_the_policy_under_which_it_was_created(admin: httpx.Client) -> None:
    before = create(admin)
    put = admin.put(f"{PATH}/versions/1", json={"document": DAY_AND_NIGHT})
    assert put.status_code == 201
    assert admin.put(f"{PATH}/versions/1", json={"document": DAY_AND_NIGHT}).status_code == 200
    after = create(admin)
    assert admin.get(f"/api/v1/tickets/{before}/deadlines").json()["policy_version"] == 0
    found = admin.get(f"/api/v1/tickets/{after}/deadlines").json()
    assert (found["policy_version"], found["level"]) == (1, "front_line")
    resolution = found["clocks"][2]
    assert (resolution["state"], resolution["allowed"]) == ("running", "40h")
    assert moment(resolution["due"]) == moment(resolution["started_at"]) + timedelta(hours=40)
    assert moment(found["next_at"]) == moment(resolution["started_at"]) + timedelta(hours=2)
    assert found["clocks"][0]["next_marks"] == [{"kind": "reminder", "percent": 50, "level": None}]


def test_what_happens_to_the_ticket_moves_its_clocks(admin: httpx.Client, database: Database) -> None:
    admin.put(f"{PATH}/versions/1", json={"document": DAY_AND_NIGHT}).raise_for_status()
    with database.write() as session:
        fleet.register(session, "bench-01")
    ticket = create(admin)
    admin.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01", "priority": 0}).raise_for_status()
    raised = clocks(admin, ticket)
    assert [raised[name]["allowed"] for name in ("first_response", "resolution")] == ["30min", "8h"]
    admin.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "taken"}).raise_for_status()
    taken = clocks(admin, ticket)
    assert [taken[name]["state"] for name in ("first_response", "answer", "resolution")] == [
        "met",
        "running",
        "running",
    ]


def test_bench_that_worked_offline_is_judged_by_when_it_worked(admin: httpx.Client, database: Database) -> None:
    admin.put(f"{PATH}/versions/1", json={"document": DAY_AND_NIGHT}).raise_for_status()
    number = int(create(admin)[2:])
    with database.write() as session:
        ticket = session.get_one(Ticket, number)
        later = ticket.created_at + timedelta(hours=6)
        first_response = service.ticket_deadlines(session, ticket, later).deadlines[ClockName.FIRST_RESPONSE]
        assert first_response.state is ClockState.BREACHED
        at = ticket.created_at + timedelta(hours=1)
        events.append(session, bench_actor("bench-01", None), "ticket.taken", ticket.record, {}, occurred_at=at)
        first_response = service.ticket_deadlines(session, ticket, later).deadlines[ClockName.FIRST_RESPONSE]
        assert (first_response.state, first_response.ended_at) == (ClockState.MET, at)


def test_cancelled_ticket_has_nothing_due(admin: httpx.Client) -> None:
    ticket = create(admin)
    admin.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "cancel"}).raise_for_status()
    assert {clock["state"] for clock in clocks(admin, ticket).values()} == {"stopped"}
    assert admin.get(f"/api/v1/tickets/{ticket}/deadlines").json()["next_at"] is None


def test_policy_can_be_read_and_planned_ahead(admin: httpx.Client) -> None:
    assert admin.get("/api/v1/sla-policies").json() == ["standard"]
    delivered = admin.get(PATH).raise_for_status().json()
    assert (delivered["version"], delivered["document"]["rules"][0]["first_response"]) == (0, "2h")
    planned = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    admin.put(f"{PATH}/versions/1", json={"document": STANDARD, "valid_from": planned}).raise_for_status()
    assert admin.get(PATH).json()["version"] == 0
    assert admin.get(f"{PATH}/versions/1").json()["document"] == delivered["document"]
    assert [one["version"] for one in admin.get(f"{PATH}/versions").json()["items"]] == [1]


def test_mistakes_and_missing_rights_are_named(admin: httpx.Client, staff: httpx.Client) -> None:
    broken = {**STANDARD, "rules": STANDARD["rules"][:2]}
    refused = admin.put(f"{PATH}/versions/1", json={"document": broken}, headers={"Accept-Language": "zh-CN"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/document"
    assert "请在最后加一条不限 kinds 的规则" in refused.json()["errors"][0]["detail"]
    for when in ("2027-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "2001-01-01T00:00:00Z"):
        assert admin.put(f"{PATH}/versions/1", json={"document": STANDARD, "valid_from": when}).status_code == 422
    assert staff.put(f"{PATH}/versions/1", json={"document": STANDARD}).status_code == 403
    assert staff.get("/api/v1/sla-policies/gold").status_code == 404
    assert staff.get("/api/v1/sla-policies/gold/versions/1").status_code == 404
    assert staff.get("/api/v1/tickets/T-000099/deadlines").status_code == 404


def test_openapi_describes_documents_as_people_write_them(hub: RunningHub) -> None:
    schemas = hub.app.openapi()["components"]["schemas"]
    assert schemas["Rule"]["properties"]["first_response"]["anyOf"][0]["examples"] == ["2h", "1h30min"]
    assert schemas["SpecialDays"]["required"] == ["from", "hours", "reason"]


def test_two_who_change_the_same_version_do_not_overwrite_each_other(database: Database) -> None:
    import threading

    from hub.core.problems import Problem
    from hub.sla.documents import SlaPolicy

    outcomes: list[str] = []

    def put(document: dict[str, Any]) -> None:
        try:
            with database.write() as session:
                service.put(session, command_line_actor(), "gold", 1, SlaPolicy.model_validate(document))
            outcomes.append("put")
        except Problem as problem:
            outcomes.append(problem.kind.slug)

    threads = [threading.Thread(target=put, args=(document,)) for document in (STANDARD, DAY_AND_NIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["put", "version-taken"]
