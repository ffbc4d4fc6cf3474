"""All SQL about customers and their devices."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.aftercare.models import FollowUp
from hub.appointments.models import Appointment
from hub.core.ids import row_number
from hub.core.labels import model_key, names_of_models
from hub.core.paging import after_cursor
from hub.core.spellings import is_model_in
from hub.customers import visibility
from hub.customers.models import CUSTOMER_PREFIX, DEVICE_PREFIX, ContactPoint, Customer, CustomerDevice, Purchase
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.notifications.models import ContactPreference, Notification
from hub.repairs.models import Repair, RepairPlan
from hub.tickets.models import Attachment, Remark, Ticket
from hub.tickets.queries import visible_tickets
from protocols.serial_numbers import serial_form

_OWNERS = (
    select(ContactPoint.kind, ContactPoint.key, Customer)
    .join(Customer, Customer.id == ContactPoint.customer_id)
    .where(tuple_(ContactPoint.kind, ContactPoint.key).in_(bindparam("keys", expanding=True)))
)
_OWNERS_OF = (
    select(ContactPoint.kind, ContactPoint.key, Customer)
    .join(Customer, Customer.id == ContactPoint.customer_id)
    .where(
        or_(
            (ContactPoint.kind == "phone") & (ContactPoint.key == bindparam("phone")),
            (ContactPoint.kind == "email") & (ContactPoint.key == bindparam("email")),
        )  # one that is not given is NULL, which nothing equals
    )
)
_ADD_CONTACT_POINT = insert(ContactPoint.__table__)  # type: ignore[attr-defined]
_DEVICES = select(CustomerDevice).where(CustomerDevice.serial == bindparam("serial")).order_by(CustomerDevice.id)
_DEVICE = CustomerDevice.__table__.c  # type: ignore[attr-defined]
_MODELS = select(_DEVICE.model).where(_DEVICE.serial == bindparam("serial")).order_by(_DEVICE.id)
"""Every intake of a device asks it: plain columns cost half of what mapped ones do."""


def owners(session: Session, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Customer]:
    """Return which customer has each contact point (kind, key)."""
    return {(kind, key): customer for kind, key, customer in session.execute(_OWNERS, {"keys": keys})}


def owners_of(session: Session, phone: str | None, email: str | None) -> dict[tuple[str, str], Customer]:
    """Return which customer has each of two contact points, as ``owners`` does: every intake asks it."""
    found = session.execute(_OWNERS_OF, {"phone": phone, "email": email})
    return {(kind, key): customer for kind, key, customer in found}


def add_contact_points(session: Session, customer_id: int, points: Sequence[tuple[str, str, str]]) -> None:
    """Give a customer ways (kind, value, key) that nobody has yet."""
    rows = [{"customer_id": customer_id, "kind": kind, "value": value, "key": key} for kind, value, key in points]
    if rows:
        session.execute(_ADD_CONTACT_POINT, rows)


def customer(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Customer | None:
    """Return one customer whom ``actor`` may see."""
    number = row_number(CUSTOMER_PREFIX, public_id)
    if number is None:
        return None
    statement = _within(select(Customer).where(Customer.id == number), visibility.of_customers(actor))
    found: Customer | None = session.scalar(statement.with_for_update() if for_update else statement)
    return found


def contact_points(session: Session, customer_id: int) -> Sequence[ContactPoint]:
    """Return a customer's contact points."""
    return session.scalars(
        select(ContactPoint).where(ContactPoint.customer_id == customer_id).order_by(ContactPoint.id)
    ).all()


def device_by_serial(session: Session, model: str, serial: str) -> CustomerDevice | None:
    """Return one device by what its label says, in whatever case the model is written."""
    key = model_key(model)
    return next((one for one in session.scalars(_DEVICES, {"serial": serial}) if model_key(one.model) == key), None)


def known_model(session: Session, model: str, serial: str) -> str:
    """Return the model's name as the device with this serial is known by; as it is given for one that is not known."""
    key = model_key(model)
    return next((one for one in session.scalars(_MODELS, {"serial": serial}) if model_key(one) == key), model)


def register_device(session: Session, model: str, serial: str, customer_id: int | None, at: datetime) -> None:
    """Know a device from now on, as the customer's who is given; one that is known stays whose it is without any."""
    statement = _register_device(session.get_bind().dialect.name, customer_id is not None)
    session.execute(
        statement, {"version": 1, "model": model, "serial": serial, "customer_id": customer_id, "created_at": at}
    )


@cache
def _register_device(dialect: str, owned: bool) -> Executable:
    device = CustomerDevice.__table__  # type: ignore[attr-defined]
    added = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(device)
    same = [device.c.serial, device.c.model]
    if not owned:
        return added.on_conflict_do_nothing(index_elements=same)
    owner = added.excluded.customer_id
    return added.on_conflict_do_update(
        index_elements=same,
        set_={"customer_id": owner, "version": device.c.version + 1},
        where=device.c.customer_id.is_distinct_from(owner),
    )


def device(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> CustomerDevice | None:
    """Return one device that ``actor`` may see."""
    number = row_number(DEVICE_PREFIX, public_id)
    if number is None:
        return None
    statement = _within(select(CustomerDevice).where(CustomerDevice.id == number), visibility.of_devices(actor))
    found: CustomerDevice | None = session.scalar(statement.with_for_update() if for_update else statement)
    return found


def devices_of(session: Session, customer_id: int) -> Sequence[CustomerDevice]:
    """Return a customer's devices, the oldest first."""
    return session.scalars(
        select(CustomerDevice).where(CustomerDevice.customer_id == customer_id).order_by(CustomerDevice.id)
    ).all()


def devices(
    session: Session,
    actor: Actor,
    *,
    model: str | None,
    serial: str | None,
    customer_id: int | None,
    cursor: str | None,
    limit: int,
) -> Sequence[CustomerDevice]:
    """Return devices that ``actor`` may see, the newest first, one more than ``limit`` when there are more."""
    statement = _within(select(CustomerDevice), visibility.of_devices(actor))
    if model is not None:
        statement = statement.where(is_model_in(session, CustomerDevice.model, model))
    if serial is not None:
        statement = statement.where(CustomerDevice.serial == serial_form(serial))
    if customer_id is not None:
        statement = statement.where(CustomerDevice.customer_id == customer_id)
    return session.scalars(after_cursor(statement, [CustomerDevice.id], [int], cursor, limit)).all()


def tickets_of(session: Session, customer_id: int) -> Sequence[Ticket]:
    """Return a customer's tickets, the oldest first."""
    return session.scalars(select(Ticket).where(Ticket.customer_id == customer_id).order_by(Ticket.id)).all()


def remarks_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[Remark]:
    """Return what was written about some tickets."""
    return session.scalars(select(Remark).where(Remark.ticket_id.in_(ticket_ids)).order_by(Remark.id)).all()


def attachments_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[Attachment]:
    """Return the files of some tickets."""
    return session.scalars(select(Attachment).where(Attachment.ticket_id.in_(ticket_ids)).order_by(Attachment.id)).all()


def used_files(session: Session, hashes: Sequence[str]) -> set[str]:
    """Return which of these files a ticket still has."""
    return set(session.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(hashes))))


def customers(
    session: Session,
    actor: Actor,
    *,
    point: tuple[str, str] | None,
    name: str | None,
    tier: str | None,
    cursor: str | None,
    limit: int,
) -> Sequence[Customer]:
    """Return living records, the newest first, one more than ``limit`` when there are more.

    ``point`` is a contact (kind, key), ``name`` how a name begins. Who names a contact finds the person wherever in the
    chain they are known, as an intake does; otherwise the actor's stores are looked through.
    """
    statement = select(Customer).where(Customer.merged_into.is_(None), Customer.erased_at.is_(None))
    if point is None:
        statement = _within(statement, visibility.of_customers(actor))
    else:
        owner = select(ContactPoint.customer_id).where(ContactPoint.kind == point[0], ContactPoint.key == point[1])
        statement = statement.where(Customer.id.in_(owner))
    if name is not None:
        statement = statement.where(Customer.name.startswith(name, autoescape=True))
    if tier is not None:
        statement = statement.where(Customer.tier == tier)
    return session.scalars(after_cursor(statement, [Customer.id], [int], cursor, limit)).all()


def contact_points_of(session: Session, ids: Sequence[int]) -> dict[int, list[ContactPoint]]:
    """Return the contact points of some customers."""
    found: dict[int, list[ContactPoint]] = {}
    rows = session.scalars(select(ContactPoint).where(ContactPoint.customer_id.in_(ids)).order_by(ContactPoint.id))
    for row in rows:
        found.setdefault(row.customer_id, []).append(row)
    return found


def newest_tickets_of(session: Session, actor: Actor, customer_id: int, limit: int) -> Sequence[Ticket]:
    """Return a customer's newest tickets that ``actor`` may see."""
    statement = visible_tickets(actor).where(Ticket.customer_id == customer_id)
    return session.scalars(statement.order_by(Ticket.id.desc()).limit(limit)).all()


def purchase(session: Session, number: str) -> Purchase | None:
    """Return one purchase by its order's number."""
    return session.scalar(select(Purchase).where(Purchase.number == number))


def purchases_of(session: Session, customer_id: int) -> Sequence[Purchase]:
    """Return a customer's purchases, the newest first."""
    statement = select(Purchase).where(Purchase.customer_id == customer_id)
    return session.scalars(statement.order_by(Purchase.bought_on.desc(), Purchase.id.desc())).all()


def bought(session: Session, customer_id: int, since: date | None) -> tuple[int, int]:
    """Return (amount in minor units, number) of a customer's purchases since a day."""
    statement = select(func.coalesce(func.sum(Purchase.amount_minor), 0), func.count()).where(
        Purchase.customer_id == customer_id
    )
    if since is not None:
        statement = statement.where(Purchase.bought_on >= since)
    amount, count = session.execute(statement).one()
    return int(amount), count


def customers_who_bought(session: Session, after: int, limit: int) -> Sequence[Customer]:
    """Return living customers with purchases or a tier, by number, those behind ``after``."""
    statement = select(Customer).where(
        Customer.id > after,
        Customer.erased_at.is_(None),
        Customer.merged_into.is_(None),
        or_(Customer.purchases > 0, Customer.tier.is_not(None)),
    )
    return session.scalars(statement.order_by(Customer.id).limit(limit)).all()


def tiers_of(session: Session, ids: Collection[int]) -> dict[int, str | None]:
    """Return the tiers of some customers."""
    if not ids:
        return {}
    rows = session.execute(select(Customer.id, Customer.tier).where(Customer.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def devices_to_remind(session: Session, until: date, limit: int) -> Sequence[CustomerDevice]:
    """Return devices due by a day whose owner was not reminded of it, the earliest first."""
    statement = select(CustomerDevice).where(
        CustomerDevice.inspection_due_on <= until,
        or_(CustomerDevice.reminded_for.is_(None), CustomerDevice.reminded_for != CustomerDevice.inspection_due_on),
    )
    return session.scalars(statement.order_by(CustomerDevice.inspection_due_on, CustomerDevice.id).limit(limit)).all()


def devices_due(session: Session, actor: Actor, until: date, model: str | None, limit: int) -> Sequence[CustomerDevice]:
    """Return devices that ``actor`` may see and that are due by a day, the earliest first."""
    statement = _within(
        select(CustomerDevice).where(CustomerDevice.inspection_due_on <= until), visibility.of_devices(actor)
    )
    if model is not None:
        statement = statement.where(is_model_in(session, CustomerDevice.model, model))
    return session.scalars(statement.order_by(CustomerDevice.inspection_due_on, CustomerDevice.id).limit(limit)).all()


def installed(session: Session) -> list[tuple[str, int, int, int]]:
    """Return per model, in whatever form its name was kept: devices, those with a known owner, those inspected."""
    statement = select(
        CustomerDevice.model,
        func.count(),
        func.count(CustomerDevice.customer_id),
        func.count(CustomerDevice.inspect_every_days),
    )
    found = session.execute(statement.group_by(CustomerDevice.model)).all()
    called = names_of_models((name, devices) for name, devices, *_ in found)
    sums: dict[str, list[int]] = {name: [0, 0, 0] for name in sorted(called.values())}
    for name, *counts in found:
        of_model = sums[called[model_key(name)]]
        of_model[:] = [total + count for total, count in zip(of_model, counts, strict=True)]
    return [(name, devices, owned, inspected) for name, (devices, owned, inspected) in sums.items()]


def move_everything(session: Session, source: int, target: int) -> dict[str, int]:
    """Give a customer's contacts, devices, purchases, tickets and messages to another; return how many of each."""
    moved = {}
    for name, table in (
        ("contact_points", ContactPoint),
        ("devices", CustomerDevice),
        ("purchases", Purchase),
        ("tickets", Ticket),
        ("messages", Notification),
    ):
        result = session.execute(update(table).where(table.customer_id == source).values(customer_id=target))
        moved[name] = result.rowcount  # type: ignore[attr-defined]
    session.execute(delete(ContactPreference).where(ContactPreference.customer_id == source))
    session.expire_all()
    return moved


def open_tickets_of(session: Session, customer_id: int) -> Sequence[Ticket]:
    """Return a customer's tickets that are not closed."""
    statement = select(Ticket).where(Ticket.customer_id == customer_id, Ticket.closed_at.is_(None))
    return session.scalars(statement.order_by(Ticket.id)).all()


def stores_of(session: Session, customer_id: int) -> frozenset[str | None]:
    """Return every store that has a ticket or a purchase of a customer; ``None`` among them: the chain itself."""
    tickets = select(Ticket.store).where(Ticket.customer_id == customer_id)
    bought = select(Purchase.store).where(Purchase.customer_id == customer_id)
    return frozenset(session.scalars(tickets.union(bought)))


def messages_of(session: Session, customer_id: int, ticket_ids: Sequence[int]) -> Sequence[Notification]:
    """Return what a customer was told, the oldest first."""
    statement = select(Notification).where(
        or_(
            Notification.customer_id == customer_id,
            and_(Notification.ticket_id.in_(ticket_ids), Notification.audience == "customer"),
        )
    )
    return session.scalars(statement.order_by(Notification.id)).all()


def events_about(session: Session, record: tuple[str, str], kinds: Collection[str], limit: int) -> Sequence[Event]:
    """Return events of some kinds about a record, the newest first."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1], Event.kind.in_(kinds))
    return session.scalars(statement.order_by(Event.id.desc()).limit(limit)).all()


def events_of_tickets(session: Session, numbers: Sequence[str]) -> Sequence[Event]:
    """Return all events of some tickets, the oldest first."""
    statement = select(Event).where(Event.record_type == "ticket", Event.record_id.in_(numbers))
    return session.scalars(statement.order_by(Event.id)).all()


def plans_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[RepairPlan]:
    """Return the repair plans of some tickets."""
    return session.scalars(select(RepairPlan).where(RepairPlan.ticket_id.in_(ticket_ids))).all()


def repairs_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[Repair]:
    """Return the repairs of some tickets."""
    return session.scalars(select(Repair).where(Repair.ticket_id.in_(ticket_ids))).all()


def preference(session: Session, customer_id: int) -> ContactPreference | None:
    """Return how a customer wants to be told."""
    return session.get(ContactPreference, customer_id)


def appointments_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[Appointment]:
    """Return the appointments of some tickets."""
    return session.scalars(select(Appointment).where(Appointment.ticket_id.in_(ticket_ids))).all()


def follow_ups_of(session: Session, ticket_ids: Sequence[int]) -> Sequence[FollowUp]:
    """Return what was asked about some tickets after their close, and what was answered."""
    return session.scalars(select(FollowUp).where(FollowUp.ticket_id.in_(ticket_ids))).all()


def customers_after(session: Session, actor: Actor, after: int, limit: int) -> Sequence[Customer]:
    """Return living records that ``actor`` may see, by number, those behind ``after``."""
    statement = select(Customer).where(
        Customer.id > after, Customer.erased_at.is_(None), Customer.merged_into.is_(None)
    )
    return session.scalars(_within(statement, visibility.of_customers(actor)).order_by(Customer.id).limit(limit)).all()


def devices_after(session: Session, actor: Actor, after: int, limit: int) -> Sequence[CustomerDevice]:
    """Return devices that ``actor`` may see, by number, those behind ``after``."""
    statement = _within(select(CustomerDevice).where(CustomerDevice.id > after), visibility.of_devices(actor))
    return session.scalars(statement.order_by(CustomerDevice.id).limit(limit)).all()


def _within(statement: Select[Any], condition: ColumnElement[bool] | None) -> Select[Any]:
    return statement if condition is None else statement.where(condition)
