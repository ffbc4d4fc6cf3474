"""Tables of who can do what, where and when."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey


class Workplace(Base):
    """What dispatch knows of a bench: its store, its skill group, and how many tickets it can hold."""

    __tablename__ = "workplace"

    bench: Mapped[str] = mapped_column(ForeignKey("bench.name"), primary_key=True)
    store: Mapped[str | None] = mapped_column(String(64))
    region: Mapped[str | None] = mapped_column(String(64))
    skill_group: Mapped[str | None] = mapped_column(String(64))
    capacity: Mapped[int]
    updated_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("capacity BETWEEN 0 AND 1000", name="capacity_range"),)


class Certificate(Base):
    """A skill that a person has proven (H1)."""

    __tablename__ = "certificate"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    person: Mapped[str] = mapped_column(String(64))
    skill: Mapped[str] = mapped_column(String(64))
    level: Mapped[int]
    valid_until: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("person", "skill"),
        CheckConstraint("level BETWEEN 1 AND 5", name="level_range"),
    )


class Shift(Base):
    """Who works at which bench, from when to when."""

    __tablename__ = "shift"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    bench: Mapped[str] = mapped_column(ForeignKey("bench.name"))
    person: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="in_order"),
        UniqueConstraint("person", "starts_at"),
        Index("ix_shift_bench", "bench", "ends_at"),
    )
