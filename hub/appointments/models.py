"""Table of appointments."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "V"


class Appointment(Versioned, Table, table=True):
    """A time at which a person is there for a customer, at the store or at the customer's (T11).

    ``address`` is where the person goes; erasing the customer empties it.
    """

    __tablename__ = "appointment"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    state: Mapped[str] = Field(max_length=16)
    place: Mapped[str] = Field(max_length=8)
    address: Mapped[str | None] = Field(default=None, max_length=256)
    bench: Mapped[str] = Field(max_length=128)
    person: Mapped[str] = Field(max_length=64)
    starts_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    ends_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="in_order"),
        CheckConstraint("place IN ('store', 'on_site')", name="place_known"),
        Index("ix_appointment_person", "person", "starts_at"),
        Index("ix_appointment_ticket", "ticket_id", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that staff know it by."""
        return public_id(PREFIX, self.id)
