"""What is done when a clock passes a mark: reminders, warnings to the customer, escalations (T7, T8).

A follower of the events puts every touched ticket down to be looked at; a job looks at those that are due. Looking
computes the clocks from the ticket's events and compares the marks that were passed with the events that tell of them;
what is missing is appended. Both stand in one transaction that holds the ticket's row of ``sla_watch``, so each mark
is told exactly once, whoever is killed when.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.calendars.service import FAMILY as CALENDARS
from hub.core.clock import now, rfc3339
from hub.escalations import service as escalations
from hub.events import service as events
from hub.events.following import follow
from hub.events.models import Event
from hub.jobs.job import ACTOR, JobRun
from hub.sla import queries
from hub.sla.documents import ClockName, WaitingFor
from hub.sla.facts import FactsError
from hub.sla.history import FACT_OF_EVENT
from hub.sla.readings import ClockReading, Mark, MarkKind
from hub.sla.service import FAMILY, ticket_deadlines
from hub.tickets.models import Ticket

log = logging.getLogger(__name__)

FOLLOWER = "service levels"
BATCH = 100
_KINDS = {
    MarkKind.REMINDER: "sla.reminder",
    MarkKind.CUSTOMER_WARNING: "sla.customer_warning",
    MarkKind.BREACH: "sla.breach",
    MarkKind.ESCALATION: "escalation.raised",
}
SLIPPED = "sla.date_slipped"
_Key = tuple[str, str, int]


def note_touched(session: Session, _at: datetime) -> int:
    """Put tickets down to be looked at whose clocks new events may have moved; all, when the rules have changed."""
    touched: set[str] = set()
    for event in follow(session, FOLLOWER):
        if event.record_type == "ticket" and (event.kind in FACT_OF_EVENT or "priority" in event.payload):
            touched.add(event.record_id)
        elif event.record_type == "policy" and event.record_id.partition("/")[0] in {FAMILY, CALENDARS}:
            queries.look_at_all(session, now())
    queries.look_at(session, touched, now())
    return len(touched)


def look(work: JobRun) -> str | None:
    """Look at every ticket that is due, each in a transaction of its own."""
    with work.database.read() as session:
        due = queries.due_tickets(session, work.at, BATCH)
    told = 0
    for number in due:
        if work.stopping.is_set():
            break
        with work.transaction() as session:
            told += look_at_ticket(session, number, now())
    return f"{told} told about {len(due)} tickets"


def look_at_ticket(session: Session, number: int, at: datetime) -> int:
    """Tell of what a ticket's clocks have passed and nobody has told yet; return of how much."""
    watch = queries.watch(session, number)
    ticket = session.get(Ticket, number)
    if watch is None or ticket is None:
        return 0
    try:
        found = ticket_deadlines(session, ticket, at).deadlines
    except FactsError as error:  # its history cannot be counted; a later event brings it here again
        log.error("the clocks of %s cannot be read: %s", ticket.public_id, error)
        watch.next_at = None
        return 0
    happened = queries.events_of(session, ticket.record)
    told = 0
    for reading in found.clocks:
        told += _tell_marks(session, ticket, reading, happened)
        told += _tell_slip(session, ticket, reading, happened)
    watch.next_at = found.next_at
    return told


def _tell_marks(session: Session, ticket: Ticket, reading: ClockReading, happened: Iterable[Event]) -> int:
    """Append an event for each passed mark that has none: the n-th time that a mark is passed belongs to its n-th
    event, so that a mark which moves because a bench delivers late is not told again.
    """
    told = Counter(_key_of(event) for event in happened if event.payload.get("clock") == reading.clock)
    passed: Counter[_Key] = Counter()
    count = 0
    for one in reading.passed:
        key = _key(one.mark)
        passed[key] += 1
        if passed[key] > told[key]:
            _append(session, ticket, reading, one.mark, one.at)
            count += 1
    return count


def _append(session: Session, ticket: Ticket, reading: ClockReading, mark: Mark, at: datetime) -> None:
    facts: dict[str, Any] = {
        "clock": reading.clock.value,
        "percent": mark.percent,
        "due": rfc3339(reading.due) if reading.due else None,
        "active": reading.ended_at is None,
        "cause": _cause(reading),
    }
    if mark.level is not None:
        escalations.raise_by_clock(session, ACTOR, ticket, mark.level, facts, occurred_at=at)
    else:
        events.append(session, ACTOR, _KINDS[mark.kind], ticket.record, facts, occurred_at=at)


def _tell_slip(session: Session, ticket: Ticket, reading: ClockReading, happened: Sequence[Event]) -> int:
    """Tell the customer as soon as a wait for a part or a third party moves the date (T7): once for each wait."""
    if reading.clock is not ClockName.RESOLUTION or not reading.pauses or reading.ended_at is not None:
        return 0
    pause, number = reading.pauses[-1], len(reading.pauses)
    told = {event.payload.get("pause") for event in happened if event.kind == SLIPPED}
    if pause.end is not None or pause.waiting_for is WaitingFor.CUSTOMER or number in told:
        return 0
    waits = [event for event in happened if event.kind == "ticket.wait"]
    facts = {
        "clock": reading.clock.value,
        "pause": number,
        "cause": pause.waiting_for.value,
        "due": waits[-1].payload.get("until") if waits else None,
    }
    events.append(session, ACTOR, SLIPPED, ticket.record, facts)
    return 1


def _cause(reading: ClockReading) -> str:
    """Return why it is late, as the customer is told: the wait that lasts, or the last one, or the work itself."""
    waits = [one for one in reading.pauses if one.waiting_for is not WaitingFor.CUSTOMER]
    return waits[-1].waiting_for.value if waits else "workload"


def _key(mark: Mark) -> _Key:
    return (_KINDS[mark.kind], mark.level.value if mark.level else "", mark.percent)


def _key_of(event: Event) -> _Key:
    return (event.kind, event.payload.get("level") or "", event.payload.get("percent") or 0)
