"""Tables of customers' links and of the photos that they show."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime
from hub.core.ids import public_id

LINK_PREFIX = "L"


class PortalLink(Table, table=True):
    """One link to a ticket's page. Its token is made from number, expiry and the hub's key, and is stored nowhere."""

    __tablename__ = "portal_link"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    issued_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    issued_by: Mapped[str] = Field(max_length=96)
    expires_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    revoked_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (Index("ix_portal_link_ticket", "ticket_id", "id"), {"sqlite_autoincrement": True})

    @property
    def public_id(self) -> str:
        """The number that staff and events know the link by; it opens nothing."""
        return public_id(LINK_PREFIX, self.id)


class PhotoRelease(Table, table=True):
    """A photo of a ticket that its customer may see."""

    __tablename__ = "photo_release"

    attachment_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="attachment.id", ondelete="CASCADE", primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )  # fmt: skip
    released_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    released_by: Mapped[str] = Field(max_length=96)
