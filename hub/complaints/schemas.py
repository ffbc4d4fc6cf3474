"""What the complaint API takes and gives."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from hub.complaints.details import ComplaintClass, Hazard
from hub.complaints.policy import Grade, Name
from hub.core.bodies import JsonBody
from hub.policies.values import ComingDay
from hub.tickets.details import Code, Words
from hub.tickets.kinds import State, Urgency


class NewImprovement(JsonBody):
    """What is to become better (C4)."""

    cause: Name = Field(description="A cause of the complaint policy.", examples=["packaging"])
    measure: Words = Field(examples=["Ship the SP-200 in the double box"])
    owner: Code = Field(description="The user who is responsible.", examples=["U-000007"])
    due: ComingDay = Field(examples=["2026-12-31"])
    ticket: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="The complaint that it comes from.", examples=["T-000042"]
    )


class ReviewIn(JsonBody):
    """The review of a major case (复盘)."""

    course: Words = Field(description="What happened, in the order of time.", examples=["The adapter smoked; …"])
    lessons: Words = Field(examples=["Adapters of batch 7 are to be recalled"])
    improvements: Annotated[list[NewImprovement], Field(max_length=20)] = Field(default=[])


class PromiseOut(BaseModel):
    """By when a customer was promised to hear of it (C3)."""

    promised_at: datetime
    made_at: datetime
    made_by: str
    kept_at: datetime | None = Field(description="When the customer heard of it.")
    late: bool


class LatePromise(PromiseOut):
    """A promise that was not kept in time."""

    ticket: str = Field(examples=["T-000042"])
    owner: str | None


class ComplaintOut(BaseModel):
    """A complaint as lists show it."""

    ticket: str = Field(examples=["T-000042"])
    state: State
    owner: str | None = Field(description="The one person who is responsible (C2).", examples=["U-000007"])
    store: str | None
    complaint_class: ComplaintClass | None = Field(description="`null`: not classified yet (C1).")
    urgency: Urgency | None
    grade: Grade
    hazards: list[Hazard]
    round: int = Field(description="2 and more: the customer was not content with an outcome.")
    cause: str | None
    remedy: str | None
    compensation_minor: int
    currency: str | None
    told_at: datetime = Field(description="When the customer last heard of it (C3).")
    created_at: datetime
    closed_at: datetime | None


class ReviewOut(BaseModel):
    """The review of a major case."""

    course: str
    lessons: str
    reviewed_by: str
    reviewed_at: datetime


class PaymentOut(BaseModel):
    """A compensation that was paid."""

    round: int
    amount_minor: int = Field(examples=[20000])
    currency: str = Field(examples=["CNY"])
    requested_by: str
    granted_by: str
    paid_by: str
    paid_at: datetime


class ComplaintDetail(ComplaintOut):
    """A complaint with why it is urgent, what was promised, what was paid and what was learned."""

    because: str = Field(description="Why it is so urgent.", examples=["somebody can be hurt"])
    policy_version: int
    requested_by: str | None
    granted_by: str | None
    paid_by: str | None
    promises: list[PromiseOut]
    payments: list[PaymentOut] = Field(description="Of all rounds; the remedy is the present round's.")
    review: ReviewOut | None


class CauseOut(BaseModel):
    """How many complaints of a class had a cause, and what is done about it."""

    complaint_class: ComplaintClass | None
    cause: str | None
    name: str | None = Field(description="The cause in the caller's language.")
    complaints: int
    archived: int
    major: int
    second_rounds: int = Field(description="Customers who were not content with the first outcome.")
    paid_minor: dict[str, int] = Field(description="Compensations paid, by currency.", examples=[{"CNY": 5000}])
    improvements_open: int
    improvements_done: int


class AnalysisOut(BaseModel):
    """Complaints of a span of time (C4)."""

    complaints: int
    promises: int
    promises_late: int
    causes: list[CauseOut] = Field(description="The most frequent first.")
    without_improvement: list[str] = Field(description="Causes of several complaints that nothing is done about.")
