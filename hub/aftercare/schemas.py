"""What the API of after-care takes and gives."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from hub.aftercare.models import FollowUp, ImprovementTask, RepairWarranty, RepeatRepair
from hub.aftercare.states import TASKS, TaskState, asked_of
from hub.core.bodies import JsonBody
from hub.core.i18n import Language
from hub.core.ids import public_id
from hub.identity.actors import Actor
from hub.tickets.models import PREFIX, Ticket

Score = Annotated[int, Field(ge=1, le=5, description="1 is bad, 5 is very good.", examples=[4])]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class SurveyIn(JsonBody):
    """What a customer said to the three questions, when staff take it down."""

    attitude: Score
    speed: Score
    effectiveness: Score
    words: Words | None = Field(default=None, examples=["Quick, and well explained"])
    channel: Literal["phone", "in_person", "message"]


class CallbackIn(JsonBody):
    """One call."""

    reached: bool
    satisfied: bool | None = Field(
        default=None,
        validate_default=True,
        description="What whoever was reached says, and nobody else; `false` opens an improvement task.",
    )
    said: Words | None = None

    @field_validator("satisfied")
    @classmethod
    def _of_who_was_reached(cls, satisfied: bool | None, info: ValidationInfo) -> bool | None:
        reached = info.data.get("reached")
        if reached is True and satisfied is None:
            chinese = {"zh-CN": "已联系上客户，请填写是否满意"}
            raise PydanticCustomError("satisfied_missing", "say whether the customer is content", chinese)
        if reached is False and satisfied is not None:
            chinese = {"zh-CN": "未联系上客户，请不要填写"}
            raise PydanticCustomError("satisfied_unheard", "nobody was reached; leave it out", chinese)
        return satisfied


class FollowUpOut(BaseModel):
    """What was asked about a closed ticket, and what was answered (T14)."""

    ticket: str = Field(examples=["T-000042"])
    closed_at: datetime
    survey_due_at: datetime | None
    asked_at: datetime | None
    answered_at: datetime | None
    channel: str | None
    attitude: int | None
    speed: int | None
    effectiveness: int | None
    words: str | None
    callback_due_at: datetime | None
    attempts: int
    called_at: datetime | None
    reached: bool | None
    satisfied: bool | None
    said: str | None

    @classmethod
    def of(cls, row: FollowUp) -> "FollowUpOut":
        """Show one row."""
        return cls.model_validate({**row.model_dump(), "ticket": public_id(PREFIX, row.ticket_id)})


class CallbackOut(BaseModel):
    """A customer to call. Name and number are `null` for callers without `contact:read`."""

    ticket: str = Field(examples=["T-000042"])
    kind: str
    model: str | None
    store: str | None
    name: str | None
    phone: str | None
    closed_at: datetime
    due_at: datetime
    overdue: bool
    attempts: int
    scores: list[int] | None = Field(description="Attitude, speed, effectiveness, when the survey was answered.")

    @classmethod
    def of(cls, row: FollowUp, ticket: Ticket, *, at: datetime, with_contact: bool) -> "CallbackOut":
        """Show one row."""
        assert row.callback_due_at is not None  # noqa: S101 - the query's condition
        scores = [row.attitude, row.speed, row.effectiveness]
        return cls(
            ticket=ticket.public_id,
            kind=ticket.kind,
            model=ticket.model or None,
            store=ticket.store,
            name=ticket.contact_name if with_contact else None,
            phone=ticket.contact_phone if with_contact else None,
            closed_at=row.closed_at,
            due_at=row.callback_due_at,
            overdue=row.callback_due_at <= at,
            attempts=row.attempts,
            scores=[one for one in scores if one is not None] if row.answered_at else None,
        )


Source = Literal["survey", "callback", "complaint"]
"""Where an improvement comes from."""


class TaskActionIn(JsonBody):
    """One step of an improvement task."""

    action: Annotated[str, StringConstraints(max_length=32)] = Field(examples=["finish"])
    owner: Annotated[str, StringConstraints(max_length=40)] | None = Field(default=None, description="For `assign`.")
    measure: Words | None = Field(default=None, description="For `finish`: what was done.")
    effect: Words | None = Field(default=None, description="For `verify`: what it brought.")


class TaskActionOut(BaseModel):
    """An action that the caller may take."""

    action: str
    title: str


class ImprovementTaskOut(BaseModel):
    """What is done after a bad answer (T14), or about a cause of complaints (C4)."""

    id: str = Field(examples=["I-000003"])
    version: int = Field(description="For `If-Match` of the next action.")
    ticket: str | None = Field(examples=["T-000042"])
    source: Source
    state: TaskState
    owner: str = Field(description="A user, or a role where nobody has it yet.", examples=["U-000007"])
    due_on: date
    overdue: bool
    scores: dict[str, int]
    cause: str | None = Field(description="A cause of the complaint policy (C4).", examples=["packaging"])
    plan: str | None = Field(description="What is to be done.")
    measure: str | None = Field(description="What was done.")
    effect: str | None = Field(description="What it brought.")
    formerly: str | None = Field(description="Its number before all improvements had one list.", examples=[None])
    opened_at: datetime
    ended_at: datetime | None
    actions: list[TaskActionOut]

    @classmethod
    def of(cls, row: ImprovementTask, *, today: date, caller: Actor, language: Language) -> "ImprovementTaskOut":
        """Show one row."""
        offered = [
            one
            for one in TASKS.offered(TaskState(row.state))
            if all(map(caller.may, asked_of(caller, one, chain_wide=row.ticket_id is None)))
        ]
        return cls.model_validate(
            {
                **row.model_dump(),
                "id": row.public_id,
                "ticket": None if row.ticket_id is None else public_id(PREFIX, row.ticket_id),
                "overdue": row.ended_at is None and row.due_on < today,
                "actions": [{"action": one.action, "title": one.title[language]} for one in offered],
            }
        )


class WarrantyOut(BaseModel):
    """The warranty on a repair (T15)."""

    fault: str = Field(examples=["dried_capacitor"])
    starts_at: datetime
    ends_at: datetime
    policy_version: int
    because: list[str] = Field(description="Which rule and tier gave the days.", examples=[["rule:5:90d"]])


class RepeatOut(BaseModel):
    """An earlier repair of the device that is under warranty, and whether this is the same fault."""

    warranty_of: str = Field(examples=["T-000017"])
    verdict: Literal["possible", "repeat", "different"]
    fault: str | None
    judged_at: datetime

    @classmethod
    def of(cls, row: RepeatRepair) -> "RepeatOut":
        """Show one row."""
        return cls.model_validate({**row.model_dump(), "warranty_of": public_id(PREFIX, row.warranty_of)})


class TicketWarranty(BaseModel):
    """What a ticket's repair is warranted for, and whether it repeats a warranted one."""

    granted: WarrantyOut | None
    repeat: RepeatOut | None

    @classmethod
    def of(cls, granted: RepairWarranty | None, repeat: RepeatRepair | None) -> "TicketWarranty":
        """Show both rows."""
        return cls(
            granted=WarrantyOut.model_validate(granted.model_dump()) if granted else None,
            repeat=RepeatOut.of(repeat) if repeat else None,
        )


class RepeatRepairOut(RepeatOut):
    """A repeat that counts (T15)."""

    ticket: str = Field(examples=["T-000042"])
    model: str
    serial: str
    created_at: datetime

    @classmethod
    def row(cls, row: RepeatRepair, ticket: Ticket) -> "RepeatRepairOut":
        """Show one row."""
        return cls.model_validate(
            {
                **RepeatOut.of(row).model_dump(),
                "ticket": ticket.public_id,
                "model": ticket.model,
                "serial": ticket.serial,
                "created_at": row.created_at,
            }
        )
