"""All SQL about tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.tickets.models import PREFIX, Ticket
from hub.tickets.states import ON_BENCH, State


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What to list; absent members do not restrict."""

    states: tuple[State, ...] = ()
    kind: str | None = None
    bench: str | None = None
    model: str | None = None
    serial: str | None = None


def _visible(actor: Actor) -> Select[Ticket]:
    """Start every query about tickets here: a bench sees its own tickets only."""
    statement = select(Ticket)
    return statement if actor.bench is None else statement.where(Ticket.bench == actor.bench)


def visible_ticket(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Ticket | None:
    """Return a ticket that ``actor`` may see, locked for the transaction when it is going to change."""
    number = row_number(PREFIX, public_id)
    if number is None:
        return None
    statement = _visible(actor).where(Ticket.id == number)
    return session.scalar(statement.with_for_update() if for_update else statement)


def tickets(session: Session, actor: Actor, wanted: TicketFilter, cursor: str | None, limit: int) -> Sequence[Ticket]:
    """Return visible tickets, the newest first, one more than ``limit`` when there are more."""
    statement = _visible(actor)
    if wanted.states:
        statement = statement.where(Ticket.state.in_(wanted.states))
    for column, value in (
        (Ticket.kind, wanted.kind),
        (Ticket.bench, wanted.bench),
        (Ticket.model, wanted.model),
        (Ticket.serial, wanted.serial),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return session.scalars(after_cursor(statement, [Ticket.id], [int], cursor, limit)).all()


def worklist(session: Session, bench: str, limit: int) -> Sequence[Ticket]:
    """Return the tickets on a bench's worklist, the most urgent and then the oldest first."""
    statement = (
        select(Ticket)
        .where(Ticket.bench == bench, Ticket.state.in_(ON_BENCH))
        .order_by(Ticket.priority, Ticket.id)
        .limit(limit)
    )
    return session.scalars(statement).all()
