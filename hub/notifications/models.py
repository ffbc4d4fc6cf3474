"""Tables of notifications."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime
from hub.core.ids import public_id

PREFIX = "N"


class Notification(Table, table=True):
    """One message on its way (T9): the outbox. ``state`` changes through ``service.move`` only.

    Personal data is in ``address``, ``subject`` and ``body`` alone, and erasing a customer empties them. ``due_at``
    is when it may be tried; while it is being sent, when a sender that has not come back counts as dead.
    """

    __tablename__ = "notification"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    event_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="event.id")
    ticket_id: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="ticket.id")
    customer_id: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="customer.id")
    audience: Mapped[str] = Field(max_length=16)
    channel: Mapped[str] = Field(max_length=16)
    template: Mapped[str] = Field(max_length=64)
    language: Mapped[str] = Field(max_length=8)
    address: Mapped[str | None] = Field(default=None, max_length=254)
    subject: Mapped[str | None] = Field(default=None, sa_type=Text)
    body: Mapped[str | None] = Field(default=None, sa_type=Text)
    state: Mapped[str] = Field(max_length=16)
    reason: Mapped[str | None] = Field(default=None, max_length=200)
    attempts: Mapped[int] = Field(default=0)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    due_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    sent_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("event_id", "template", "channel"),
        CheckConstraint("attempts >= 0", name="attempts_range"),
        Index("ix_notification_due", "state", "due_at"),
        Index("ix_notification_ticket", "ticket_id", "id"),
        Index("ix_notification_customer", "customer_id", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know it by."""
        return public_id(PREFIX, self.id)


class ContactPreference(Table, table=True):
    """How a customer wants to be told. Without a row: the first channel that works, in the hub's language."""

    __tablename__ = "contact_preference"

    customer_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="customer.id", primary_key=True)
    channel: Mapped[str | None] = Field(default=None, max_length=16)
    language: Mapped[str | None] = Field(default=None, max_length=8)
    wecom: Mapped[str | None] = Field(default=None, max_length=128)
    opted_out: Mapped[bool] = Field(default=False)
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
