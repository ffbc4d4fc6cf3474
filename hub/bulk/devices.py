"""Devices as rows of a file."""

from sqlalchemy.orm import Session

from hub.bulk.tables import NUMBER, Column, Rows, Table, Taken
from hub.core.i18n import both
from hub.core.ids import public_id
from hub.core.problems import FieldError, Problem
from hub.customers import devices, queries, service
from hub.customers.models import CUSTOMER_PREFIX
from hub.customers.registry import ContactFacts
from hub.customers.schemas import NewDevice
from hub.identity.actors import Actor
from hub.identity.permissions import Permission


class DeviceRow(NewDevice):
    """A device whose owner may be named by a telephone number."""

    customer_phone: str | None = None


def _take(session: Session, actor: Actor, body: DeviceRow) -> Taken:
    found = queries.device_by_serial(session, body.model, body.serial)
    if found is not None:
        actor.require(Permission.DEVICE_WRITE)
        return found.public_id, False
    values = body.model_dump(exclude={"customer_phone"}, exclude_unset=True)
    if body.customer_phone is not None and body.customer is None:
        points = ContactFacts("", body.customer_phone, None).points()
        owners = queries.owners(session, [(kind, key) for kind, _, key in points])
        owner = next(iter(owners.values()), None)
        if owner is None:
            words = both("no customer has this telephone number", "没有使用该电话的客户")
            wrong = FieldError("#/customer_phone", words)
            raise Problem(service.CUSTOMER_NOT_FOUND, errors=(wrong,), customer=body.customer_phone)
        values["customer"] = owner.public_id
    return devices.create(session, actor, NewDevice.model_validate(values)).public_id, True


def _known_customer(session: Session, actor: Actor, number: str) -> None:
    service.get(session, actor, number)


def _rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
    known = actor.may(Permission.CUSTOMER_READ)
    return [
        [
            one.public_id,
            one.model,
            one.serial,
            public_id(CUSTOMER_PREFIX, one.customer_id) if known and one.customer_id is not None else None,
            one.bought_on,
            one.inspect_every_days,
            one.inspection_due_on,
        ]
        for one in queries.devices_after(session, actor, after, limit)
    ]


TABLE = Table(
    prefix="D",
    imported=(
        Column("model", "型号", ("model",)),
        Column("serial", "序列号", ("serial",)),
        Column("customer", "客户编号", ("customer",), check=_known_customer),
        Column("customer_phone", "客户电话", ("customer_phone",)),
        Column("bought_on", "购买日期", ("bought_on",)),
        Column("inspect_every_days", "检查周期（天）", ("inspect_every_days",), is_number=True),
    ),
    exported=(
        NUMBER,
        Column("model", "型号"),
        Column("serial", "序列号"),
        Column("customer", "客户编号"),
        Column("bought_on", "购买日期"),
        Column("inspect_every_days", "检查周期（天）"),
        Column("inspection_due_on", "下次检查"),
    ),
    body=DeviceRow,
    may_import=Permission.DEVICE_WRITE,
    may_export=Permission.DEVICE_READ,
    take=_take,
    rows=_rows,
)
