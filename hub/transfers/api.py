"""HTTP: transfers between stores, merging of tickets, and where devices are."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.dispatch import desk
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.stores.service import STORE_CLOSED, UNKNOWN_STORES
from hub.tickets import attachments
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.schemas import TicketOut
from hub.transfers import queries, service
from hub.transfers.schemas import (
    LocationOut,
    MergeIn,
    NewTransfer,
    TransferNote,
    TransferOut,
    TransferRefusal,
)

ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])
router = APIRouter(prefix="/api/v1/device-locations", tags=["tickets"])

_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
_ACT = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, tickets.ACTION_NOT_POSSIBLE, service.OTHER_STORE_DECIDES)
_RECEIVE = (
    UNAUTHENTICATED,
    FORBIDDEN,
    tickets.TICKET_NOT_FOUND,
    tickets.ACTION_NOT_POSSIBLE,
    service.OTHER_STORE_DECIDES,
    service.SENDER_RECEIVES,
)


@ticket_router.get("/{ticket}/transfers", summary="List a device's ways between stores", responses=refusals(*_ONE))
def list_transfers(database: HubDatabase, caller: Caller, ticket: TicketId) -> list[TransferOut]:
    """Every transfer of the ticket, the newest first."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        return [TransferOut.of(row) for row in queries.transfers_of(session, found.id)]


@ticket_router.post(
    "/{ticket}/transfer",
    status_code=201,
    summary="Send a device to another store",
    responses=refusals(*_ACT, STORE_CLOSED, UNKNOWN_STORES, service.SAME_STORE),
)
def send_device(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: NewTransfer) -> TransferOut:
    """The ticket leaves its bench and is `in_transit` until the other store receives or refuses the device."""
    with database.write() as session:
        found, transfer = service.send(session, caller, ticket, wanted.to_store, wanted.reason)
        desk.follow(session, found, "send")
        return TransferOut.of(transfer)


@ticket_router.delete("/{ticket}/transfer", summary="Call a device back", responses=refusals(*_ACT))
def call_device_back(database: HubDatabase, caller: Caller, ticket: TicketId) -> TransferOut:
    """End the transfer from the side that sent it."""
    with database.write() as session:
        found, transfer = service.call_back(session, caller, ticket)
        desk.follow(session, found, "call_back")
        return TransferOut.of(transfer)


@ticket_router.post("/{ticket}/transfer/receipt", summary="Receive a device", responses=refusals(*_RECEIVE))
def receive_device(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: TransferNote) -> TransferOut:
    """By somebody of the receiving store who did not send it; the ticket is the store's from now on."""
    with database.write() as session:
        found, transfer = service.receive(session, caller, ticket, wanted.note)
        desk.follow(session, found, "receive")
        return TransferOut.of(transfer)


@ticket_router.post("/{ticket}/transfer/refusal", summary="Refuse a device", responses=refusals(*_RECEIVE))
def refuse_device(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: TransferRefusal) -> TransferOut:
    """The ticket stays with the store that sent it."""
    with database.write() as session:
        found, transfer = service.refuse(session, caller, ticket, wanted.reason)
        desk.follow(session, found, "send_back")
        return TransferOut.of(transfer)


@ticket_router.post(
    "/{ticket}/merge",
    summary="Merge a ticket into another",
    responses=refusals(*_ACT, service.NOT_THE_SAME, service.MERGE_TARGET, attachments.TOO_MANY),
)
def merge_ticket(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: MergeIn) -> TicketOut:
    """For the same device or customer: its files go to the other ticket, which is answered; this one ends."""
    with database.write() as session:
        found, target = service.merge(session, caller, ticket, wanted.into, wanted.note)
        desk.follow(session, found, "merge")
        return TicketOut.of(target, caller)


@router.get("", summary="List where devices are", responses=refusals(UNAUTHENTICATED, FORBIDDEN, BAD_CURSOR))
def list_device_locations(
    *,
    database: HubDatabase,
    caller: Caller,
    store: Annotated[str | None, Query(max_length=64, description="Those that are there or on their way.")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[LocationOut]:
    """Every customer's device in our hands: in which store, at which bench, or on its way."""
    caller.require(Permission.TICKET_READ)
    caller.require(Permission.DEVICE_READ)
    with database.read() as session:
        found = queries.devices_in_our_hands(session, caller, store, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row[0].id])
        return Page(items=[LocationOut.of(row[0], row[1]) for row in rows], next=following)
