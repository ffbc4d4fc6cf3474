"""All SQL about notifications."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.notifications.models import PREFIX, ContactPreference, Notification
from hub.notifications.states import State
from hub.tickets.models import PREFIX as TICKET_PREFIX
from hub.tickets.models import Ticket

ON_THE_WAY = (State.WAITING, State.SENDING)


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """What to list; absent members do not restrict."""

    state: State | None = None
    ticket: str | None = None
    channel: str | None = None


def notifications(
    session: Session, actor: Actor, wanted: NotificationFilter, cursor: str | None, limit: int
) -> Sequence[Notification]:
    """Return notifications, the newest first, one more than ``limit`` when there are more."""
    statement = select(Notification)
    if actor.stores is not None:
        statement = statement.join(Ticket, Ticket.id == Notification.ticket_id).where(Ticket.store.in_(actor.stores))
    if wanted.state is not None:
        statement = statement.where(Notification.state == wanted.state)
    if wanted.channel is not None:
        statement = statement.where(Notification.channel == wanted.channel)
    if wanted.ticket is not None:
        statement = statement.where(Notification.ticket_id == (row_number(TICKET_PREFIX, wanted.ticket) or 0))
    return session.scalars(after_cursor(statement, [Notification.id], [int], cursor, limit)).all()


def notification(session: Session, actor: Actor, public_id: str) -> Notification | None:
    """Return a notification that ``actor`` may see."""
    statement = select(Notification).where(Notification.id == (row_number(PREFIX, public_id) or 0))
    if actor.stores is not None:
        statement = statement.join(Ticket, Ticket.id == Notification.ticket_id).where(Ticket.store.in_(actor.stores))
    return session.scalar(statement)


def due(session: Session, at: datetime) -> bool:
    """Return whether a message may be sent, or a sender has died."""
    statement = select(Notification.id).where(Notification.state.in_(ON_THE_WAY), Notification.due_at <= at)
    return bool(session.scalar(select(statement.exists())))


def to_send(session: Session, at: datetime, limit: int) -> Sequence[Notification]:
    """Return messages that may be sent, the oldest first."""
    statement = (
        select(Notification)
        .where(Notification.state.in_(ON_THE_WAY), Notification.due_at <= at)
        .order_by(Notification.due_at, Notification.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def stores(session: Session, ticket_ids: Collection[int]) -> dict[int, str | None]:
    """Return the store of each ticket."""
    return {row[0]: row[1] for row in session.execute(select(Ticket.id, Ticket.store).where(Ticket.id.in_(ticket_ids)))}


def by_id(session: Session, number: int) -> Notification | None:
    """Return one notification."""
    return session.scalar(select(Notification).where(Notification.id == number))


def ticket(session: Session, public_id: str) -> Ticket | None:
    """Return the ticket that an event is about."""
    number = row_number(TICKET_PREFIX, public_id)
    return session.get(Ticket, number) if number is not None else None


def preference(session: Session, customer_id: int | None) -> ContactPreference | None:
    """Return how a customer wants to be told."""
    return session.get(ContactPreference, customer_id) if customer_id is not None else None


def count(session: Session, state: str) -> int:
    """Return how many are in a state."""
    return session.scalar(select(func.count()).where(Notification.state == state)) or 0
