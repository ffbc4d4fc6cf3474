"""HTTP: customers. Whoever reads personal data leaves an event."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.customers import erasing, exporting, queries, registry, service, tiers
from hub.customers.models import Customer
from hub.customers.schemas import (
    AccessOut,
    CustomerChange,
    CustomerDetail,
    CustomerOut,
    DeviceOut,
    ErasedOut,
    ErasureIn,
    MergeIn,
    NewCustomer,
    NewPurchase,
    PurchaseOut,
    TicketLine,
    benefits_out,
)
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED

router = APIRouter(prefix="/api/v1/customers", tags=["customers"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.CUSTOMER_NOT_FOUND)
_CHANGE = (UNAUTHENTICATED, FORBIDDEN, service.CUSTOMER_NOT_FOUND, service.NOT_A_CUSTOMER_NOW)
_RECORDED = {200: {"model": CustomerOut, "description": "The very purchase was recorded before."}}
_WHOLE = (service.OTHER_STORES_TOO,)
CustomerId = Annotated[str, Path(max_length=40, description="The customer's number.", examples=["C-000007"])]
Text = Annotated[str | None, Query(min_length=1, max_length=128)]


@router.post("", status_code=201, summary="Add a customer", responses=refusals(*_COMMON, service.CONTACT_TAKEN))
def create_customer(database: HubDatabase, caller: Caller, wanted: NewCustomer, response: Response) -> CustomerDetail:
    """Know somebody new (M1). Intakes do so by themselves; a contact belongs to one customer."""
    with database.write() as session:
        shown = _detail(session, caller, service.create(session, caller, wanted))
    response.headers["Location"] = f"/api/v1/customers/{shown.id}"
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("", summary="Find customers", responses=refusals(*_COMMON, BAD_CURSOR))
def list_customers(
    *,
    database: HubDatabase,
    caller: Caller,
    phone: Text = None,
    email: Text = None,
    name: Annotated[str | None, Query(min_length=1, max_length=128, description="How the name begins.")] = None,
    tier: Annotated[str | None, Query(max_length=32)] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[CustomerOut]:
    """Customers with this contact, name or tier, the newest first; contacts are masked, and the look is logged."""
    caller.require(Permission.CUSTOMER_READ)
    point = ("phone", registry.phone_key(phone)) if phone else None
    if email:
        point = ("email", registry.email_key(email))
    with database.write() as session:
        found = queries.customers(session, caller, point=point, name=name, tier=tier, cursor=cursor, limit=limit)
        rows, following = split_page(found, limit, lambda row: [row.id])
        service.note_access(session, caller, rows, "customer.listed")
        points = queries.contact_points_of(session, [row.id for row in rows])
        items = [CustomerOut(**CustomerOut.fields_of(row, points.get(row.id, ()), masked=True)) for row in rows]
        return Page(items=items, next=following)


@router.get("/{customer}", summary="Show a customer", responses=refusals(*_ONE))
def show_customer(database: HubDatabase, caller: Caller, customer: CustomerId, response: Response) -> CustomerDetail:
    """A customer with contacts, tier and benefits, devices and tickets. Who looked is logged (M1)."""
    with database.write() as session:
        found = service.get(session, caller, customer)
        service.note_access(session, caller, [found], "customer.read")
        shown = _detail(session, caller, found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch(
    "/{customer}",
    summary="Change a customer",
    responses=refusals(*_CHANGE, service.CONTACT_TAKEN, service.NO_CONTACT, STALE_VERSION, BAD_IF_MATCH),
)
def change_customer(
    *,
    database: HubDatabase,
    caller: Caller,
    customer: CustomerId,
    wanted: CustomerChange,
    expected: Expected,
    response: Response,
) -> CustomerDetail:
    """Keep name and contacts current; a list replaces the whole list."""
    with database.write() as session:
        found = service.change(session, caller, customer, wanted, expected)
        service.note_access(session, caller, [found], "customer.read")
        shown = _detail(session, caller, found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/{customer}/purchases", summary="List a customer's purchases", responses=refusals(*_ONE))
def list_purchases(database: HubDatabase, caller: Caller, customer: CustomerId) -> list[PurchaseOut]:
    """What the tier is computed from, the newest first."""
    with database.write() as session:
        found = service.get(session, caller, customer)
        service.note_access(session, caller, [found], "customer.read")
        return [PurchaseOut.of(row) for row in queries.purchases_of(session, found.id)]


@router.post(
    "/{customer}/purchases",
    status_code=201,
    summary="Record a purchase",
    responses=refusals(*_CHANGE, service.PURCHASE_TAKEN, answers=_RECORDED),
)
def add_purchase(
    database: HubDatabase, caller: Caller, customer: CustomerId, wanted: NewPurchase, response: Response
) -> CustomerOut:
    """The tier follows at once (M2), and with it the priority of open tickets. The same order again changes nothing."""
    with database.write() as session:
        found, _, new = service.add_purchase(session, caller, customer, wanted)
        response.status_code = 201 if new else 200
        return _line(session, found)


@router.delete(
    "/{customer}/purchases/{number}",
    summary="Take back a purchase",
    responses=refusals(*_CHANGE, service.PURCHASE_NOT_FOUND),
)
def take_back_purchase(
    database: HubDatabase,
    caller: Caller,
    customer: CustomerId,
    number: Annotated[str, Path(max_length=64, examples=["SO-20260131-0042"])],
) -> CustomerOut:
    """For goods that came back; the tier follows."""
    with database.write() as session:
        return _line(session, service.take_back_purchase(session, caller, customer, number))


@router.post(
    "/{customer}/merge",
    summary="Merge a customer into another",
    responses=refusals(*_CHANGE, *_WHOLE, service.INTO_ITSELF),
)
def merge_customer(database: HubDatabase, caller: Caller, customer: CustomerId, wanted: MergeIn) -> CustomerOut:
    """Two records of one person become one: contacts, devices, purchases and tickets go to `into` (M1)."""
    with database.write() as session:
        return _line(session, service.merge(session, caller, customer, wanted.into))


@router.get("/{customer}/export", summary="Export all data of a customer", responses=refusals(*_ONE, *_WHOLE))
def export_customer(database: HubDatabase, caller: Caller, customer: CustomerId) -> dict[str, Any]:
    """Everything that the hub knows of the person, to be handed to them; that it was made is logged."""
    with database.write() as session:
        return exporting.export(session, caller, customer)


@router.post(
    "/{customer}/erasure",
    summary="Erase a customer",
    responses=refusals(*_CHANGE, *_WHOLE, erasing.OPEN_TICKETS, erasing.NOT_CONFIRMED),
)
def erase_customer(
    request: Request, database: HubDatabase, caller: Caller, customer: CustomerId, wanted: ErasureIn
) -> ErasedOut:
    """Names, contacts, words, files and messages are gone for ever; figures and devices stay, without a person."""
    with database.write() as session:
        return erasing.erase(session, caller, request.app.state.attachments, customer, wanted.confirm)


@router.get("/{customer}/accesses", summary="List who read a customer's data", responses=refusals(*_ONE))
def list_accesses(database: HubDatabase, caller: Caller, customer: CustomerId, limit: Limit = 50) -> list[AccessOut]:
    """The newest first; for the person's own question, and for supervision (M1)."""
    with database.read() as session:
        found = service.get(session, caller, customer)
        caller.require(Permission.CUSTOMER_EXPORT)
        rows = queries.events_about(session, found.record, exporting.ACCESSES, limit)
        return [
            AccessOut(at=row.recorded_at, kind=row.kind, who=row.payload["by"], name=row.actor_name) for row in rows
        ]


def _line(session: Session, row: Customer) -> CustomerOut:
    return CustomerOut(**CustomerOut.fields_of(row, queries.contact_points(session, row.id), masked=True))


def _detail(session: Session, caller: Actor, row: Customer) -> CustomerDetail:
    return CustomerDetail(
        **CustomerOut.fields_of(row, queries.contact_points(session, row.id), masked=False),
        spent_minor=row.spent_minor,
        purchases=row.purchases,
        benefits=benefits_out(tiers.in_force(session).benefits(row.tier)),
        devices=[DeviceOut.of(one, with_customer=True) for one in queries.devices_of(session, row.id)],
        tickets=[TicketLine.of(one) for one in queries.newest_tickets_of(session, caller, row.id, limit=50)],
    )
