"""HTTP: papers as PDF."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.core.documented import refusals
from hub.core.i18n import Language, preferred_language
from hub.core.settings import Settings
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.papers import content, typesetting
from hub.portal import links
from hub.portal.models import PortalLink
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.models import Ticket

router = APIRouter(prefix="/api/v1/tickets", tags=["papers"])
_PDF = {200: {"description": "The paper.", "content": {"application/pdf": {"schema": {"type": "string"}}}}}
_REFUSED = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, typesetting.FONT_MISSING)
_ONE = refusals(*_REFUSED, answers=_PDF)
_REPORT = refusals(*_REFUSED, content.NOTHING_TO_REPORT, answers=_PDF)
Chosen = Annotated[Literal["en", "zh-CN"] | None, Query(description="Left out: the language of `Accept-Language`.")]
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
Make = Callable[[Session, Ticket, PortalLink | None, str | None, Language], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a paper of which ticket, and in which language."""

    settings: Settings
    database: Database
    caller: Actor
    ticket: str
    language: Language


def _order(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    language: Chosen = None,
    accept_language: Accepted = None,
) -> Order:
    chosen = language or preferred_language(accept_language)
    return Order(request.app.state.settings, database, caller, ticket, chosen)


Ordered = Annotated[Order, Depends(_order)]


@router.get("/{ticket}/slip.pdf", summary="Print a ticket's slip", response_class=Response, responses=_ONE)
def print_slip(order: Ordered) -> Response:
    """What was taken in, in words of the ticket's kind, for a receipt printer of 80 mm, with its QR code (T10)."""
    return _paper(order, "slip", content.slip)


@router.get("/{ticket}/report.pdf", summary="Print the report of a repair", response_class=Response, responses=_REPORT)
def print_report(order: Ordered) -> Response:
    """Plan, work, parts, time and readings before and after, on A4 (T13).

    For an inspection, an upgrade or an installation its result. 409 while nothing was planned, done or measured.
    """
    return _paper(order, "report", content.report)


def _paper(order: Order, template: str, make: Make) -> Response:
    """Issue the link first where none lasts (a change), then set the paper without holding the database."""
    settings, caller = order.settings, order.caller
    with order.database.write() as session:
        found = tickets.get(session, caller, order.ticket)
        caller.require(Permission.CONTACT_READ)
        link = links.usable_or_new(session, caller, found) if settings.public_url else None
        url = links.address(settings, link) if link else None
        filled = make(session, found, link, url, order.language)
        at = found.updated_at
    data = typesetting.pdf(template, filled, at, settings.fonts_dir)
    headers = {
        "Content-Disposition": f'inline; filename="{found.public_id}-{template}.pdf"',
        "Content-Language": order.language,
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="application/pdf", headers=headers)
