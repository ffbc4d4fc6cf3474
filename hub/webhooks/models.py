"""Tables of webhooks."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "WH"
_List = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class WebhookEndpoint(Versioned, Table, table=True):
    """Where events are pushed to. ``stores`` are those whose records it hears of; none: every store's.

    It hears of what its owner (``owner_kind``, ``owner_id``: the account or the key that made it) may read when a
    message is sent, so that a role that is taken away takes the messages with it. ``made_by`` is the person behind it.
    The secret has to be kept as it is: each message is signed with it. After a rotation the former one signs too,
    until ``former_until``.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    url: Mapped[str] = Field(max_length=500)
    description: Mapped[str | None] = Field(default=None, max_length=200)
    events: Mapped[list[Any]] = Field(sa_type=Json)
    stores: Mapped[list[Any] | None] = Field(default=None, sa_type=_List)
    secret: Mapped[str] = Field(max_length=80)
    former_secret: Mapped[str | None] = Field(default=None, max_length=80)
    former_until: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    made_by: Mapped[str] = Field(max_length=80)
    owner_kind: Mapped[str] = Field(max_length=16)
    owner_id: Mapped[str] = Field(max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    failing_since: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    disabled_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    disabled_because: Mapped[str | None] = Field(default=None, max_length=32)

    __table_args__ = ({"sqlite_autoincrement": True},)

    @property
    def public_id(self) -> str:
        """The number that people know it by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The endpoint as events name it."""
        return ("webhook", self.public_id)


class WebhookDelivery(Table, table=True):
    """One event on its way to one endpoint. ``state`` changes through ``service.move`` only."""

    __tablename__ = "webhook_delivery"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    endpoint_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="webhook_endpoint.id")
    event_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="event.id")
    state: Mapped[str] = Field(max_length=16)
    attempts: Mapped[int] = Field(default=0)
    due_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    delivered_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        CheckConstraint("attempts >= 0", name="attempts_range"),
        Index("ix_webhook_delivery_due", "endpoint_id", "state", "due_at"),
        Index("ix_webhook_delivery_endpoint", "endpoint_id", "id"),
        {"sqlite_autoincrement": True},
    )


class WebhookAttempt(Table, table=True):
    """The log: how one attempt went. Without a status, ``error`` says why there was none."""

    __tablename__ = "webhook_attempt"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    delivery_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="webhook_delivery.id")
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    duration_ms: Mapped[int]
    status: Mapped[int | None] = Field(default=None)
    error: Mapped[str | None] = Field(default=None, max_length=200)
    answer: Mapped[str | None] = Field(default=None, sa_type=Text)

    __table_args__ = (Index("ix_webhook_attempt_delivery", "delivery_id", "id"), {"sqlite_autoincrement": True})
