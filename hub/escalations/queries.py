"""All SQL about escalations."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.escalations.models import PREFIX, Escalation
from hub.escalations.states import State
from hub.identity.actors import Actor
from hub.tickets.models import PREFIX as TICKET_PREFIX
from hub.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class EscalationFilter:
    """What to list; absent members do not restrict."""

    state: State | None = None
    level: str | None = None
    ticket: str | None = None


def _visible(actor: Actor) -> Select[Escalation, Ticket]:
    """Start every query about escalations here: they are seen with their tickets."""
    statement = select(Escalation, Ticket).join(Ticket, Ticket.id == Escalation.ticket_id)
    if actor.bench is not None:
        statement = statement.where(Ticket.bench == actor.bench)
    return statement if actor.stores is None else statement.where(Ticket.store.in_(actor.stores))


def escalation(session: Session, actor: Actor, public_id: str) -> tuple[Escalation, Ticket] | None:
    """Return an escalation that ``actor`` may see with its ticket."""
    statement = _visible(actor).where(Escalation.id == (row_number(PREFIX, public_id) or 0))
    found = session.execute(statement).one_or_none()
    return None if found is None else (found[0], found[1])


def escalations(
    session: Session, actor: Actor, wanted: EscalationFilter, cursor: str | None, limit: int
) -> Sequence[tuple[Escalation, Ticket]]:
    """Return visible escalations, the newest first, one more than ``limit`` when there are more."""
    statement = _visible(actor)
    if wanted.state is not None:
        statement = statement.where(Escalation.state == wanted.state)
    if wanted.level is not None:
        statement = statement.where(Escalation.level == wanted.level)
    if wanted.ticket is not None:
        statement = statement.where(Escalation.ticket_id == (row_number(TICKET_PREFIX, wanted.ticket) or 0))
    found = session.execute(after_cursor(statement, [Escalation.id], [int], cursor, limit))
    return [(row[0], row[1]) for row in found]
