"""``benchwright hub seed``: a year that could have been, the same again from the same number."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from hub_running import RunningHub, environment_of
from seeded import END
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from benchwright.commands.hub import app
from benchwright.errors import UsageError
from hub.core.database import Database
from hub.core.settings import Settings
from hub.customers.models import ContactPoint
from hub.dispatch import documents
from hub.dispatch.models import Certificate, Shift, Workplace
from hub.events.following import behind
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.identity.models import User
from hub.knowledge.models import Article, Edition, EditionText, Use
from hub.seed.filling import FOLLOWERS, fill
from hub.seed.scene import Size, words
from hub.sla.models import SlaWatch
from hub.stores.models import Store
from hub.tickets.kinds import OPEN, Kind, State
from hub.tickets.models import Ticket

SMALL = Size(stores=2, staff=10, devices=90, tickets=60)


def made(database: Database, seed: int) -> list[Any]:
    with database.write() as session:
        fill(session, size=SMALL, seed=seed, end=END, password_hash="x")
        tickets = session.execute(select(Ticket.__table__).order_by(Ticket.id)).all()  # type: ignore[attr-defined]
        salted = {"previous_hash", "hash", "payload"}
        columns = [column for column in Event.__table__.c if column.name not in salted]  # type: ignore[attr-defined]
        events = session.execute(select(*columns).order_by(Event.id)).all()
        session.rollback()
    with database.write() as session:
        if session.get_bind().dialect.name == "postgresql":  # whose sequences do not go back with the transaction
            for (sequence,) in session.execute(text("SELECT sequencename FROM pg_sequences")).all():
                session.execute(text(f"SELECT setval('\"{sequence}\"', 1, false)"))
    return [*tickets, *events]


@pytest.mark.any_database
def test_the_same_number_gives_the_same_chain(database: Database) -> None:
    first = made(database, 7)
    assert first == made(database, 7)
    assert first != made(database, 8)


def test_it_is_a_year_of_work(database: Database) -> None:
    with database.write() as session:
        counts = fill(session, size=SMALL, seed=1, end=END, password_hash="x")
    assert (counts["store"], counts["user_account"], counts["device"], counts["ticket"]) == (2, 10, 90, 60)
    with database.read() as session:
        report = verify_chain(session)
        assert (report.broken_at, report.events) == (None, counts["event"])
        times = session.scalars(select(Event.recorded_at).order_by(Event.id)).all()
        assert list(times) == sorted(times), "the events of all tickets stand in the order in which they happened"
        assert times[-1] <= END and (times[-1] - times[0]).days > 300
        tickets = session.scalars(select(Ticket)).all()
        assert {ticket.kind for ticket in tickets} == set(Kind)
        states = Counter(State(ticket.state) in OPEN for ticket in tickets)
        assert states[False] >= 40
        closed = [one for one in tickets if one.kind == Kind.REPAIR and one.state == State.CLOSED]
        proofs = session.scalars(select(Event.payload).where(Event.kind == "ticket.close")).all()
        assert sum("evidence" in one for one in proofs) >= len(closed) * 0.7, "the others went back unrepaired"
        assert not any(behind(session, name) for name in FOLLOWERS), "nobody is told of what is made up"
        is_open = {one.id for one in tickets if one.closed_at is None and one.state != State.DRAFT}
        assert set(session.scalars(select(SlaWatch.ticket_id))) == is_open, "no clock of a closed ticket is looked at"
        keys = session.scalars(select(ContactPoint.key).where(ContactPoint.kind == "phone")).all()
        assert all(key.startswith("100") for key in keys), "no mobile network has these numbers"
        _knows_its_faults(session)


def _knows_its_faults(session: Session) -> None:
    """K1-K3: in both languages, some of it in review, about each fault and what a bench measures of it, and used."""
    editions = session.scalars(select(Edition)).all()
    states = Counter(one.state for one in editions)
    assert states["published"] >= 15 and states["in_review"] >= 2
    texts = session.execute(select(EditionText.edition_id, EditionText.language)).all()
    assert {tuple(one) for one in texts} == {(one.id, tongue) for one in editions for tongue in ("zh-CN", "en")}
    faults = [fault for model in words()["models"] for fault in model["faults"]]
    assert {name for one in editions for name in one.measurements} == {fault["measures"][0] for fault in faults}
    about = set(session.scalars(select(Article.fault).where(Article.fault.is_not(None))))
    assert about == {fault["fault"] for fault in faults}
    assert set(session.scalars(select(Use.helpful))) == {None, True, False}


def test_every_store_has_who_its_tickets_need(database: Database) -> None:
    """A supervisor, and for each rule of the delivered dispatch policy somebody certified at a place of its group."""
    with database.write() as session:
        fill(session, size=Size(devices=5, tickets=1), seed=1, end=END, password_hash="x")
        supervisors = session.scalars(select(User.stores).where(User.role == "supervisor")).all()
        stores = set(session.scalars(select(Store.code)))
        assert {store for one in supervisors for store in one or ()} == stores
        certified = {(one.person, one.skill) for one in session.scalars(select(Certificate))}
        places = {one.bench: one for one in session.scalars(select(Workplace))}
        can = {
            (places[shift.bench].store, places[shift.bench].skill_group, skill)
            for shift in session.scalars(select(Shift))
            for person, skill in certified
            if person == shift.person
        }
        rules = documents.delivered().rules
        assert {(store, rule.group, rule.skill) for store in stores for rule in rules} <= can


def test_the_command_fills_an_empty_database_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    sizes = ["--stores", "1", "--staff", "3", "--devices", "5", "--tickets", "3", "--until", "2026-11-29"]
    told = json.loads(CliRunner().invoke(app, ["seed", "--json", *sizes], catch_exceptions=False).stdout)
    assert told["rows"]["ticket"] == 3
    again = CliRunner().invoke(app, ["seed", *sizes])
    assert isinstance(again.exception, UsageError) and "empty database" in str(again.exception)
    with RunningHub(settings, ingest_workers=0) as hub, hub.client() as stranger:
        answer = stranger.post("/api/v1/sessions", json={"login": "counter-01", "password": told["password"]})
        _can_work(hub, answer)


def _can_work(hub: RunningHub, login: httpx.Response) -> None:
    assert login.status_code == 201, login.text
    with hub.client(login.json()["token"]) as counter:
        assert len(counter.get("/api/v1/tickets").raise_for_status().json()["items"]) == 3
