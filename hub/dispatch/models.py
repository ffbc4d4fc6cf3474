"""Tables of who can do what, where and when."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime


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
