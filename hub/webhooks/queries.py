"""All SQL about webhooks."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.webhooks.models import PREFIX, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hub.webhooks.states import State

ON_THE_WAY = (State.WAITING, State.SENDING)


def _visible(actor: Actor) -> Select[WebhookEndpoint]:
    """Start every query about endpoints here: a system, and who works for some stores, sees those that it made."""
    statement = select(WebhookEndpoint)
    own_alone = actor.role is Role.STORE_SYSTEM or actor.stores is not None
    return statement.where(WebhookEndpoint.made_by == actor.person) if own_alone else statement


def endpoint(session: Session, actor: Actor, public_id: str) -> WebhookEndpoint | None:
    """Return an endpoint that ``actor`` may see."""
    statement = _visible(actor).where(WebhookEndpoint.id == (row_number(PREFIX, public_id) or 0))
    return session.scalar(statement)


def endpoints(session: Session, actor: Actor, cursor: str | None, limit: int) -> Sequence[WebhookEndpoint]:
    """Return visible endpoints, the newest first, one more than ``limit`` when there are more."""
    return session.scalars(after_cursor(_visible(actor), [WebhookEndpoint.id], [int], cursor, limit)).all()


def enabled(session: Session) -> Sequence[WebhookEndpoint]:
    """Return every endpoint that wants events."""
    statement = select(WebhookEndpoint).where(WebhookEndpoint.disabled_at.is_(None))
    return session.scalars(statement.order_by(WebhookEndpoint.id)).all()


def count_enabled(session: Session) -> int:
    """Return how many endpoints want events."""
    return session.scalar(select(func.count()).where(WebhookEndpoint.disabled_at.is_(None))) or 0


def due(session: Session, at: datetime) -> bool:
    """Return whether a delivery may be tried, or a sender has died."""
    return bool(session.scalar(select(_with_work(at).exists())))


def _with_work(at: datetime) -> Select[WebhookEndpoint]:
    """Return enabled endpoints that have something due: a look into the index for each, however much waits."""
    work = select(WebhookDelivery.id).where(
        WebhookDelivery.endpoint_id == WebhookEndpoint.id,
        WebhookDelivery.state.in_(ON_THE_WAY),
        WebhookDelivery.due_at <= at,
    )
    return select(WebhookEndpoint).where(WebhookEndpoint.disabled_at.is_(None), work.exists())


def to_send(session: Session, at: datetime, limit: int, of_each: int) -> list[WebhookDelivery]:
    """Return deliveries that may be tried: at most ``of_each`` for an endpoint, and one for an endpoint that is
    failing, so that none holds up the others. What is due longest goes first.
    """
    found: list[WebhookDelivery] = []
    for endpoint in session.scalars(_with_work(at).order_by(WebhookEndpoint.id)).all():
        statement = (
            select(WebhookDelivery)
            .where(
                WebhookDelivery.endpoint_id == endpoint.id,
                WebhookDelivery.state.in_(ON_THE_WAY),
                WebhookDelivery.due_at <= at,
            )
            .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
        )
        found += session.scalars(statement.limit(1 if endpoint.failing_since else of_each))
    return sorted(found, key=lambda one: (one.due_at, one.id))[:limit]


def delivery(session: Session, number: int) -> WebhookDelivery | None:
    """Return one delivery."""
    return session.scalar(select(WebhookDelivery).where(WebhookDelivery.id == number))


def events_of(session: Session, found: Sequence[WebhookDelivery]) -> dict[int, Event]:
    """Return the events of some deliveries by their number."""
    numbers = {one.event_id for one in found}
    return {event.id: event for event in session.scalars(select(Event).where(Event.id.in_(numbers)))}


def of_event(session: Session, endpoint_id: int, event_id: int) -> WebhookDelivery | None:
    """Return the delivery of an event to an endpoint."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.event_id == event_id
    )
    return session.scalar(statement)


def deliveries(
    session: Session, endpoint_id: int, state: State | None, cursor: str | None, limit: int
) -> Sequence[tuple[WebhookDelivery, Event]]:
    """Return an endpoint's deliveries with their events, the newest first, one more than ``limit`` if there is more."""
    statement = (
        select(WebhookDelivery, Event)
        .join(Event, Event.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
    )
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    found = session.execute(after_cursor(statement, [WebhookDelivery.id], [int], cursor, limit))
    return [(row[0], row[1]) for row in found]


def attempts(session: Session, delivery_ids: Sequence[int]) -> Sequence[WebhookAttempt]:
    """Return the log of some deliveries, the oldest first."""
    statement = select(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(delivery_ids))
    return session.scalars(statement.order_by(WebhookAttempt.id)).all()


def events_since(session: Session, since: datetime, after_id: int, limit: int) -> Sequence[Event]:
    """Return events that were recorded since a moment, the oldest first."""
    statement = select(Event).where(Event.recorded_at >= since, Event.id > after_id)
    return session.scalars(statement.order_by(Event.id).limit(limit)).all()


def forget(session: Session, endpoint_id: int) -> None:
    """Remove an endpoint with its log."""
    mine = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == endpoint_id)
    session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(mine)))
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id))
    session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))


def forget_old(session: Session, before: datetime) -> int:
    """Remove the log of what was settled before a moment; return of how many deliveries."""
    old = select(WebhookDelivery.id).where(WebhookDelivery.state.not_in(ON_THE_WAY), WebhookDelivery.due_at < before)
    numbers = session.scalars(old.limit(5000)).all()
    session.execute(delete(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(numbers)))
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(numbers)))
    return len(numbers)
