"""Who may see which events: everything for auditors; for others business records, within their stores (S1, S5)."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, case, cast, false, func, or_, select
from sqlalchemy.orm import Session

from hub.events.models import Event
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets.kinds import Kind
from hub.tickets.models import PREFIX, Ticket

BUSINESS = frozenset({"ticket", "customer", "device", "bench", "store"})
"""Record types whose events are no matter of identity, configuration or operation."""


def condition(actor: Actor) -> ColumnElement[bool] | None:
    """Return what a query about events has to ask for ``actor``; ``None``: nothing."""
    audit = actor.may(Permission.AUDIT_READ)
    if audit and actor.stores is None and actor.bench is None:
        return None
    if actor.bench is not None:
        return false()
    number = case((Event.record_type == "ticket", cast(func.substr(Event.record_id, len(PREFIX) + 2), BigInteger)))
    mine = select(Ticket.id)
    if not actor.may(Permission.COMPLAINT_READ):
        mine = mine.where(Ticket.kind != Kind.COMPLAINT)
    if actor.stores is None:
        if actor.may(Permission.COMPLAINT_READ):
            return Event.record_type.in_(BUSINESS)
        return or_(number.in_(mine), Event.record_type.in_(BUSINESS - {"ticket"}))
    mine = mine.where(Ticket.store.in_(actor.stores))
    return or_(number.in_(mine), (Event.record_type == "store") & Event.record_id.in_(actor.stores))


def record_types(actor: Actor) -> frozenset[str] | None:
    """Return of which records ``actor`` can see events at all, as ``condition`` has it; ``None``: of all."""
    if actor.bench is not None:
        return frozenset()
    if actor.stores is not None:
        return frozenset({"ticket", "store"})
    return None if actor.may(Permission.AUDIT_READ) else BUSINESS


def seen(session: Session, actor: Actor, events: Sequence[Event]) -> list[Event]:
    """Return those of ``events`` that ``actor`` may see, in their order."""
    asked = condition(actor)
    if asked is None or not events:
        return list(events)
    mine = set(session.scalars(select(Event.id).where(Event.id.in_([event.id for event in events]), asked)))
    return [event for event in events if event.id in mine]
