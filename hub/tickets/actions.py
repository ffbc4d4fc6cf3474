"""What some actions need besides their name: one model each, checked before anything is written.

A member that is a *fact* (a code, a time, a number) goes into the event's payload. All others are words of people: they
go into the event's remark, which can be erased.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hub.complaints.details import DETAILS as OF_COMPLAINTS
from hub.core.clock import now
from hub.core.controls import ONE_LINE
from hub.core.i18n import Words as BothWords
from hub.core.i18n import both
from hub.core.money import Currency
from hub.core.problems import FieldError, Problem, ProblemType
from hub.core.validation import counted_errors, escaped
from hub.policies.values import Moment
from hub.tickets.details import Code, Details, MinorUnits, Words
from hub.tickets.states import action_words

DETAILS_WRONG = ProblemType(
    "action-details-wrong",
    422,
    {"en": "The action needs other details", "zh-CN": "操作缺少必要信息"},
    {
        "en": "{action} needs {count:other or further detail|other or further details}; see errors.",
        "zh-CN": "执行{action}时有 {count} 项信息缺失或有误，详见 errors。",
    },
)


class WaitingFor(StrEnum):
    """Whom a ticket waits for."""

    CUSTOMER = "customer"
    PART = "part"
    THIRD_PARTY = "third_party"


class Wait(Details):
    """Work stops; the clocks that this pauses stand still (T7)."""

    facts = frozenset({"waiting_for", "until"})
    waiting_for: WaitingFor
    until: Moment | None = Field(default=None, description="A time that is still to come.")


class Promise(Details):
    """When the customer gets the answer (T2)."""

    facts = frozenset({"promised_at"})
    promised_at: Moment = Field(description="A time that is still to come.")

    @field_validator("promised_at")
    @classmethod
    def _ahead(cls, value: datetime) -> datetime:
        if value <= now():
            raise PydanticCustomError(
                "promise_past", "promise a time that is still to come", {"zh-CN": "请承诺未来的时间"}
            )
        return value


class Answer(Details):
    """What the customer was answered."""

    answer: Words


class Inform(Details):
    """What the customer was told in the end (T2)."""

    outcome: Words


class Reason(Details):
    """Why."""

    reason: Words


class Schedule(Details):
    """An appointment (T11)."""

    facts = frozenset({"appointment_at", "place"})
    appointment_at: Moment
    place: Literal["store", "on_site"]


class NameOwner(Details):
    """Who is responsible."""

    facts = frozenset({"owner"})
    owner: Code

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"owner": self.owner}


class Prioritise(Details):
    """A priority that a person sets; it is not recomputed afterwards."""

    facts = frozenset({"priority"})
    priority: Annotated[int, Field(ge=0, le=9)]
    reason: Words

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"priority": self.priority, "priority_pinned": True, "priority_reasons": ["manual"]}


class Reviewed(Details):
    """What a senior person says to a complex case."""

    advice: Words

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"reviewed": True}


class WaiveTest(Details):
    """Why the device leaves without a passing test (D6)."""

    reason: Words

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"test_waived": True}


How = Literal["in_person", "phone", "message", "online"]
SaidBy = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)]


class PlanPart(Details):
    """A part that the repair takes."""

    part: Code
    name: (
        Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)] | None
    ) = None
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1


class PlanOption(Details):
    """One way to repair."""

    work: Words
    parts: Annotated[tuple[PlanPart, ...], Field(max_length=100)] = ()
    cost_minor: MinorUnits
    currency: Currency = "CNY"
    ready_in_days: Annotated[int, Field(ge=0, le=365)] | None = None


class ProposePlan(Details):
    """A repair plan (T12): two options at least, or why there is only one. It takes the place of any before."""

    options: Annotated[tuple[PlanOption, ...], Field(min_length=1, max_length=5)]
    only_option_because: Words | None = None
    valid_days: Annotated[int, Field(ge=1, le=90, description="How long the prices hold.")] = 14
    valid_until: Moment | None = Field(default=None, description="Instead of `valid_days`.")

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"approval": "proposed"}

    def told(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return besides how many options there are, and that the ticket waits for the customer."""
        facts, words = super().told()
        return {**facts, "option_count": len(self.options), "waiting_for": WaitingFor.CUSTOMER.value}, words

    @model_validator(mode="after")
    def _choice(self) -> Self:
        if len(self.options) == 1 and self.only_option_because is None:
            chinese = "请至少提供两个方案，或在 only_option_because 说明为何只有一个"
            raise PydanticCustomError(
                "plan_choice",
                "offer two options at least, or say in only_option_because why there is one only",
                {"zh-CN": chinese, "at": ("only_option_because",)},
            )
        if len({option.currency for option in self.options}) > 1:
            first = self.options[0].currency
            other = next(number for number, option in enumerate(self.options) if option.currency != first)
            raise PydanticCustomError(
                "plan_currency",
                "give all options in one currency",
                {"zh-CN": "所有方案须使用同一币种", "at": ("options", other, "currency")},
            )
        return self


class PreApprove(Details):
    """The customer agrees beforehand, up to a limit; 0 for a repair under warranty."""

    facts = frozenset({"limit_minor", "currency", "how", "said_at"})
    limit_minor: MinorUnits
    currency: Currency = "CNY"
    how: Literal["in_person", "phone", "message"]
    said_by: SaidBy
    said_at: Moment | None = None

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"approval": "in_advance"}


class ApprovePlan(Details):
    """Which option the customer wants, how that was said, by whom and when."""

    facts = frozenset({"option", "how", "said_at"})
    option: Annotated[int, Field(ge=1, le=5, description="1 is the first.")]
    how: How
    revision: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The plan's revision that the customer saw; left out: the present one."
    )
    said_by: SaidBy | None = Field(default=None, description="Who said it; wanted unless it was said online.")
    said_at: Moment | None = Field(default=None, description="When it was said; left out: now.")

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"approval": "approved"}

    @model_validator(mode="after")
    def _witness(self) -> Self:
        if self.how != "online" and self.said_by is None:
            raise PydanticCustomError(
                "said_by", "say in said_by who agreed", {"zh-CN": "请在 said_by 填写是谁表示同意", "at": ("said_by",)}
            )
        return self


class DeclinePlan(Details):
    """The customer wants none of the options."""

    facts = frozenset({"how"})
    how: How
    revision: Annotated[int, Field(ge=1)] | None = None
    said_by: SaidBy | None = None
    reason: Words | None = None

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"approval": "declined"}


class UsedPart(Details):
    """A part that was replaced (T13, P6)."""

    part: Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)]
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    new_serial: Code | None = None
    old_serial: Code | None = None


class Repaired(Details):
    """What was done (T13). A root cause that the taxonomy does not know is kept as words only."""

    facts = frozenset({"minutes"})
    work: Words | None = None
    root_cause: (
        Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=ONE_LINE)] | None
    ) = None
    parts: Annotated[tuple[UsedPart, ...], Field(max_length=100)] = ()
    minutes: Annotated[int, Field(ge=0, le=100_000, description="Working time.")] | None = None
    cost_minor: MinorUnits | None = Field(
        default=None, description="What the customer pays; left out: what was agreed. More takes a new plan."
    )

    @field_validator("parts", mode="before")
    @classmethod
    def _plain_names(cls, value: Any) -> Any:
        """Let a part be its name alone, as benches record it."""
        return [{"part": one} if isinstance(one, str) else one for one in value] if isinstance(value, list) else value


class Close(Details):
    """What the customer was told at the delivery (T13). It stands on the ticket's page and in the report."""

    explained: Words | None = None
    guidance: Words | None = None


class Rework(Details):
    """Why the work goes on; an exception from the test is no longer valid."""

    reason: Words | None = None

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"test_waived": False}


class NameCause(Details):
    """The root cause (D1), by its code in the fault taxonomy."""

    facts = frozenset({"root_cause"})
    root_cause: Code

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"root_cause": self.root_cause}


class ProposeDecision(Details):
    """What should become of returned goods."""

    facts = frozenset({"decision"})
    decision: Literal["refund", "exchange", "repair", "refuse"]
    reason: Words


class Outcome(Details):
    """What came out of work on site."""

    facts = frozenset({"result"})
    result: Literal["in_order", "defect"]
    report: Words


DETAILS: dict[str, type[Details]] = {
    "wait": Wait,
    "promise": Promise,
    "answer": Answer,
    "inform": Inform,
    "dispute": Reason,
    "reject": Reason,
    "refuse": Reason,
    "schedule": Schedule,
    "reschedule": Schedule,
    "name_owner": NameOwner,
    "prioritise": Prioritise,
    "reviewed": Reviewed,
    "waive_test": WaiveTest,
    "preapprove": PreApprove,
    "propose_plan": ProposePlan,
    "approve_plan": ApprovePlan,
    "decline_plan": DeclinePlan,
    "repaired": Repaired,
    "rework": Rework,
    "close": Close,
    "name_cause": NameCause,
    "propose": ProposeDecision,
    "inspected": Outcome,
    "installed": Outcome,
    **OF_COMPLAINTS,
}
"""Actions that are not here take a note at most."""


def details_wrong(kind: str, action: str, name: str, words: BothWords) -> Problem:
    """Return the refusal of one detail of an action, in the words of the ticket's kind."""
    errors = (FieldError(f"#/details/{name}", words),)
    return Problem(DETAILS_WRONG, errors=errors, action=action_words(action, kind), count=1)


def require_sense(action: str, checked: Details | None, note: str | None, given: Any, called: BothWords) -> None:
    """Raise the action-details-wrong problem for what a person can still mend: a word that is missing, or stands where
    nobody reads it, or a time that is over. What a bench recorded offline may be over when it arrives.
    """
    errors: list[FieldError] = []
    if action in {"note", "finding"} and not note and not given:
        errors.append(FieldError("#/note", both("write what is to be known of it", "请填写内容")))
    if isinstance(checked, Repaired) and not (note or checked.work or checked.parts or checked.root_cause):
        errors.append(FieldError("#/details/work", both("say what was done", "请填写维修内容")))
    if isinstance(checked, Wait) and checked.until is not None and checked.until <= now():
        errors.append(FieldError("#/details/until", both("name a time that is still to come", "请填写未来的时间")))
    if action not in DETAILS and action != "finding" and isinstance(given, dict):
        words = both("this action has no details; write it into note", "该操作没有 details；请写入 note")
        errors += [FieldError(f"#/details/{escaped(name)}", words) for name in list(given)[:50]]
    if errors:
        raise Problem(DETAILS_WRONG, errors=errors, action=called, count=len(errors))


def checked(action: str, given: Any, called: BothWords | None = None) -> Details | None:
    """Return the details that ``action`` needs; raise the action-details-wrong problem that names every mistake."""
    model = DETAILS.get(action)
    if model is None:
        return None
    try:
        return model.model_validate(given or {})
    except ValidationError as error:
        found = [{**one, "loc": ("body", "details", *one["loc"])} for one in error.errors()]
        wrong, count = counted_errors(found)
        raise Problem(DETAILS_WRONG, errors=wrong, action=called or action_words(action), count=count) from error
