"""The table of events."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime


class Event(Table, table=True):
    """Who did what to which record, when; chained by hash so that a later change of history shows.

    ``recorded_at`` is the hub's clock; ``occurred_at`` is when it happened, which for work done at a bench
    offline is earlier. The payload holds no personal data: the chain outlives its erasure.
    """

    __tablename__ = "event"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    recorded_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    occurred_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    actor_kind: Mapped[str] = Field(max_length=16)
    actor_id: Mapped[str] = Field(max_length=64)
    actor_name: Mapped[str] = Field(max_length=128)
    record_type: Mapped[str] = Field(max_length=32)
    record_id: Mapped[str] = Field(max_length=128)
    kind: Mapped[str] = Field(max_length=64)
    payload: Mapped[dict[str, Any]] = Field(sa_type=JSON)  # not JSONB, which rewrites numbers under the hash
    previous_hash: Mapped[str] = Field(sa_type=Text)
    hash: Mapped[str] = Field(sa_type=Text)

    __table_args__ = (
        Index("ix_event_record", "record_type", "record_id", "id"),
        Index("ix_event_kind", "kind", "id"),
        {"sqlite_autoincrement": True},
    )


class EventMark(Table, table=True):
    """How far one follower of the events has come."""

    __tablename__ = "event_mark"

    name: Mapped[str] = Field(max_length=32, primary_key=True)
    event_id: Mapped[int] = Field(sa_type=BigInteger)
