"""All SQL of the customer's page."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.events.models import Event
from hub.portal.models import PhotoRelease, PortalLink
from hub.tickets.models import Attachment


def link(session: Session, number: int) -> PortalLink | None:
    """Return one link."""
    return session.get(PortalLink, number)


def links(session: Session, ticket_id: int) -> Sequence[PortalLink]:
    """Return a ticket's links, the newest first."""
    statement = select(PortalLink).where(PortalLink.ticket_id == ticket_id)
    return session.scalars(statement.order_by(PortalLink.id.desc())).all()


def revoke_links(session: Session, ticket_ids: Sequence[int], at: datetime) -> None:
    """Make every link of some tickets useless."""
    session.execute(
        update(PortalLink)
        .where(PortalLink.ticket_id.in_(ticket_ids), PortalLink.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def usable_link(session: Session, ticket_id: int, until: datetime) -> PortalLink | None:
    """Return the newest link that is not revoked and lasts beyond ``until``."""
    statement = select(PortalLink).where(
        PortalLink.ticket_id == ticket_id, PortalLink.revoked_at.is_(None), PortalLink.expires_at > until
    )
    return session.scalar(statement.order_by(PortalLink.id.desc()).limit(1))


def released_photos(session: Session, ticket_id: int) -> Sequence[Attachment]:
    """Return the photos that the customer may see, the oldest first."""
    statement = (
        select(Attachment)
        .join(PhotoRelease, PhotoRelease.attachment_id == Attachment.id)
        .where(Attachment.ticket_id == ticket_id)
    )
    return session.scalars(statement.order_by(Attachment.id)).all()


def release(session: Session, attachment_id: int) -> PhotoRelease | None:
    """Return whether and when a photo was released."""
    return session.get(PhotoRelease, attachment_id)


def events_of_kinds(session: Session, record: tuple[str, str], kinds: Sequence[str], limit: int) -> Sequence[Event]:
    """Return a record's newest events of some kinds, the newest first."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1], Event.kind.in_(kinds))
    return session.scalars(statement.order_by(Event.id.desc()).limit(limit)).all()
