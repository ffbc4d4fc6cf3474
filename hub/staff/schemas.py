"""What the staff API takes and gives."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.people import UserNumber
from hub.policies.values import Day, PastDay, latest_today
from hub.staff.models import Assessment, FileEntry, Training
from hub.staff.policy import Kind, Method, total

Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Score = Annotated[int, Field(ge=0, le=100)]


def _begun(quarter: str) -> str:
    begins = date(int(quarter[:4]), 3 * int(quarter[-1]) - 2, 1)
    if begins > latest_today():
        raise PydanticCustomError("quarter_to_come", "this quarter has not begun", {"zh-CN": "该季度尚未开始"})
    return quarter


Quarter = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-Q[1-4]$"), AfterValidator(_begun)]
"""A quarter that has begun at least."""


class NewTraining(JsonBody):
    """A lesson to plan."""

    person: UserNumber = Field(examples=["U-000007"])
    kind: Kind
    method: Method
    content: Prose = Field(examples=["BGA 返修：预热曲线与检验"])
    hours: Annotated[float, Field(gt=0, le=200)] = Field(examples=[2.5])
    planned_on: Day
    trainer: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=ONE_LINE)] | None = None


class TrainingResult(JsonBody):
    """How a lesson ended."""

    held_on: PastDay
    passed: bool
    score: Score | None = Field(default=None, description="Of the exam; left out: there was none.")


class TrainingOut(BaseModel):
    """A lesson."""

    id: str = Field(examples=["L-000003"])
    person: str
    kind: Kind
    method: Method
    content: str
    hours: float
    planned_on: date
    held_on: date | None
    passed: bool | None
    score: int | None
    trainer: str | None
    version: int

    @classmethod
    def of(cls, row: Training) -> "TrainingOut":
        """Show one row."""
        values = row.model_dump(exclude={"id", "minutes", "created_at"})
        return cls.model_validate({**values, "id": row.public_id, "hours": row.minutes / 60})


class DueOut(BaseModel):
    """Training that a person lacks."""

    person: str
    name: str
    kind: Kind
    due_on: date
    overdue: bool
    planned_on: date | None = Field(description="The earliest lesson that is planned for it.")


class AssessmentIn(JsonBody):
    """What a person was worth in a quarter, each part of 100."""

    theory: Score
    practice: Score
    customer_rating: Score
    remark: Prose | None = None


class AssessmentOut(BaseModel):
    """An assessment of a quarter (H3)."""

    person: str
    quarter: str = Field(examples=["2026-Q4"])
    theory: int
    practice: int
    customer_rating: int
    total: float = Field(description="30 % theory, 40 % practice, 30 % customer rating.")
    remark: str | None
    assessed_by: str

    @classmethod
    def of(cls, row: Assessment) -> "AssessmentOut":
        """Show one row."""
        values = row.model_dump(exclude={"id", "created_at"})
        return cls(total=total(row.theory, row.practice, row.customer_rating), **values)


class NewFileEntry(JsonBody):
    """A reward or a sanction."""

    kind: Literal["reward", "sanction"]
    on_day: PastDay
    reason: Prose


class FileEntryOut(BaseModel):
    """A reward or a sanction."""

    kind: Literal["reward", "sanction"]
    on_day: date
    reason: str
    decided_by: str
    created_at: datetime

    @classmethod
    def of(cls, row: FileEntry) -> "FileEntryOut":
        """Show one row."""
        return cls.model_validate(row, from_attributes=True)


class StaffFile(BaseModel):
    """Everything that is kept of a person's work (H2, H3); everybody may see their own."""

    person: str
    trainings: list[TrainingOut]
    assessments: list[AssessmentOut]
    file: list[FileEntryOut]


class FiguresOut(BaseModel):
    """One person's work in a span of time (H4)."""

    person: str
    name: str
    dispatched: int = Field(description="Tickets that came to the person in the span.")
    on_bench_now: int
    closed: int
    repairs: int
    reworks: int
    rework_rate: float | None = Field(description="Reworks of all repairs; `null` without repairs.")
    mean_minutes: float | None = Field(description="Of the repairs whose time was noted.")
    survey_answers: int
    attitude: float | None = Field(description="Mean of the customers' answers, 5 the best; `null` without any.")
    effectiveness: float | None
    customer_rating: int | None = Field(description="Of the newest assessment.")
    rewards: int
    sanctions: int
