"""Table of the answers that are kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from hub.core.database import Json, Mapped, Table, UtcDateTime


class KeptAnswer(Table, table=True):
    """The answer to a request with an Idempotency-Key, written in the transaction of the change itself.

    ``status`` is empty while the outcome of an act outside of the database is not known.
    """

    __tablename__ = "idempotency_key"

    caller: Mapped[str] = Field(max_length=80, primary_key=True)
    key: Mapped[str] = Field(max_length=255, primary_key=True)
    fingerprint: Mapped[str] = Field(max_length=64)
    status: Mapped[int | None] = Field(default=None)
    headers: Mapped[dict[str, Any] | None] = Field(default=None, sa_type=Json)
    body: Mapped[bytes | None] = Field(default=None, sa_type=LargeBinary)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    expires_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (Index("ix_idempotency_key_expires", "expires_at"),)
