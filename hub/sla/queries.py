"""All SQL about service levels."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.events.models import Event
from hub.sla.models import SlaWatch
from hub.tickets.models import PREFIX as TICKET_PREFIX
from hub.tickets.models import Ticket


def events_of(session: Session, record: tuple[str, str]) -> Sequence[Event]:
    """Return all events of a record, the oldest first."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1])
    return session.scalars(statement.order_by(Event.id)).all()


def due_tickets(session: Session, at: datetime, limit: int) -> Sequence[int]:
    """Return the tickets to look at, the longest due first."""
    statement = select(SlaWatch.ticket_id).where(SlaWatch.next_at <= at).order_by(SlaWatch.next_at).limit(limit)
    return session.scalars(statement).all()


def anything_due(session: Session, at: datetime) -> bool:
    """Return whether there is a ticket to look at."""
    return bool(session.scalar(select(select(SlaWatch.ticket_id).where(SlaWatch.next_at <= at).exists())))


def watch(session: Session, ticket_id: int) -> SlaWatch | None:
    """Return when a ticket is to be looked at."""
    return session.scalar(select(SlaWatch).where(SlaWatch.ticket_id == ticket_id))


def look_at(session: Session, public_ids: Iterable[str], at: datetime) -> None:
    """Have tickets looked at now."""
    numbers = {number for one in public_ids if (number := row_number(TICKET_PREFIX, one)) is not None}
    there = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(numbers))))
    known = {row.ticket_id: row for row in session.scalars(select(SlaWatch).where(SlaWatch.ticket_id.in_(there)))}
    for number in sorted(there):
        if number in known:
            known[number].next_at = at
        else:
            session.add(SlaWatch(ticket_id=number, next_at=at))


def look_at_all(session: Session, at: datetime) -> None:
    """Have every ticket looked at now whose clocks still run."""
    session.execute(update(SlaWatch).where(SlaWatch.next_at.is_not(None)).values(next_at=at))
