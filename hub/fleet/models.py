"""Tables of the fleet."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field

from hub.core.database import Json, Mapped, Table, UtcDateTime


class Bench(Table, table=True):
    """One bench. ``online`` and ``boot`` come from its presence, ``reported_*`` from what it says is active."""

    __tablename__ = "bench"

    name: Mapped[str] = Field(max_length=128, primary_key=True)
    registered_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    online: Mapped[bool] = Field(default=False)
    boot: Mapped[str | None] = Field(default=None, max_length=128)
    version: Mapped[str] = Field(default="", max_length=32)
    epoch: Mapped[str | None] = Field(default=None, max_length=32)
    presence_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    instruments: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    desired_revision: Mapped[int] = Field(default=0, sa_type=BigInteger)
    reported_revision: Mapped[int | None] = Field(default=None, sa_type=BigInteger)
    healthy: Mapped[bool | None] = Field(default=None)
    health_detail: Mapped[str | None] = Field(default=None)
    reported_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
