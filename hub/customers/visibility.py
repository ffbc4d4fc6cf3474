"""Which customers and devices somebody sees: the chain's, or those that one of the actor's stores dealt with (S5)."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal, or_, select

from hub.customers.models import CUSTOMER_PREFIX, DEVICE_PREFIX, Customer, CustomerDevice, Purchase
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.tickets.models import Ticket
from hub.tickets.queries import visible_tickets


def of_customers(actor: Actor) -> ColumnElement[bool] | None:
    """Return what a query about customers has to ask for ``actor``; ``None``: nothing.

    A customer is seen by a store that has a ticket or a purchase of theirs, and by whoever made the record.
    """
    if actor.stores is None:
        return None
    return or_(
        Customer.id.in_(visible_tickets(actor).with_only_columns(Ticket.customer_id)),
        Customer.id.in_(select(Purchase.customer_id).where(Purchase.store.in_(actor.stores))),
        _made_by(actor, "customer", CUSTOMER_PREFIX, Customer.id),
    )


def of_devices(actor: Actor) -> ColumnElement[bool] | None:
    """Return what a query about devices has to ask for ``actor``; ``None``: nothing.

    A device is seen with its owner, by a store that has a ticket of it, and by whoever made the record.
    """
    owner = of_customers(actor)
    if owner is None:
        return None
    tickets = visible_tickets(actor).with_only_columns(Ticket.id)
    of_device = tickets.where(Ticket.serial == CustomerDevice.serial, Ticket.model == CustomerDevice.model)
    return or_(
        CustomerDevice.customer_id.in_(select(Customer.id).where(owner)),
        of_device.exists(),
        _made_by(actor, "device", DEVICE_PREFIX, CustomerDevice.id),
    )


def _made_by(actor: Actor, record_type: str, prefix: str, number: Any) -> ColumnElement[bool]:
    digits = cast(number, Text)
    name = literal(f"{prefix}-") + func.substr("000000", func.length(digits) + 1) + digits
    made = select(Event.record_id).where(
        Event.kind == f"{record_type}.created",
        Event.record_type == record_type,
        Event.actor_kind == actor.kind,
        Event.actor_id == actor.id,
    )
    found: ColumnElement[bool] = name.in_(made)
    return found
