"""Table of the answers that are kept for repeated requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base


class KeptAnswer(Base):
    """The answer to a request with an Idempotency-Key, written in the transaction of the change itself.

    ``status`` is empty while the outcome of an act outside of the database is not known.
    """

    __tablename__ = "idempotency_key"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_idempotency_key_expires", "expires_at"),)
