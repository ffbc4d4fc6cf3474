"""Tables of repair plans and of repairs that were made."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime


class RepairPlan(Table, table=True):
    """One revision of what was offered to the customer (T12). The newest revision of a ticket is the one that counts.

    What the customer said in words, and who said it, is in the remark of the answer's event, which can be erased.
    """

    __tablename__ = "repair_plan"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    revision: Mapped[int]
    options: Mapped[list[Any]] = Field(sa_type=Json)
    only_option_because: Mapped[str | None] = Field(default=None, sa_type=Text)
    currency: Mapped[str] = Field(max_length=3)
    status: Mapped[str] = Field(max_length=16)
    proposed_by: Mapped[str] = Field(max_length=96)
    proposed_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    valid_until: Mapped[datetime] = Field(sa_type=UtcDateTime)
    answered_by: Mapped[str | None] = Field(default=None, max_length=96)
    answered_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    how: Mapped[str | None] = Field(default=None, max_length=16)
    option: Mapped[int | None] = Field(default=None)

    __table_args__ = (
        UniqueConstraint("ticket_id", "revision"),
        CheckConstraint("status IN ('proposed', 'approved', 'declined', 'superseded')", name="status"),
        CheckConstraint("(status = 'approved') = (option IS NOT NULL)", name="approved_option"),
        {"sqlite_autoincrement": True},
    )


class Repair(Table, table=True):
    """One repair that was made (T13): who, how long, what, with which parts, for how much. Rework adds another."""

    __tablename__ = "repair"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    number: Mapped[int]
    repaired_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    repaired_by: Mapped[str] = Field(max_length=96)
    repaired_by_name: Mapped[str] = Field(max_length=128)
    work: Mapped[str | None] = Field(default=None, sa_type=Text)
    parts: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    minutes: Mapped[int | None] = Field(default=None)
    plan_revision: Mapped[int | None] = Field(default=None)
    cost_minor: Mapped[int | None] = Field(default=None, sa_type=BigInteger)
    currency: Mapped[str | None] = Field(default=None, max_length=3)

    __table_args__ = (
        UniqueConstraint("ticket_id", "number"),
        CheckConstraint("minutes >= 0 AND cost_minor >= 0", name="not_negative"),
        {"sqlite_autoincrement": True},
    )
