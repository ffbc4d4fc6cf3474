"""All SQL about transfers and about where devices are."""

from collections.abc import Sequence

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from hub.transfers.models import Transfer


def open_transfer(session: Session, ticket_id: int) -> Transfer | None:
    """Return the transfer that a ticket is in."""
    return session.scalar(select(Transfer).where(Transfer.ticket_id == ticket_id, Transfer.ended_at.is_(None)))


def transfers_of(session: Session, ticket_id: int) -> Sequence[Transfer]:
    """Return all transfers of a ticket, the newest first."""
    return session.scalars(select(Transfer).where(Transfer.ticket_id == ticket_id).order_by(Transfer.id.desc())).all()


def devices_in_our_hands(
    session: Session, actor: Actor, store: str | None, cursor: str | None, limit: int
) -> Sequence[Row[Ticket, Transfer | None]]:
    """Return open tickets with a device, each with the transfer that it is in, the newest first.

    ``store`` keeps those that are there or on their way there.
    """
    statement = (
        select(Ticket, Transfer)
        .join(Transfer, and_(Transfer.ticket_id == Ticket.id, Transfer.ended_at.is_(None)), isouter=True)
        .where(Ticket.closed_at.is_(None), Ticket.state != State.DRAFT, Ticket.serial != "")
    )
    for stores in (None if store is None else [store], actor.stores):
        if stores is not None:
            statement = statement.where(or_(Ticket.store.in_(stores), Transfer.to_store.in_(stores)))
    return session.execute(after_cursor(statement, [Ticket.id], [int], cursor, limit)).all()
