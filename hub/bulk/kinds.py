"""What can be imported and exported: columns in both languages, a row as a body, a body taken in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from hub.core.i18n import Words
from hub.core.ids import public_id
from hub.core.problems import Problem
from hub.customers import devices, queries, service
from hub.customers.models import CUSTOMER_PREFIX
from hub.customers.registry import ContactFacts
from hub.customers.schemas import NewCustomer, NewDevice
from hub.dispatch import desk
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets import queries as ticket_queries
from hub.tickets import service as tickets
from hub.tickets.models import Ticket
from hub.tickets.schemas import NewTicket


class Kind(StrEnum):
    """What a file has rows of."""

    CUSTOMERS = "customers"
    DEVICES = "devices"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``path`` is where its value belongs in the body; a list is written with ``;`` between its members."""

    name: str
    chinese: str
    path: tuple[str, ...] = ()
    is_list: bool = False

    @property
    def title(self) -> Words:
        """The column's header in each language."""
        return {"en": self.name, "zh-CN": self.chinese}


Rows = list[Sequence[Any]]
Taken = tuple[str, bool]
"""The record's number, and whether it is new."""


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of one kind are read, taken in and written."""

    prefix: str
    imported: tuple[Column, ...]
    exported: tuple[Column, ...]
    body: type[BaseModel]
    may_import: Permission
    may_export: Permission
    take: Callable[[Session, Actor, Any], Taken]
    rows: Callable[[Session, Actor, int, int], Rows]

    def column(self, header: str) -> Column | None:
        """Return the column that a header names, in either language and however it is spaced."""
        wanted = header.strip().casefold().replace(" ", "_")
        return next((one for one in self.imported if wanted in {one.name, one.chinese.casefold()}), None)

    def assembled(self, values: Mapping[Column, str]) -> dict[str, Any]:
        """Return the body that a row's cells make; an empty cell is a member left out."""
        found: dict[str, Any] = {}
        for column, text in values.items():
            if not text:
                continue
            *above, last = column.path
            place = found
            for name in above:
                place = place.setdefault(name, {})
            place[last] = [one.strip() for one in text.split(";") if one.strip()] if column.is_list else text
        return found


def _take_customer(session: Session, actor: Actor, body: NewCustomer) -> Taken:
    actor.require(Permission.CUSTOMER_WRITE)
    owners = {one.id: one for one in queries.owners(session, [(k, key) for k, _, key in body.points()]).values()}
    if len(owners) == 1:
        (known,) = owners.values()
        return known.public_id, False
    return service.create(session, actor, body).public_id, True


class DeviceRow(NewDevice):
    """A device whose owner may be named by a telephone number."""

    customer_phone: str | None = None


def _take_device(session: Session, actor: Actor, body: DeviceRow) -> Taken:
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
            raise Problem(service.CUSTOMER_NOT_FOUND, customer=body.customer_phone)
        values["customer"] = owner.public_id
    return devices.create(session, actor, NewDevice.model_validate(values)).public_id, True


def _take_ticket(session: Session, actor: Actor, body: NewTicket) -> Taken:
    ticket = tickets.create(session, actor, body)
    desk.follow(session, ticket, "create")
    return ticket.public_id, True


def _customer_rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
    found = queries.customers_after(session, actor, after, limit)
    service.note_access(session, actor, found, "customer.exported")
    points = queries.contact_points_of(session, [one.id for one in found])
    rows: Rows = []
    for one in found:
        mine = points.get(one.id, ())
        ways = [";".join(point.value for point in mine if point.kind == kind) for kind in ("phone", "email")]
        rows.append([one.public_id, one.name, *ways, one.tier, one.spent_minor, one.purchases, one.created_at])
    return rows


def _device_rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
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


def _ticket_rows(session: Session, actor: Actor, after: int, limit: int) -> Rows:
    statement = ticket_queries.visible_tickets(actor).where(Ticket.id > after).order_by(Ticket.id).limit(limit)
    personal = actor.may(Permission.CONTACT_READ)
    found = session.scalars(statement).all()
    if personal:
        owners = {one.customer_id for one in found if one.customer_id is not None}
        service.note_access_to(session, actor, sorted(owners), "customer.exported")
    return [
        [
            one.public_id,
            one.kind,
            one.state,
            one.priority,
            one.channel,
            one.store,
            one.model,
            one.serial,
            one.symptom,
            one.fault,
            one.urgency,
            *([one.contact_name, one.contact_phone, one.contact_email] if personal else [None] * 3),
            one.bench,
            one.created_at,
            one.closed_at,
        ]
        for one in found
    ]


_NUMBER = Column("number", "编号")
TABLES: dict[Kind, Table] = {
    Kind.CUSTOMERS: Table(
        prefix="C",
        imported=(
            Column("name", "姓名", ("name",)),
            Column("phones", "电话", ("phones",), is_list=True),
            Column("emails", "邮箱", ("emails",), is_list=True),
        ),
        exported=(
            _NUMBER,
            Column("name", "姓名"),
            Column("phones", "电话"),
            Column("emails", "邮箱"),
            Column("tier", "会员等级"),
            Column("spent_minor", "消费额（分）"),
            Column("purchases", "购买次数"),
            Column("created_at", "建档时间"),
        ),
        body=NewCustomer,
        may_import=Permission.CUSTOMER_WRITE,
        may_export=Permission.CUSTOMER_EXPORT,
        take=_take_customer,
        rows=_customer_rows,
    ),
    Kind.DEVICES: Table(
        prefix="D",
        imported=(
            Column("model", "型号", ("model",)),
            Column("serial", "序列号", ("serial",)),
            Column("customer", "客户编号", ("customer",)),
            Column("customer_phone", "客户电话", ("customer_phone",)),
            Column("bought_on", "购买日期", ("bought_on",)),
            Column("inspect_every_days", "检查周期（天）", ("inspect_every_days",)),
        ),
        exported=(
            _NUMBER,
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
        take=_take_device,
        rows=_device_rows,
    ),
    Kind.TICKETS: Table(
        prefix="T",
        imported=(
            Column("kind", "类型", ("kind",)),
            Column("channel", "渠道", ("channel",)),
            Column("store", "门店", ("store",)),
            Column("model", "型号", ("device", "model")),
            Column("serial", "序列号", ("device", "serial")),
            Column("symptom", "故障现象", ("symptom",)),
            Column("fault", "故障代码", ("fault",)),
            Column("urgency", "紧急程度", ("urgency",)),
            Column("contact_name", "联系人", ("contact", "name")),
            Column("contact_phone", "联系电话", ("contact", "phone")),
            Column("contact_email", "联系邮箱", ("contact", "email")),
            Column("proof_kind", "凭证类型", ("purchase_proof", "kind")),
            Column("proof_number", "凭证编号", ("purchase_proof", "number")),
            Column("accessories", "配件", ("accessories",), is_list=True),
            Column("appearance", "外观", ("appearance",)),
            Column("waited_s", "等待秒数", ("waited_s",)),
        ),
        exported=(
            _NUMBER,
            Column("kind", "类型"),
            Column("state", "状态"),
            Column("priority", "优先级"),
            Column("channel", "渠道"),
            Column("store", "门店"),
            Column("model", "型号"),
            Column("serial", "序列号"),
            Column("symptom", "故障现象"),
            Column("fault", "故障代码"),
            Column("urgency", "紧急程度"),
            Column("contact_name", "联系人"),
            Column("contact_phone", "联系电话"),
            Column("contact_email", "联系邮箱"),
            Column("bench", "工位"),
            Column("created_at", "受理时间"),
            Column("closed_at", "关闭时间"),
        ),
        body=NewTicket,
        may_import=Permission.TICKET_CREATE,
        may_export=Permission.TICKET_READ,
        take=_take_ticket,
        rows=_ticket_rows,
    ),
}
