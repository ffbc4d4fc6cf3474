"""Customers' links: issue, find again, revoke (T10)."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.core.settings import Settings
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission, Role
from hub.portal import queries, tokens
from hub.portal.keys import signing_key
from hub.portal.models import PortalLink
from hub.tickets.models import Ticket

LASTS = timedelta(days=90)
RENEW_BEFORE = timedelta(days=14)
"""A link that is sent lasts at least so long."""
NO_PUBLIC_ADDRESS = ProblemType(
    "no-public-address",
    409,
    {"en": "The hub does not know its public address", "zh-CN": "服务器未配置公开地址"},
    {
        "en": "Set public_url (BENCHWRIGHT_HUB_PUBLIC_URL) to the address at which customers reach the hub.",
        "zh-CN": "请将 public_url（BENCHWRIGHT_HUB_PUBLIC_URL）设为客户访问服务器的地址。",
    },
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by a link that holds."""

    link: PortalLink
    ticket: Ticket

    @property
    def actor(self) -> Actor:
        """The customer as services know one: the link is a key to one ticket of any kind, and to two things on it."""
        return Actor(
            kind="customer",
            id=self.link.public_id,
            name="customer",
            role=Role.STAFF,
            scopes=frozenset({Permission.TICKET_READ, Permission.TICKET_SERVE, Permission.COMPLAINT_READ}),
        )


def link_for(session: Session, settings: Settings, ticket: Ticket, actor: Actor) -> str | None:
    """Return the address of a ticket's page, of a link that holds for two weeks at least; made new where none is.

    ``None`` while the hub does not know its public address.
    """
    if settings.public_url is None:
        return None
    return address(settings, usable_or_new(session, actor, ticket))


def usable_or_new(session: Session, actor: Actor, ticket: Ticket) -> PortalLink:
    """Return the newest link that still lasts long enough, made new where there is none."""
    return queries.usable_link(session, ticket.id, now() + RENEW_BEFORE) or issue(session, actor, ticket)


def issue(session: Session, actor: Actor, ticket: Ticket) -> PortalLink:
    """Make a new link; those before go on until they expire or are revoked."""
    at = now()
    row = PortalLink(ticket_id=ticket.id, issued_at=at, issued_by=actor.person, expires_at=at + LASTS)
    session.add(row)
    session.flush()
    events.append(session, actor, "ticket.link_issued", ticket.record, {"link": row.public_id})
    return row


def revoke_all(session: Session, actor: Actor, ticket: Ticket) -> int:
    """Make every link of a ticket useless from now on; return how many were not before."""
    open_links = [row for row in queries.links(session, ticket.id) if row.revoked_at is None]
    for row in open_links:
        row.revoked_at = now()
    if open_links:
        names = [row.public_id for row in open_links]
        events.append(session, actor, "ticket.links_revoked", ticket.record, {"links": names})
    return len(open_links)


def address(settings: Settings, row: PortalLink) -> str:
    """Return the address that a link stands for; raise the no-public-address problem."""
    if settings.public_url is None:
        raise Problem(NO_PUBLIC_ADDRESS)
    return f"{settings.public_url}/t/{tokens.sign(signing_key(settings), row.id, row.expires_at)}"


def visit(session: Session, settings: Settings, token: str) -> Visit | None:
    """Return whose page a token opens; ``None`` for one that is forged, expired or revoked."""
    said = tokens.read(signing_key(settings), token)
    if said is None or said.expires_at <= now():
        return None
    row = queries.link(session, said.link)
    if row is None or row.revoked_at is not None or row.expires_at <= now():
        return None
    return Visit(row, session.get_one(Ticket, row.ticket_id))


def qr_svg(text: str) -> bytes:
    """Return a QR code as an SVG document of its own, with the quiet zone that scanners want."""
    import io

    import segno  # only who prints or shows a code needs it

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=4, scale=4, nl=False)
    return out.getvalue()
