"""One function per command on devices in customers' hands, and which are due for inspection (M1, M3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.problems import Problem, ProblemType
from hub.customers import queries, tiers
from hub.customers.models import CustomerDevice
from hub.customers.schemas import DeviceChange, NewDevice
from hub.customers.service import get as get_customer
from hub.dispatch.service import DISPATCHER
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets.models import Ticket

LEAD = timedelta(days=14)
"""How long before an inspection its owner is reminded."""
DEVICE_NOT_FOUND = ProblemType(
    "device-not-found",
    404,
    {"en": "No such device", "zh-CN": "设备不存在"},
    {"en": "There is no device {device}.", "zh-CN": "没有设备 {device}。"},
)
DEVICE_EXISTS = ProblemType(
    "device-exists",
    409,
    {"en": "The device is known", "zh-CN": "设备已登记"},
    {
        "en": "{model} {serial} is {device} already; change that record.",
        "zh-CN": "{model} {serial} 已登记为 {device}；请修改该记录。",
    },
)


class Due(StrEnum):
    """How an inspection stands on a day."""

    OVERDUE = "overdue"
    DUE = "due"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A device that is to be inspected, or will be within the lead time."""

    device: CustomerDevice
    due_on: date
    state: Due

    @property
    def reminded(self) -> bool:
        """Whether its owner was reminded of this due day."""
        return self.device.reminded_for == self.due_on


def due(devices: Iterable[CustomerDevice], today: date, lead: timedelta = LEAD) -> list[Inspection]:
    """Return which devices are overdue, due today, or due within ``lead``, the earliest first."""
    found = []
    for device in devices:
        if device.inspection_due_on is None or device.inspection_due_on > today + lead:
            continue
        state = Due.OVERDUE if device.inspection_due_on < today else Due.DUE
        if device.inspection_due_on > today:
            state = Due.COMING
        found.append(Inspection(device, device.inspection_due_on, state))
    return sorted(found, key=lambda one: (one.due_on, one.device.id))


def next_due(done_on: date, every_days: int) -> date:
    """Return when a device that was inspected on a day is due again."""
    return done_on + timedelta(days=every_days)


def due_inspections(session: Session, at: datetime, limit: int = 500) -> int:
    """Remind of every inspection that is near or past, each once; return how many (M3). A job calls this.

    The event tells whose device it is and whether the check is made at their home; who is told by it is a matter of
    the notification policy.
    """
    today = at.astimezone(calendars.time_zone(session)).date()
    found = queries.devices_to_remind(session, today + LEAD, limit)
    policy = tiers.in_force(session)
    tier_of = queries.tiers_of(session, {one.customer_id for one in found if one.customer_id is not None})
    for one in due(found, today):
        device = one.device
        device.reminded_for = one.due_on
        tier = tier_of.get(device.customer_id) if device.customer_id is not None else None
        facts = {
            "model": device.model,
            "serial": device.serial,
            "due_on": one.due_on.isoformat(),
            "state": one.state.value,
            "on_site": policy.benefits(tier).on_site_check,
        }
        session.flush()
        events.append(session, DISPATCHER, "device.inspection_due", device.record, facts)
    return len(found)


def note_inspected(session: Session, ticket: Ticket) -> None:
    """Plan a device's next inspection, as one was just recorded at a ticket."""
    device = queries.device_by_serial(session, ticket.model, ticket.serial)
    if device is None or device.inspect_every_days is None:
        return
    device.inspection_due_on = next_due(now().date(), device.inspect_every_days)
    session.flush()


def create(session: Session, actor: Actor, wanted: NewDevice) -> CustomerDevice:
    """Know a device; its serial and model belong to one record for ever."""
    actor.require(Permission.DEVICE_WRITE)
    found = queries.device_by_serial(session, wanted.model, wanted.serial)
    if found is not None:
        raise Problem(DEVICE_EXISTS, model=wanted.model, serial=wanted.serial, device=found.public_id)
    owner = get_customer(session, actor, wanted.customer) if wanted.customer is not None else None
    at = now()
    device = CustomerDevice(
        model=wanted.model,
        serial=wanted.serial,
        customer_id=owner.id if owner else None,
        bought_on=wanted.bought_on,
        inspect_every_days=wanted.inspect_every_days,
        created_at=at,
    )
    if wanted.inspect_every_days is not None:
        device.inspection_due_on = next_due(wanted.bought_on or at.date(), wanted.inspect_every_days)
    session.add(device)
    session.flush()
    facts = {"model": device.model, "serial": device.serial, "inspect_every_days": device.inspect_every_days}
    events.append(session, actor, "device.created", device.record, facts)
    return device


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> CustomerDevice:
    """Return a device; raise not-found before forbidden."""
    device = queries.device(session, actor, public_id, for_update=for_update)
    if device is None:
        raise Problem(DEVICE_NOT_FOUND, device=public_id[:40])
    actor.require(Permission.DEVICE_READ)
    return device


def change(
    session: Session, actor: Actor, public_id: str, wanted: DeviceChange, expected: Precondition
) -> CustomerDevice:
    """Change whose a device is, or when it is inspected."""
    device = get(session, actor, public_id, for_update=True)
    actor.require(Permission.DEVICE_WRITE)
    expected.check(device.version)
    changes = wanted.model_dump(exclude_unset=True)
    if "customer" in changes:
        number = changes.pop("customer")
        changes["customer_id"] = None if number is None else get_customer(session, actor, number).id
    if changes.get("inspect_every_days") and "inspection_due_on" not in changes:
        changes["inspection_due_on"] = next_due(device.bought_on or now().date(), changes["inspect_every_days"])
    if "inspect_every_days" in changes and changes["inspect_every_days"] is None:
        changes["inspection_due_on"] = None
    changes = {name: value for name, value in changes.items() if getattr(device, name) != value}
    for name, value in changes.items():
        setattr(device, name, value)
    if changes:
        session.flush()
        events.append(session, actor, "device.changed", device.record, {"changed": sorted(changes)})
    return device


def inspections(session: Session, actor: Actor, today: date, *, model: str | None, limit: int) -> Sequence[Inspection]:
    """Return what is overdue, due or coming, the earliest first."""
    return due(queries.devices_due(session, actor, today + LEAD, model, limit), today)
