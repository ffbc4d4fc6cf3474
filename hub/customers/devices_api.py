"""HTTP: devices in customers' hands."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.customers import devices, queries, service, tiers
from hub.customers.models import CustomerDevice
from hub.customers.schemas import DeviceChange, DeviceOut, DueOut, InstalledOut, NewDevice
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, devices.DEVICE_NOT_FOUND)
DeviceId = Annotated[str, Path(max_length=40, description="The device's number.", examples=["D-000012"])]
Text = Annotated[str | None, Query(max_length=64)]


@router.post(
    "",
    status_code=201,
    summary="Add a device",
    responses=refusals(*_COMMON, devices.DEVICE_EXISTS, service.CUSTOMER_NOT_FOUND),
)
def create_device(database: HubDatabase, caller: Caller, wanted: NewDevice, response: Response) -> DeviceOut:
    """Know a device by model and serial. Intakes do so by themselves; this is no stock."""
    with database.write() as session:
        shown = _shown(devices.create(session, caller, wanted), caller)
    response.headers["Location"] = f"/api/v1/devices/{shown.id}"
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("", summary="List devices", responses=refusals(*_COMMON, BAD_CURSOR, service.CUSTOMER_NOT_FOUND))
def list_devices(
    *,
    database: HubDatabase,
    caller: Caller,
    model: Text = None,
    serial: Text = None,
    customer: Text = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[DeviceOut]:
    """Devices in customers' hands, the newest first."""
    caller.require(Permission.DEVICE_READ)
    with database.read() as session:
        owner = service.get(session, caller, customer).id if customer is not None else None
        found = queries.devices(
            session, caller, model=model, serial=serial, customer_id=owner, cursor=cursor, limit=limit
        )
        rows, following = split_page(found, limit, lambda row: [row.id])
        return Page(items=[_shown(row, caller) for row in rows], next=following)


@router.get("/installed-base", summary="Count devices per model", responses=refusals(*_COMMON))
def show_installed_base(database: HubDatabase, caller: Caller) -> list[InstalledOut]:
    """How many devices of each model are in customers' hands (M3)."""
    caller.require(Permission.DEVICE_READ)
    with database.read() as session:
        return [
            InstalledOut(model=row[0], devices=row[1], with_customer=row[2], under_inspection=row[3])
            for row in queries.installed(session)
        ]


@router.get("/inspections-due", summary="List devices due for inspection", responses=refusals(*_COMMON))
def list_inspections_due(
    database: HubDatabase,
    caller: Caller,
    model: Text = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[DueOut]:
    """Overdue, due, or due within 14 days, the earliest first (M3)."""
    caller.require(Permission.DEVICE_READ)
    with database.read() as session:
        zone = calendars.time_zone(session)
        found = devices.inspections(session, caller, now().astimezone(zone).date(), model=model, limit=limit)
        policy = tiers.in_force(session)
        owners = {one.device.customer_id for one in found if one.device.customer_id is not None}
        tier_of = queries.tiers_of(session, owners)
        return [
            DueOut(
                device=_shown(one.device, caller),
                due_on=one.due_on,
                state=one.state.value,
                on_site=policy.benefits(tier_of.get(one.device.customer_id or 0)).on_site_check,
                reminded=one.reminded,
            )
            for one in found
        ]


@router.get("/{device}", summary="Show a device", responses=refusals(*_ONE))
def show_device(database: HubDatabase, caller: Caller, device: DeviceId, response: Response) -> DeviceOut:
    """One device."""
    with database.read() as session:
        shown = _shown(devices.get(session, caller, device), caller)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch(
    "/{device}",
    summary="Change a device",
    responses=refusals(*_ONE, devices.DEVICE_NOT_FOUND, service.CUSTOMER_NOT_FOUND, STALE_VERSION, BAD_IF_MATCH),
)
def change_device(
    *,
    database: HubDatabase,
    caller: Caller,
    device: DeviceId,
    wanted: DeviceChange,
    expected: Expected,
    response: Response,
) -> DeviceOut:
    """Say whose it is, and when it is inspected (M3)."""
    with database.write() as session:
        shown = _shown(devices.change(session, caller, device, wanted, expected), caller)
    response.headers["ETag"] = etag(shown.version)
    return shown


def _shown(row: CustomerDevice, caller: Actor) -> DeviceOut:
    return DeviceOut.of(row, with_customer=caller.may(Permission.CUSTOMER_READ))
