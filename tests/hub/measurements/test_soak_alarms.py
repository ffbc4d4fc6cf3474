"""D7: an alarm of stability monitoring is an event of its ticket, once, and staff are told of it."""

import pytest
from hub_bench import FakeBench, started
from sqlalchemy import select

from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import queries as event_queries
from hub.events.models import Event
from hub.fleet import service as fleet
from hub.identity.actors import command_line_actor
from hub.measurements.ingest import alarms, storing
from hub.measurements.ingest.reading import Batch
from hub.notifications import planning
from hub.notifications.channels import Channels
from hub.notifications.models import Notification
from hub.sla.documents import Level
from hub.tickets import reception
from hub.tickets import service as tickets
from hub.tickets.models import Ticket
from hub.tickets.schemas import Assignment, NewTicket
from protocols.messages import records as r

CHANNELS = Channels(staff={Level.FRONT_LINE: ["json://127.0.0.1:1/front"]})
WORDS = "plug-power has drifted by 1.2 W in 3 h 5 min · plug-power 在 3 小时 5 分 内漂移 1.2 W"


def alarm(number: int = 1) -> r.StepFinished:
    title = {"en": "Alarm: plug-power", "zh-CN": "报警：plug-power"}
    return r.StepFinished(
        "run-1", r.SOAK_ALARM, r.SOAK_GROUP, number, r.Outcome.FAILED, 0.0, (), title, WORDS, elapsed_s=11_100.0
    )


@pytest.fixture
def ticket(database: Database) -> str:
    contact = {"name": "李雷", "phone": "+86 138 0000 0000"}
    wanted = NewTicket.model_validate(
        {"device": {"model": "SP-100", "serial": "SN-1"}, "symptom": "dark", "contact": contact}
    )
    with database.write() as session:
        fleet.register(session, "bench-01")
        ticket = reception.create(session, command_line_actor(), wanted).public_id
        tickets.assign(session, command_line_actor(), ticket, Assignment(bench="bench-01"))
    return ticket


def store(database: Database, bench: FakeBench, *records: r.Record) -> None:
    with database.write() as session:
        storing.store_batches(session, [Batch(bench.name, bench.epoch, records)], storing.Patience())


def raised(database: Database) -> list[Event]:
    with database.read() as session:
        return list(session.scalars(select(Event).where(Event.kind == alarms.RAISED).order_by(Event.id)))


def test_an_alarm_stands_in_the_timeline_and_staff_are_told_once(
    database: Database, settings: Settings, ticket: str
) -> None:
    bench = FakeBench("bench-01", 0)
    told = bench.record(alarm()), bench.record(alarm(2))
    begun = bench.record(started(run="run-1", ticket=ticket))
    with database.write() as session:
        planning.plan(session, settings, CHANNELS)  # events of before are nobody's business
    store(database, bench, begun, told[0])
    store(database, bench, told[0])  # the receipt was lost: the bench sends it again
    store(database, bench, told[0], told[1])
    with database.read() as session:
        timeline = event_queries.timeline(session, ("ticket", ticket), None, 10)
    assert [(event.kind, event.occurred_at) for event in timeline[:2]] == [
        (alarms.RAISED, told[1].at),
        (alarms.RAISED, told[0].at),
    ]
    assert timeline[0].payload["reason"] == WORDS
    with database.write() as session:
        planning.plan(session, settings, CHANNELS)
    with database.read() as session:
        messages = session.scalars(select(Notification).where(Notification.template == "staff_soak")).all()
    assert [(one.audience, one.channel, one.state) for one in messages] == [("staff", "front_line", "waiting")] * 2
    assert messages[0].subject == f"监测报警：SP-100（{ticket}）"
    assert WORDS in (messages[0].body or "")


def test_an_alarm_waits_for_the_start_that_names_its_ticket(database: Database, ticket: str) -> None:
    bench = FakeBench("bench-01", 0)
    begun, told = bench.record(started(run="run-1", ticket=ticket)), bench.record(alarm())
    store(database, bench, told)
    assert raised(database) == []
    store(database, bench, begun)
    store(database, bench, told)
    assert [(event.record_type, event.record_id) for event in raised(database)] == [("ticket", ticket)]


def test_an_alarm_of_no_ticket_or_of_another_benchs_is_the_benchs(database: Database, ticket: str) -> None:
    with database.write() as session:
        session.scalars(select(Ticket)).one().bench = None
    for name, of in (("bench-02", None), ("bench-03", ticket), ("bench-04", "T-999999")):
        bench = FakeBench(name, 0)
        store(database, bench, bench.record(started(run="run-1", ticket=of)), bench.record(alarm()))
    assert [(event.record_type, event.record_id) for event in raised(database)] == [
        ("bench", "bench-02"),
        ("bench", "bench-03"),
        ("bench", "bench-04"),
    ]
