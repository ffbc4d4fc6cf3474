"""All SQL about major incidents."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.incidents.models import MajorIncident
from hub.tickets.models import Ticket


def newest(session: Session, ticket_id: int) -> MajorIncident | None:
    """Return a ticket's newest major incident."""
    statement = select(MajorIncident).where(MajorIncident.ticket_id == ticket_id)
    return session.scalar(statement.order_by(MajorIncident.id.desc()).limit(1))


def incidents(
    session: Session, actor: Actor, *, open_only: bool, cursor: str | None, limit: int
) -> Sequence[tuple[MajorIncident, Ticket]]:
    """Return major incidents that ``actor`` may see, the newest first, one more than ``limit`` when there are more."""
    statement = select(MajorIncident, Ticket).join(Ticket, Ticket.id == MajorIncident.ticket_id)
    if actor.stores is not None:
        statement = statement.where(Ticket.store.in_(actor.stores))
    if open_only:
        statement = statement.where(MajorIncident.ended_at.is_(None))
    found = session.execute(after_cursor(statement, [MajorIncident.id], [int], cursor, limit))
    return [(row[0], row[1]) for row in found]
