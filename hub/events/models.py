"""The table of events."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey


class Event(Base):
    """Who did what to which record, when; chained by hash so that a later change of history shows.

    ``recorded_at`` is the hub's clock; ``occurred_at`` is when it happened, which for work done at a bench
    offline is earlier. The payload holds no personal data: the chain outlives its erasure.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    recorded_at: Mapped[datetime]
    occurred_at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(128))
    record_type: Mapped[str] = mapped_column(String(32))
    record_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)  # not JSONB, which rewrites numbers under the hash
    previous_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_event_record", "record_type", "record_id", "id"),
        Index("ix_event_kind", "kind", "id"),
        {"sqlite_autoincrement": True},
    )
