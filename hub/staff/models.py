"""Tables of staff records."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

TRAINING_PREFIX = "L"


class Training(Versioned, Table, table=True):
    """One lesson of one person: planned, then held with its exam (H2)."""

    __tablename__ = "training"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    person: Mapped[str] = Field(max_length=64)
    kind: Mapped[str] = Field(max_length=16)
    method: Mapped[str] = Field(max_length=16)
    content: Mapped[str] = Field(sa_type=Text)
    minutes: Mapped[int]
    planned_on: Mapped[date]
    held_on: Mapped[date | None] = Field(default=None)
    score: Mapped[int | None] = Field(default=None)
    passed: Mapped[bool | None] = Field(default=None)
    trainer: Mapped[str | None] = Field(default=None, max_length=128)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('induction', 'quarterly', 'special')", name="kind_known"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_range"),
        CheckConstraint("minutes > 0", name="minutes_positive"),
        CheckConstraint("(held_on IS NULL) = (passed IS NULL)", name="held_with_result"),
        Index("ix_training_person", "person", "planned_on"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number of the lesson."""
        return public_id(TRAINING_PREFIX, self.id)


class Assessment(Table, table=True):
    """What a person was worth in a quarter, each part of 100 (H3)."""

    __tablename__ = "assessment"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    person: Mapped[str] = Field(max_length=64)
    quarter: Mapped[str] = Field(max_length=7)
    theory: Mapped[int]
    practice: Mapped[int]
    customer_rating: Mapped[int]
    remark: Mapped[str | None] = Field(default=None, sa_type=Text)
    assessed_by: Mapped[str] = Field(max_length=80)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("person", "quarter"),
        CheckConstraint(
            "theory BETWEEN 0 AND 100 AND practice BETWEEN 0 AND 100 AND customer_rating BETWEEN 0 AND 100",
            name="score_range",
        ),
    )


class FileEntry(Table, table=True):
    """A reward or a sanction in a person's file (H3)."""

    __tablename__ = "staff_file_entry"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    person: Mapped[str] = Field(max_length=64)
    kind: Mapped[str] = Field(max_length=16)
    on_day: Mapped[date]
    reason: Mapped[str] = Field(sa_type=Text)
    decided_by: Mapped[str] = Field(max_length=80)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('reward', 'sanction')", name="kind_known"),
        Index("ix_staff_file_entry_person", "person", "on_day"),
    )
