"""The table of service levels: when to look at a ticket again."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime


class SlaWatch(Table, table=True):
    """When something about a ticket's clocks changes by itself. An index for the job that looks, and no more: what is
    due is computed from the ticket's events each time.
    """

    __tablename__ = "sla_watch"

    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id", primary_key=True)
    next_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (Index("ix_sla_watch_next", "next_at"),)
