"""Table of transfers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime


class Transfer(Table, table=True):
    """One way of a ticket's device from a store to another; over when ``ended_at`` is set.

    ``outcome``: ``received`` by the other store, ``refused`` there, or ``called_back`` by the sender. A ticket has one
    open transfer at most.
    """

    __tablename__ = "transfer"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    from_store: Mapped[str | None] = Field(default=None, max_length=64)
    to_store: Mapped[str] = Field(max_length=64)
    sent_by: Mapped[str] = Field(max_length=80)
    sent_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    outcome: Mapped[str | None] = Field(default=None, max_length=16)
    ended_by: Mapped[str | None] = Field(default=None, max_length=80)
    ended_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("outcome IN ('received', 'refused', 'called_back')", name="outcome_known"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended_with_outcome"),
        Index(
            "uq_transfer_open",
            "ticket_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_transfer_to", "to_store", "ended_at"),
        Index("ix_transfer_ticket", "ticket_id", "id"),
    )
