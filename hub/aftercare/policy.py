"""What after-care policies say, and the pure decisions by them."""

from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hub.core.labels import is_model
from hub.identity.permissions import Role
from hub.policies.loading import load
from hub.policies.values import Document, Duration, wrong
from hub.tickets.kinds import Kind

FAMILY = "aftercare"
WARRANTY_FAMILY = "repair-warranty"
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]


class SurveyRules(Document):
    """Whom to ask, and when."""

    kinds: Annotated[tuple[Kind, ...], Field(max_length=20)]
    ask_after: Duration
    open_for_days: Annotated[int, Field(ge=1, le=90)]

    @model_validator(mode="after")
    def _soon(self) -> Self:
        if self.ask_after > timedelta(hours=24):
            raise wrong("survey_late", "ask within 24h of the close", "须在关闭后 24h 内发出评价")
        return self


class CallbackRules(Document):
    """Whom to call, and by when."""

    kinds: Annotated[tuple[Kind, ...], Field(max_length=20)]
    within: Duration
    remind_before: Duration
    attempts: Annotated[int, Field(ge=1, le=10)]

    @model_validator(mode="after")
    def _soon(self) -> Self:
        if self.within > timedelta(hours=48):
            raise wrong("callback_late", "call back within 48h of the close", "须在关闭后 48h 内回访")
        return self


class BadAnswer(Document):
    """When an answer is bad."""

    one_at_most: Annotated[int, Field(ge=0, le=4)]
    sum_at_most: Annotated[int, Field(ge=0, le=14)]


class ImprovementRules(Document):
    """Who does something about it, and by when."""

    due_days: Annotated[int, Field(ge=1, le=90)]
    owners: Annotated[tuple[Role, ...], Field(min_length=1, max_length=5)]


class AftercarePolicy(Document):
    """What is asked after the close, and what becomes of a bad answer (T14)."""

    survey: SurveyRules
    callback: CallbackRules
    bad: BadAnswer
    improvement: ImprovementRules

    def is_bad(self, scores: tuple[int, int, int]) -> bool:
        """Whether something has to become better."""
        return min(scores) <= self.bad.one_at_most or sum(scores) <= self.bad.sum_at_most


class WarrantyRule(Document):
    """How long some repairs are warranted."""

    models: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=200)] | None = None
    faults: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)] | None = None
    parts: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=200)] | None = None
    days: Annotated[int, Field(ge=0, le=3660)]

    def fits(self, model: str, fault: str, parts: tuple[str, ...]) -> bool:
        """Whether the rule is about such a repair; one part that fits is enough."""
        return (
            (self.models is None or is_model(model, self.models))
            and (self.faults is None or fault in self.faults)
            and (self.parts is None or any(fnmatchcase(part, one) for part in parts for one in self.parts))
        )


class WarrantyPolicy(Document):
    """How long repairs are warranted (T15)."""

    rules: Annotated[tuple[WarrantyRule, ...], Field(min_length=1, max_length=500)]
    same_fault: Literal["code", "group"] = "code"

    @model_validator(mode="after")
    def _last_fits_all(self) -> Self:
        last = self.rules[-1]
        if last.models or last.faults or last.parts:
            raise wrong(
                "warranty_gap",
                "rules: end with a rule without models, faults and parts, so that every repair has one",
                "rules：请以一条不限 models、faults、parts 的规则结尾，使每次维修都有适用规则",
            )
        return self

    def days(self, model: str, fault: str, parts: tuple[str, ...]) -> tuple[int, int]:
        """Return for how many days a repair is warranted, and by which rule (1 is the first)."""
        return next((one.days, place) for place, one in enumerate(self.rules, 1) if one.fits(model, fault, parts))


class Verdict(StrEnum):
    """Whether a repair repeats an earlier one."""

    POSSIBLE = "possible"
    """The device is the same and the fault is not known yet."""
    REPEAT = "repeat"
    DIFFERENT = "different"


def judge_repeat(
    policy: WarrantyPolicy, warranted: tuple[str, str | None], found: tuple[str, str | None] | None
) -> Verdict:
    """Compare faults, each a code and its group in the taxonomy; ``found`` is ``None`` while nobody knows it."""
    if found is None:
        return Verdict.POSSIBLE
    if found[0] == warranted[0]:
        return Verdict.REPEAT
    same_group = policy.same_fault == "group" and found[1] is not None and found[1] == warranted[1]
    return Verdict.REPEAT if same_group else Verdict.DIFFERENT


@cache
def delivered() -> AftercarePolicy:
    """Return the policy that comes with the hub."""
    return load(AftercarePolicy, Path(__file__).with_name("aftercare.yaml"))


@cache
def delivered_warranty() -> WarrantyPolicy:
    """Return the warranty that comes with the hub."""
    return load(WarrantyPolicy, Path(__file__).with_name("repair_warranty.yaml"))
