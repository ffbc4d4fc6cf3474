"""The table of escalations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "E"


class Escalation(Versioned, Table, table=True):
    """One call for the next level (T8). ``state`` changes through ``service.apply`` only.

    The words of whoever raised or answered it are remarks of the ticket; the history is the ticket's.
    """

    __tablename__ = "escalation"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    level: Mapped[str] = Field(max_length=16)
    cause: Mapped[str] = Field(max_length=16)
    clock: Mapped[str | None] = Field(default=None, max_length=32)
    state: Mapped[str] = Field(max_length=16)
    raised_by: Mapped[str] = Field(max_length=80)
    raised_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    acknowledged_by: Mapped[str | None] = Field(default=None, max_length=80)
    acknowledged_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    answered_by: Mapped[str | None] = Field(default=None, max_length=80)
    answered_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("level IN ('expert', 'management')", name="level_known"),
        Index("ix_escalation_state", "state", "id"),
        Index("ix_escalation_ticket", "ticket_id", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know it by."""
        return public_id(PREFIX, self.id)
