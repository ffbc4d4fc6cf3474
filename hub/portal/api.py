"""HTTP for staff: the customer's link, and which photos the page shows."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from hub.captures.blobs import BlobStore
from hub.core.documented import refusals
from hub.core.settings import Settings
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.portal import links, pictures, queries
from hub.portal.schemas import CustomerLink, LinkOut, LinkWanted, ReleaseOut
from hub.tickets import attachments
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.attachments_api import AttachmentId

router = APIRouter(prefix="/api/v1/tickets", tags=["customer page"])
_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
_PHOTO = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, attachments.ATTACHMENT_NOT_FOUND)


@router.post(
    "/{ticket}/customer-link",
    summary="Get the link of a ticket's page",
    responses=refusals(*_ONE, links.NO_PUBLIC_ADDRESS),
)
def get_customer_link(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    wanted: Annotated[LinkWanted | None, Body()] = None,
) -> CustomerLink:
    """The link to send or to print (T10); the present one, or a new one where none lasts two more weeks."""
    settings: Settings = request.app.state.settings
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        caller.require(Permission.CONTACT_READ)
        if wanted is not None and wanted.renew:
            links.revoke_all(session, caller, found)
        row = links.usable_or_new(session, caller, found)
        url = links.address(settings, row)
        return CustomerLink(url=url, qr_svg=links.qr_svg(url).decode(), expires_at=row.expires_at)


@router.get("/{ticket}/customer-links", summary="List the links of a ticket's page", responses=refusals(*_ONE))
def list_customer_links(database: HubDatabase, caller: Caller, ticket: TicketId) -> list[LinkOut]:
    """Every link that was issued, the newest first; their tokens are stored nowhere."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.CONTACT_READ)
        return [LinkOut.of(row) for row in queries.links(session, found.id)]


@router.delete(
    "/{ticket}/customer-links",
    status_code=204,
    summary="Revoke the links of a ticket's page",
    responses=refusals(*_ONE),
)
def revoke_customer_links(database: HubDatabase, caller: Caller, ticket: TicketId) -> None:
    """All of them are useless from now on, whoever has them."""
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        caller.require(Permission.CONTACT_READ)
        links.revoke_all(session, caller, found)


@router.put(
    "/{ticket}/attachments/{attachment}/release",
    status_code=201,
    summary="Show a photo to the customer",
    responses=refusals(*_PHOTO, pictures.NOT_A_PHOTO),
)
def release_photo(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    attachment: AttachmentId,
    response: Response,
) -> ReleaseOut:
    """The page shows it from now on, made small and without its metadata. Photos are not shown unless released."""
    store: BlobStore = request.app.state.attachments
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        photo = attachments.get(session, caller, found, attachment)
        new = pictures.release(session, store, caller, found, photo)
    response.status_code = 201 if new else 200
    return ReleaseOut(attachment=attachment, released=True)


@router.delete(
    "/{ticket}/attachments/{attachment}/release",
    status_code=204,
    summary="Show a photo to the customer no more",
    responses=refusals(*_PHOTO),
)
def withdraw_photo(database: HubDatabase, caller: Caller, ticket: TicketId, attachment: AttachmentId) -> None:
    """The photo stays with the ticket."""
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        pictures.withdraw(session, caller, found, attachments.get(session, caller, found, attachment))
