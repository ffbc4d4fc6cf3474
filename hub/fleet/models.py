"""Tables of the fleet."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base


class Bench(Base):
    """One bench. ``online`` and ``boot`` come from its presence, ``reported_*`` from what it says is active."""

    __tablename__ = "bench"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    registered_at: Mapped[datetime]
    online: Mapped[bool] = mapped_column(default=False)
    boot: Mapped[str | None] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(32), default="")
    epoch: Mapped[str | None] = mapped_column(String(32))
    presence_at: Mapped[datetime | None]
    instruments: Mapped[list[Any]] = mapped_column(default=list)
    desired_revision: Mapped[int] = mapped_column(BigInteger, default=0)
    reported_revision: Mapped[int | None] = mapped_column(BigInteger)
    healthy: Mapped[bool | None]
    health_detail: Mapped[str | None]
    reported_at: Mapped[datetime | None]
