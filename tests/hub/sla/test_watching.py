"""T7, T8: what clocks do by themselves — each once, whoever is killed when."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from forked import start_hub
from hub_running import MakeKey, RunningHub, environment_of
from sqlalchemy import select, update

from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import service as events
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.identity import users
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.jobs.job import JobRun
from hub.sla import documents, queries, service, watching
from hub.sla.models import SlaWatch
from hub.tickets.models import Ticket

NEW: dict[str, Any] = {
    "kind": "repair",
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "urgency": "normal",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}
STANDARD: dict[str, Any] = yaml.safe_load(Path(documents.__file__).with_name("standard.yaml").read_text("utf-8"))
DAY_AND_NIGHT = {
    **STANDARD,
    "clocks": {name: {**rules, "time": "elapsed"} for name, rules in STANDARD["clocks"].items()},
}
Tick = Callable[[timedelta], None]


@pytest.fixture(autouse=True)
def _day_and_night(database: Database) -> None:
    with database.write() as session:
        policy = documents.SlaPolicy.model_validate(DAY_AND_NIGHT)
        service.put(session, command_line_actor(), "standard", 1, policy)


@pytest.fixture
def tick(database: Database) -> Tick:
    """Look at every ticket as if so much time had passed since now."""

    def at(later: timedelta) -> None:
        with database.write() as session:
            watching.note_touched(session, now())
        with database.read() as session:
            due = queries.due_tickets(session, now() + later, 100)
        for number in due:
            with database.write() as session:
                watching.look_at_ticket(session, number, now() + later)

    return at


def create(client: httpx.Client, **changes: Any) -> str:
    ticket: str = client.post("/api/v1/tickets", json=NEW | changes).raise_for_status().json()["id"]
    return ticket


def act(client: httpx.Client, ticket: str, action: str, **details: Any) -> None:
    body = {"action": action, "details": details}
    client.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()


def told(database: Database, ticket: str = "T-000001") -> list[tuple[str, str | None, int | None]]:
    with database.read() as session:
        found = session.scalars(select(Event).where(Event.record_id == ticket).order_by(Event.id))
        return [
            (event.kind, event.payload.get("clock"), event.payload.get("percent"))
            for event in found
            if event.kind.startswith(("sla.", "escalation."))
        ]


def next_look(database: Database) -> datetime | None:
    with database.read() as session:
        return session.get_one(SlaWatch, 1).next_at


def test_marks_are_told_once_in_their_order_and_the_index_names_the_next(
    staff: httpx.Client, database: Database, tick: Tick
) -> None:
    create(staff)  # normal urgency: first response within 4 h, answer 24 h, resolution 40 h
    tick(timedelta(hours=1))
    assert told(database) == []
    with database.read() as session:
        created = session.get_one(Ticket, 1).created_at
    due = next_look(database)
    assert due is not None and abs(due - created - timedelta(hours=2)) < timedelta(seconds=1)
    for hours in (2.1, 2.1, 4.1, 8.1, 8.1):
        tick(timedelta(hours=hours))
    assert told(database) == [
        ("sla.reminder", "first_response", 50),
        ("sla.reminder", "first_response", 80),
        ("sla.breach", "first_response", 100),
        ("escalation.raised", "first_response", 100),
        ("escalation.raised", "first_response", 200),
    ]


def test_a_priority_that_rises_moves_the_clocks(staff: httpx.Client, database: Database, tick: Tick) -> None:
    ticket = create(staff)
    act(staff, ticket, "prioritise", priority=0, reason="VIP")
    tick(timedelta(minutes=20))
    assert told(database) == [("sla.reminder", "first_response", 50)]


def test_the_customer_is_told_why_as_soon_as_a_part_moves_the_date(
    staff: httpx.Client, admin: httpx.Client, database: Database, tick: Tick
) -> None:
    database_bench(database)
    ticket = create(staff)
    staff.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
    act(admin, ticket, "taken")
    act(admin, ticket, "wait", waiting_for="customer")
    tick(timedelta())
    act(admin, ticket, "resume")
    until = (now() + timedelta(days=3)).isoformat()
    for _ in range(2):
        act(admin, ticket, "wait", waiting_for="part", until=until)
        tick(timedelta())
        tick(timedelta())
        act(admin, ticket, "resume")
    slips = [one for one in told(database) if one[0] == "sla.date_slipped"]
    assert len(slips) == 2, "once for each wait that is not the customer's"
    tick(timedelta(hours=33))
    with database.read() as session:
        warning = session.scalars(select(Event).where(Event.kind == "sla.customer_warning")).one()
        slip = session.scalars(select(Event).where(Event.kind == "sla.date_slipped")).first()
    assert (warning.payload["cause"], warning.payload["active"]) == ("part", True)
    assert slip is not None and slip.payload["cause"] == "part"
    assert datetime.fromisoformat(slip.payload["due"]) == datetime.fromisoformat(until)


def database_bench(database: Database) -> None:
    from hub.fleet import service as fleet

    with database.write() as session:
        fleet.register(session, "bench-01")


def responsible(database: Database) -> None:
    """Let there be the user U-000001."""
    with database.write() as session:
        users.create(
            session,
            command_line_actor(),
            login="han.meimei",
            name="韩梅梅",
            role=Role.COUNTER,
            stores=None,
            password_hash="x",
            must_change_password=False,
        )


def test_feedback_after_an_answer_is_answered_within_a_day(staff: httpx.Client, database: Database, tick: Tick) -> None:
    ticket = create(staff, kind="complaint", channel="phone", waited_s=5)
    responsible(database)
    act(staff, ticket, "classify", complaint_class="logistics")
    act(staff, ticket, "name_owner", owner="U-000001")
    act(staff, ticket, "taken")
    act(staff, ticket, "finding", text="The driver left it in the rain")
    act(staff, ticket, "conclude", cause="carrier", because="the box was wet")
    act(staff, ticket, "propose_remedy", remedy="redelivery", offer="We send another one")
    tick(timedelta(hours=25))
    assert ("sla.breach", "answer", 100) not in told(database)
    act(staff, ticket, "dispute", reason="That does not help")
    tick(timedelta(hours=25))
    assert ("sla.breach", "answer", 100) in told(database)


def test_a_closed_ticket_is_left_alone(staff: httpx.Client, database: Database, tick: Tick) -> None:
    ticket = create(staff)
    tick(timedelta())
    act(staff, ticket, "cancel")
    tick(timedelta(days=9))
    assert told(database) == [] and next_look(database) is None


def test_changed_rules_let_every_ticket_be_looked_at(staff: httpx.Client, database: Database, tick: Tick) -> None:
    create(staff)
    tick(timedelta())
    before = next_look(database)
    with database.write() as session:
        policy = documents.SlaPolicy.model_validate(STANDARD)
        service.put(session, command_line_actor(), "standard", 2, policy)
        watching.note_touched(session, now())
    after = next_look(database)
    assert before is not None and after is not None and after < before


class TestEscalations:
    def test_a_clock_escalates_and_people_answer(
        self, hub: RunningHub, staff: httpx.Client, make_key: MakeKey, database: Database, tick: Tick
    ) -> None:
        ticket = create(staff)
        tick(timedelta(hours=9))
        listed = staff.get("/api/v1/escalations", params={"state": "open"}).raise_for_status().json()["items"]
        assert [(one["level"], one["clock"], one["cause"]) for one in listed] == [
            ("management", "first_response", "clock"),
            ("expert", "first_response", "clock"),
        ]
        detail = staff.get("/api/v1/escalations/E-000001").json()
        assert (detail["symptom"], detail["ticket"]) == ("No power", ticket)
        assert detail["history"][-1]["kind"] == "ticket.created"
        path = "/api/v1/escalations/E-000001"
        assert staff.post(f"{path}/answer", json={"answer": "x"}).status_code == 403
        with hub.client(make_key("senior_technician")) as expert:
            assert expert.post(f"{path}/acknowledgement").json()["state"] == "acknowledged"
            assert expert.post(f"{path}/acknowledgement").status_code == 409
            assert expert.post(f"{path}/answer", json={"answer": "Change C3"}).json()["state"] == "answered"
            upper = "/api/v1/escalations/E-000002/answer"
            assert expert.post(upper, json={"answer": "x"}).status_code == 403, "it is management's"
        with hub.client(make_key("manager")) as manager:
            assert manager.post(upper, json={"answer": "I call"}).json()["state"] == "answered"
        timeline = staff.get(f"/api/v1/tickets/{ticket}").json()["timeline"]
        assert timeline[0]["payload"]["answer"] == "I call"

    def test_anybody_at_the_desk_escalates_by_hand(self, staff: httpx.Client, admin: httpx.Client) -> None:
        ticket = create(staff)
        body = {"level": "management", "reason": "The customer is a journalist"}
        made = staff.post(f"/api/v1/tickets/{ticket}/escalations", json=body).raise_for_status().json()
        assert (made["cause"], made["clock"], made["state"]) == ("hand", None, "open")
        assert admin.get(f"/api/v1/escalations/{made['id']}").json()["history"][0]["payload"]["reason"]
        assert admin.get("/api/v1/escalations/E-000099").status_code == 404
        assert staff.post("/api/v1/tickets/T-000099/escalations", json=body).status_code == 404


class TestMajorIncidents:
    def test_from_the_declaration_to_the_review(
        self, staff: httpx.Client, admin: httpx.Client, database: Database, tick: Tick, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The hub's clock goes on with the story."""
        passed = timedelta()
        monkeypatch.setattr(events, "now", lambda: now() + passed)
        ticket = create(staff)
        path = f"/api/v1/tickets/{ticket}/major-incident"
        assert admin.get(path).status_code == 404
        assert admin.post(path, json={"reason": "Smoke"}).status_code == 201
        assert admin.post(path, json={"reason": "Smoke"}).status_code == 409
        assert admin.post(f"{path}/end", json={"review": "x"}).status_code == 409, "not without a team"
        passed = timedelta(minutes=29)
        tick(passed)
        assert [one for one in told(database) if one[1] == "team"] == [("sla.reminder", "team", 50)]
        passed = timedelta(minutes=31)
        tick(passed)
        assert [one for one in told(database) if one[1] == "team"][1:] == [
            ("sla.breach", "team", 100),
            ("escalation.raised", "team", 100),
        ]
        responsible(database)
        admin.put(f"{path}/team", json={"members": ["U-000001"]}).raise_for_status()
        assert told(database).count(("sla.reminder", "update", 50)) == 1, "half an hour without a report"
        for number in (1, 2, 3):
            assert admin.post(f"{path}/updates", json={"report": "Batch found"}).json()["updates"] == number
            passed += timedelta(minutes=55)
            tick(passed)
            tick(passed)
            assert told(database).count(("sla.reminder", "update", 50)) == 1 + number, "each report has its reminder"
        assert ("sla.breach", "update", 100) not in told(database)
        passed += timedelta(minutes=10)
        tick(passed)
        assert told(database)[-2:] == [("sla.breach", "update", 100), ("escalation.raised", "update", 100)]
        ended = admin.post(f"{path}/end", json={"review": "Cause: C3"}).raise_for_status().json()
        assert (ended["state"], ended["updates"]) == ("ended", 3)
        before = len(told(database))
        passed += timedelta(minutes=5)
        tick(passed)
        assert [one for one in told(database)[before:] if one[1] == "update"] == []
        assert admin.get("/api/v1/major-incidents", params={"open_only": True}).json()["items"] == []
        assert admin.post(path, json={"reason": "Again"}).status_code == 201


KILLED = """
import os, random, signal, sys, threading, time
from datetime import timedelta
from hub.core import clock
real, begun = clock.now, time.monotonic()
late = timedelta(hours={hours})
import hub.sla.watching as watching
watching.now = lambda: real() + late
import hub.jobs.scheduler as scheduler
scheduler.now = lambda: real() + late
scheduler.TICK_S = 0.01
from hub.jobs import lease
lease.PATIENCE_S, lease.BEAT_S = 0.5, 0.1
from sqlalchemy import Engine, event
pick = random.Random({seed})
@event.listens_for(Engine, "commit")
def committing(connection):
    if pick.random() < 0.15:
        os.kill(os.getpid(), signal.SIGKILL)"""


@pytest.mark.any_database
def test_killed_jobs_tell_everything_exactly_once(staff: httpx.Client, database: Database, settings: Settings) -> None:
    """Real processes that kill themselves at random commits, again and again, until all is told."""
    tickets = [create(staff, device={"model": "SP-100", "serial": f"SN-{n}"}) for n in range(2)]
    _kill_until_told(settings, database, lambda: len(_all_told(database)) >= 5 * len(tickets), hours=9, rounds=60)
    for ticket in tickets:
        counts = Counter(told(database, ticket))
        assert set(counts.values()) == {1} and len(counts) == 5, (ticket, counts)
    with database.read() as session:
        assert verify_chain(session).broken_at is None


@pytest.mark.campaign
def test_many_killed_jobs_tell_everything_exactly_once(
    staff: httpx.Client, database: Database, settings: Settings
) -> None:
    tickets = [create(staff, device={"model": "SP-100", "serial": f"SN-{n}"}) for n in range(200)]
    _kill_until_told(settings, database, lambda: len(_all_told(database)) >= 5 * len(tickets), hours=9, rounds=3000)
    assert set(Counter(_all_told(database)).values()) == {1}


def _all_told(database: Database) -> list[tuple[str, str, str | None, int | None]]:
    with database.read() as session:
        found = session.scalars(
            select(Event).where(Event.kind.startswith("sla.") | (Event.kind == "escalation.raised"))
        )
        return [(one.record_id, one.kind, one.payload.get("clock"), one.payload.get("percent")) for one in found]


def _kill_until_told(
    settings: Settings, database: Database, done: Callable[[], bool], *, hours: float, rounds: int
) -> None:
    pick = random.Random(7)
    killed = 0
    for _ in range(rounds):
        program = KILLED.format(hours=hours, seed=pick.randrange(10**6))
        process = start_hub("jobs", "run", environment=environment_of(settings), program=program)
        deadline = time.monotonic() + 15
        while process.is_alive() and time.monotonic() < deadline and not done():
            time.sleep(0.05)
        process.kill()
        process.join()
        killed += 1
        if done():
            break
    assert done() and killed > 1


def test_the_job_looks_at_what_is_due(staff: httpx.Client, database: Database, settings: Settings) -> None:
    create(staff)
    work = JobRun(database, settings)
    with work.transaction() as session:
        watching.note_touched(session, now())
    with database.write() as session:
        session.execute(update(SlaWatch).values(next_at=now() - timedelta(seconds=1)))
    assert watching.look(JobRun(database, settings)) == "0 told about 1 tickets"
    assert watching.look(JobRun(database, settings)) == "0 told about 0 tickets"
