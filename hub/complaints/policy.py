"""How urgent a complaint is, safety first (C1): rules as data, and a pure decision that names the rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from hub.complaints.details import ComplaintClass, Hazard
from hub.core.i18n import Words
from hub.policies.loading import load
from hub.policies.values import BothLanguages, Document, Duration, wrong
from hub.tickets.kinds import Urgency

FAMILY = "complaints"
Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Grade(StrEnum):
    """With which level of care a complaint is handled (C4)."""

    ORDINARY = "ordinary"
    MAJOR = "major"
    """It is reviewed afterwards (复盘)."""


class UrgencyRule(Document):
    """The first rule that fits holds. What is left out does not restrict."""

    hazard: bool | None = Field(default=None, description="Something can hurt somebody.")
    exposed: bool | None = Field(default=None, description="Children, old or ill people, or the public.")
    classes: Annotated[tuple[ComplaintClass, ...], Field(min_length=1)] | None = None
    rounds: Annotated[int, Field(ge=2, le=9, description="From this round on.")] | None = None
    repeats: Annotated[int, Field(ge=1, le=99, description="Earlier complaints of the customer, at least.")] | None = (
        None
    )
    claimed_minor: Annotated[int, Field(ge=1, le=10**12, description="Claims, at least.")] | None = None
    level: Urgency
    grade: Grade = Grade.ORDINARY
    because: BothLanguages

    @property
    def is_open(self) -> bool:
        """Whether the rule fits every complaint."""
        conditions = (self.hazard, self.exposed, self.classes, self.rounds, self.repeats, self.claimed_minor)
        return all(condition is None for condition in conditions)


class Cause(Document):
    """A root cause that a complaint can have."""

    name: BothLanguages
    classes: Annotated[tuple[ComplaintClass, ...], Field(min_length=1)] | None = None


class ComplaintPolicy(Document):
    """What a store chain says about complaints."""

    hazard_words: dict[Hazard, Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=100)]] = Field(
        description="Phrases of a symptom that tell of a hazard, in any language."
    )
    rules: Annotated[tuple[UrgencyRule, ...], Field(min_length=1, max_length=100)]
    causes: Annotated[dict[Name, Cause], Field(min_length=1, max_length=200)]
    repeat_within_days: Annotated[int, Field(ge=1, le=3650)] = 90
    tell_within: Duration = Field(description="How long a customer is without news at most (C3).")

    @model_validator(mode="after")
    def _for_every_complaint(self) -> Self:
        if not self.rules[-1].is_open:
            raise wrong(
                "complaint_rules",
                "rules: end with a rule without conditions, for all other complaints",
                "rules：请在最后加一条无条件的规则，适用于其他投诉",
            )
        first_hazard = next((at for at, rule in enumerate(self.rules) if rule.hazard), None)
        if first_hazard != 0:
            raise wrong(
                "complaint_safety",
                "rules: safety comes first; begin with the rule for hazards (hazard: true)",
                "rules：安全优先；请以危险情形规则（hazard: true）开头",
            )
        return self

    def hazards_in(self, text: str) -> tuple[Hazard, ...]:
        """Return the hazards that a symptom names."""
        plain = text.casefold()
        return tuple(
            hazard for hazard, words in self.hazard_words.items() if any(word.casefold() in plain for word in words)
        )


@dataclass(frozen=True, slots=True)
class UrgencyFacts:
    """What the urgency of a complaint depends on."""

    hazards: tuple[Hazard, ...] = ()
    exposed: bool = False
    complaint_class: ComplaintClass | None = None
    round: int = 1
    repeats: int = 0
    claimed_minor: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """How urgent a complaint is, with which care it is handled, and by which rule (1 is the first)."""

    level: Urgency
    grade: Grade
    because: Words
    rule: int


def assess(facts: UrgencyFacts, policy: ComplaintPolicy) -> Assessment:
    """Decide by the first rule that fits."""
    number, rule = next((at, rule) for at, rule in enumerate(policy.rules, 1) if _fits(rule, facts))
    because: Words = {"en": rule.because.en, "zh-CN": rule.because.zh_cn}
    return Assessment(rule.level, rule.grade, because, number)


def _fits(rule: UrgencyRule, facts: UrgencyFacts) -> bool:
    wanted: Iterable[bool] = (
        rule.hazard is None or rule.hazard == bool(facts.hazards),
        rule.exposed is None or rule.exposed == facts.exposed,
        rule.classes is None or facts.complaint_class in rule.classes,
        rule.rounds is None or facts.round >= rule.rounds,
        rule.repeats is None or facts.repeats >= rule.repeats,
        rule.claimed_minor is None or facts.claimed_minor >= rule.claimed_minor,
    )
    return all(wanted)


@cache
def delivered() -> ComplaintPolicy:
    """Return the policy that comes with the hub."""
    return load(ComplaintPolicy, Path(__file__).with_name("standard.yaml"))
