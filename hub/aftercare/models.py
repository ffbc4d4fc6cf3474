"""Tables of what comes after the close."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

TASK_PREFIX = "I"
_OF_AN_ANSWER = text("source <> 'complaint'")


class FollowUp(Table, table=True):
    """What is asked of the customer of one closed ticket (T14). The words can be erased."""

    __tablename__ = "follow_up"

    ticket_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="ticket.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    policy_version: Mapped[int]
    closed_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    survey_due_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    survey_ends_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    asked_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    answered_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    answered_by: Mapped[str | None] = Field(default=None, max_length=96)
    channel: Mapped[str | None] = Field(default=None, max_length=16)
    attitude: Mapped[int | None] = Field(default=None)
    speed: Mapped[int | None] = Field(default=None)
    effectiveness: Mapped[int | None] = Field(default=None)
    words: Mapped[str | None] = Field(default=None, sa_type=Text)
    callback_due_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    callback_reminded_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    attempts: Mapped[int] = Field(default=0)
    called_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    called_by: Mapped[str | None] = Field(default=None, max_length=96)
    reached: Mapped[bool | None] = Field(default=None)
    satisfied: Mapped[bool | None] = Field(default=None)
    said: Mapped[str | None] = Field(default=None, sa_type=Text)

    __table_args__ = (
        CheckConstraint(
            "attitude BETWEEN 1 AND 5 AND speed BETWEEN 1 AND 5 AND effectiveness BETWEEN 1 AND 5", name="scores"
        ),
        Index("ix_follow_up_survey", "asked_at", "survey_due_at"),
        Index("ix_follow_up_callback", "called_at", "callback_due_at", "ticket_id"),
    )


class ImprovementTask(Versioned, Table, table=True):
    """What is done better after a bad answer (T14), or about a cause of complaints (C4): one owner, a day, and a second
    person who looks at it.

    A complaint's has a ``cause`` and a ``plan``, and perhaps no ticket. ``formerly`` is the number by which events of
    before the two were one know it.
    """

    __tablename__ = "improvement_task"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="ticket.id")
    source: Mapped[str] = Field(max_length=16)
    state: Mapped[str] = Field(max_length=16)
    owner: Mapped[str] = Field(max_length=64)
    due_on: Mapped[date]
    scores: Mapped[dict[str, Any]] = Field(default_factory=dict, sa_type=Json)
    cause: Mapped[str | None] = Field(default=None, max_length=64)
    plan: Mapped[str | None] = Field(default=None, sa_type=Text)
    measure: Mapped[str | None] = Field(default=None, sa_type=Text)
    effect: Mapped[str | None] = Field(default=None, sa_type=Text)
    formerly: Mapped[str | None] = Field(default=None, max_length=16)
    done_by: Mapped[str | None] = Field(default=None, max_length=96)
    opened_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    overdue_told_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    ended_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        Index(
            "ix_improvement_task_answer",
            "ticket_id",
            "source",
            unique=True,
            sqlite_where=_OF_AN_ANSWER,
            postgresql_where=_OF_AN_ANSWER,
        ),
        Index("ix_improvement_task_cause", "cause", "id"),
        Index("ix_improvement_task_open", "ended_at", "due_on", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that people know it by."""
        return public_id(TASK_PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The task as events name it."""
        return ("improvement_task", self.public_id)


class RepairWarranty(Table, table=True):
    """The warranty on one repair (T15): which fault of which device, and until when."""

    __tablename__ = "repair_warranty"

    ticket_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="ticket.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    model: Mapped[str] = Field(max_length=64)
    serial: Mapped[str] = Field(max_length=64)
    fault: Mapped[str] = Field(max_length=64)
    starts_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    ends_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    policy_version: Mapped[int]
    because: Mapped[list[Any]] = Field(sa_type=Json)

    __table_args__ = (Index("ix_repair_warranty_serial", "serial", "model", "ends_at"),)


class RepeatRepair(Table, table=True):
    """A repair within the warranty of an earlier one, and whether it is the same fault (T15)."""

    __tablename__ = "repeat_repair"

    ticket_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="ticket.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    warranty_of: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    verdict: Mapped[str] = Field(max_length=16)
    fault: Mapped[str | None] = Field(default=None, max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    judged_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("verdict IN ('possible', 'repeat', 'different')", name="verdict"),
        Index("ix_repeat_repair_counted", "verdict", "created_at"),
    )
