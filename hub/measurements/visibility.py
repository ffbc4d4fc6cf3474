"""Whose measured data somebody sees: a run is of its ticket's store, one without a ticket of its bench's (S5)."""

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, or_

from hub.dispatch.places import in_stores_of
from hub.identity.actors import Actor
from hub.measurements.models import Run
from hub.tickets.models import PREFIX, Ticket
from hub.tickets.queries import visible_tickets

_DIGITS = func.substr(Run.ticket, len(PREFIX) + 2)
_IS_TICKET = and_(
    Run.ticket.like(f"{PREFIX}-%"),
    func.length(_DIGITS).between(6, 15),
    func.ltrim(_DIGITS, "0123456789") == "",
)
"""A bench may write anything into a run; only a number is compared."""
_TICKET_ID = case((_IS_TICKET, cast(_DIGITS, BigInteger)))


def of_runs(actor: Actor) -> ColumnElement[bool] | None:
    """Return what a query about runs has to ask for ``actor``; ``None``: nothing."""
    of_bench = in_stores_of(actor, Run.bench)
    if of_bench is None:
        return None
    ticket = visible_tickets(actor).with_only_columns(Ticket.id).where(Ticket.id == _TICKET_ID).exists()
    return or_(ticket, and_(Run.ticket.is_(None), of_bench))
