"""The table of major incidents."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "MI"


class MajorIncident(Versioned, Table, table=True):
    """One major incident (T8). ``state`` changes through ``service.apply`` only; a ticket has one at a time.

    Its clocks (team, next report) are computed from its events; words are remarks of the ticket.
    """

    __tablename__ = "major_incident"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    state: Mapped[str] = Field(max_length=16)
    team: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    updates: Mapped[int] = Field(default=0)
    declared_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    ended_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("updates >= 0", name="updates_range"),
        Index(
            "ix_major_incident_open",
            "ticket_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know it by."""
        return public_id(PREFIX, self.id)
