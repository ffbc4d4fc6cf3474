"""All SQL about customers and their devices."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.customers.models import CUSTOMER_PREFIX, DEVICE_PREFIX, ContactPoint, Customer, CustomerDevice
from hub.tickets.models import Attachment, Remark, Ticket


def owners(session: Session, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Customer]:
    """Return which customer has each contact point (kind, key)."""
    statement = (
        select(ContactPoint.kind, ContactPoint.key, Customer)
        .join(Customer, Customer.id == ContactPoint.customer_id)
        .where(tuple_(ContactPoint.kind, ContactPoint.key).in_(keys))
    )
    return {(kind, key): customer for kind, key, customer in session.execute(statement)}


def customer(session: Session, public_id: str, *, for_update: bool = False) -> Customer | None:
    """Return one customer."""
    number = row_number(CUSTOMER_PREFIX, public_id)
    if number is None:
        return None
    statement = select(Customer).where(Customer.id == number)
    return session.scalar(statement.with_for_update() if for_update else statement)


def contact_points(session: Session, customer_id: int) -> Sequence[ContactPoint]:
    """Return a customer's contact points."""
    return session.scalars(
        select(ContactPoint).where(ContactPoint.customer_id == customer_id).order_by(ContactPoint.id)
    ).all()


def customers_with(session: Session, kind: str, key: str) -> Sequence[Customer]:
    """Return the customer with this contact point, if there is one."""
    statement = select(Customer).join(ContactPoint, ContactPoint.customer_id == Customer.id)
    return session.scalars(statement.where(ContactPoint.kind == kind, ContactPoint.key == key)).all()


def device_by_serial(session: Session, model: str, serial: str) -> CustomerDevice | None:
    """Return one device by what its label says."""
    return session.scalar(select(CustomerDevice).where(CustomerDevice.serial == serial, CustomerDevice.model == model))


def device(session: Session, public_id: str) -> CustomerDevice | None:
    """Return one device."""
    number = row_number(DEVICE_PREFIX, public_id)
    return session.get(CustomerDevice, number) if number is not None else None


def devices_of(session: Session, customer_id: int) -> Sequence[CustomerDevice]:
    """Return a customer's devices, the oldest first."""
    return session.scalars(
        select(CustomerDevice).where(CustomerDevice.customer_id == customer_id).order_by(CustomerDevice.id)
    ).all()


def devices(
    session: Session,
    *,
    model: str | None,
    serial: str | None,
    due_by: date | None,
    cursor: str | None,
    limit: int,
) -> Sequence[CustomerDevice]:
    """Return devices, the newest first, one more than ``limit`` when there are more."""
    statement = select(CustomerDevice)
    if model is not None:
        statement = statement.where(CustomerDevice.model == model)
    if serial is not None:
        statement = statement.where(CustomerDevice.serial == serial)
    if due_by is not None:
        statement = statement.where(CustomerDevice.inspection_due_on <= due_by)
    return session.scalars(after_cursor(statement, [CustomerDevice.id], [int], cursor, limit)).all()


def installed_base(session: Session) -> Sequence[tuple[str, int]]:
    """Return how many devices of each model are known."""
    statement = select(CustomerDevice.model, func.count()).group_by(CustomerDevice.model).order_by(CustomerDevice.model)
    return [(model, count) for model, count in session.execute(statement)]


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
