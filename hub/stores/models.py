"""Table of stores."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from hub.core.database import Mapped, Table, UtcDateTime, Versioned


class Store(Versioned, Table, table=True):
    """One store of the chain. A code belongs to one store for ever: a store closes, it is never deleted."""

    __tablename__ = "store"

    code: Mapped[str] = Field(max_length=64, primary_key=True)
    name: Mapped[str] = Field(max_length=128)
    city: Mapped[str | None] = Field(default=None, max_length=64)
    address: Mapped[str | None] = Field(default=None, max_length=256)
    phone: Mapped[str | None] = Field(default=None, max_length=32)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    closed_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (CheckConstraint("length(code) > 0 AND length(name) > 0", name="named"),)
