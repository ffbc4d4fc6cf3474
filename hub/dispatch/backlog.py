"""What waits, per store, group, bench or kind: how much, the oldest, and what is at risk (T5, T7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.bodies import stored
from hub.dispatch.models import DispatchEntry
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.policies import service as policies
from hub.sla import service as sla
from hub.sla.clocks import deadlines
from hub.sla.documents import SlaPolicy
from hub.sla.facts import What
from hub.sla.history import FACT_OF_EVENT, facts
from hub.sla.readings import ClockState, Deadlines, MarkKind
from hub.tickets import queries as ticket_queries
from hub.tickets.kinds import ON_BENCH, State
from hub.tickets.models import Ticket

MOST_TICKETS = 5000
"""How many open tickets are looked at, the most urgent first; what is beyond is counted as ``unread``."""
_CHUNK = 500
_PRIORITY_EVENTS = ("ticket.prioritise", "ticket.rejudge", "ticket.assign", "ticket.move")


class By(StrEnum):
    """What the backlog is counted by."""

    STORE = "store"
    GROUP = "group"
    BENCH = "bench"
    KIND = "kind"


@dataclass(slots=True)
class Line:
    """The open tickets of one store, group, bench or kind."""

    key: str | None
    open: int = 0
    waiting_for_dispatch: int = 0
    on_bench: int = 0
    urgent: int = 0
    at_risk: list[str] = field(default_factory=list)
    breached: list[str] = field(default_factory=list)
    oldest: str | None = None
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """All lines, the fullest first. ``unread`` tickets were too many to be looked at."""

    lines: Sequence[Line]
    unread: int


def backlog(session: Session, actor: Actor, by: By, at: datetime) -> Backlog:
    """Count the open tickets that the actor sees, at a moment."""
    rows = session.execute(
        ticket_queries.open_visible(actor)
        .join(DispatchEntry, DispatchEntry.ticket_id == Ticket.id, isouter=True)
        .add_columns(DispatchEntry)
        .order_by(Ticket.priority, Ticket.id)
        .limit(MOST_TICKETS + 1)
    ).all()
    unread = ticket_queries.count_open(session, actor) - MOST_TICKETS if len(rows) > MOST_TICKETS else 0
    rows = rows[:MOST_TICKETS]
    standing = _standing(session, [row[0] for row in rows], at)
    lines: dict[str | None, Line] = {}
    for ticket, entry in rows:
        keys = {
            By.STORE: ticket.store,
            By.GROUP: entry.skill_group if entry is not None else None,
            By.BENCH: ticket.bench,
            By.KIND: ticket.kind,
        }
        _count(lines.setdefault(keys[by], Line(keys[by])), ticket, standing.get(ticket.public_id))
    return Backlog(sorted(lines.values(), key=lambda line: (-line.open, line.key or "")), unread)


def _count(line: Line, ticket: Ticket, found: Deadlines | None) -> None:
    line.open += 1
    line.waiting_for_dispatch += ticket.state == State.NEW
    line.on_bench += ticket.bench is not None and ticket.state in ON_BENCH
    line.urgent += ticket.priority <= 1
    if line.oldest_at is None or ticket.created_at < line.oldest_at:
        line.oldest, line.oldest_at = ticket.public_id, ticket.created_at
    running = [clock for clock in found.clocks if clock.ended_at is None] if found else []
    if any(clock.state is ClockState.BREACHED for clock in running):
        line.breached.append(ticket.public_id)
    elif any(
        clock.state is ClockState.RUNNING and any(one.mark.kind is MarkKind.REMINDER for one in clock.passed)
        for clock in running
    ):
        line.at_risk.append(ticket.public_id)


def _standing(session: Session, tickets: Sequence[Ticket], at: datetime) -> Mapping[str, Deadlines]:
    """Return how the clocks of some tickets stand, reading the documents once and the events in big pieces."""
    versions = policies.in_order(session, sla.FAMILY, sla.STANDARD)
    documents = {row.version: stored(SlaPolicy, row.document) for row in versions}
    delivered = sla.in_force(session, sla.STANDARD, datetime.min.replace(tzinfo=at.tzinfo))[1]
    calendar = calendars.calendar(session, calendars.STANDARD)
    happened: dict[str, list[Event]] = {}
    for event in _events(session, [ticket.public_id for ticket in tickets]):
        happened.setdefault(event.record_id, []).append(event)
    found: dict[str, Deadlines] = {}
    for ticket in tickets:
        history = list(facts(happened.get(ticket.public_id, ())))
        if any(fact.what is What.CREATED for fact in history):
            row = policies.in_force(versions, ticket.created_at)
            policy = documents[row.version] if row is not None else delivered
            found[ticket.public_id] = deadlines(ticket.kind, history, policy, calendar, at)
    return found


def _events(session: Session, tickets: Sequence[str]) -> Iterator[Event]:
    kinds = (*FACT_OF_EVENT, *_PRIORITY_EVENTS)
    for first in range(0, len(tickets), _CHUNK):
        statement = select(Event).where(
            Event.record_type == "ticket", Event.record_id.in_(tickets[first : first + _CHUNK]), Event.kind.in_(kinds)
        )
        yield from session.scalars(statement.order_by(Event.id))
