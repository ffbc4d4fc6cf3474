"""Tables of who can do what, where and when."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime
from hub.core.ids import public_id

SHIFT_PREFIX = "S"


class Workplace(Table, table=True):
    """What dispatch knows of a bench: its store, its skill group, and how many tickets it can hold."""

    __tablename__ = "workplace"

    bench: Mapped[str] = Field(foreign_key="bench.name", max_length=128, primary_key=True)
    store: Mapped[str | None] = Field(default=None, max_length=64)
    region: Mapped[str | None] = Field(default=None, max_length=64)
    skill_group: Mapped[str | None] = Field(default=None, max_length=64)
    capacity: Mapped[int]
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (CheckConstraint("capacity BETWEEN 0 AND 1000", name="capacity_range"),)


class Certificate(Table, table=True):
    """A skill that a person has proven (H1)."""

    __tablename__ = "certificate"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    person: Mapped[str] = Field(max_length=64)
    skill: Mapped[str] = Field(max_length=64)
    level: Mapped[int]
    valid_until: Mapped[date | None] = Field(default=None)

    __table_args__ = (
        UniqueConstraint("person", "skill"),
        CheckConstraint("level BETWEEN 1 AND 5", name="level_range"),
    )


class Shift(Table, table=True):
    """Who works at which bench, from when to when."""

    __tablename__ = "shift"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    bench: Mapped[str] = Field(foreign_key="bench.name", max_length=128)
    person: Mapped[str] = Field(max_length=64)
    starts_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    ends_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="in_order"),
        UniqueConstraint("person", "starts_at"),
        Index("ix_shift_bench", "bench", "ends_at"),
    )

    @property
    def public_id(self) -> str:
        """The number that the roster knows the shift by."""
        return public_id(SHIFT_PREFIX, self.id)


class DispatchEntry(Table, table=True):
    """How the dispatch of one ticket stands, with what was thought of every bench (T4).

    ``status``: ``waiting`` for a bench that can take it, in ``review``, ``dispatched``, or ``held`` by a person who
    took it back. ``person`` is who was chosen; ``told`` holds the words. ``next_chance_at`` is when the next shift of
    somebody who may do it begins.
    """

    __tablename__ = "dispatch_entry"

    ticket_id: Mapped[int] = Field(sa_type=BigKey, primary_key=True, foreign_key="ticket.id")
    status: Mapped[str] = Field(max_length=16)
    skill: Mapped[str] = Field(max_length=64)
    skill_group: Mapped[str] = Field(max_length=64)
    level: Mapped[int]
    bench: Mapped[str | None] = Field(default=None, max_length=128)
    person: Mapped[str | None] = Field(default=None, max_length=64)
    automatic: Mapped[bool] = Field(default=True)
    policy_version: Mapped[int]
    rule: Mapped[int]
    told: Mapped[dict[str, Any]] = Field(sa_type=Json)
    tried_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    next_chance_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'review', 'dispatched', 'held')", name="status_known"),
        Index("ix_dispatch_entry_status", "status", "skill_group"),
        Index("ix_dispatch_entry_person", "person", "status"),
    )
