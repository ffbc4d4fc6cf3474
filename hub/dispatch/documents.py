"""What a dispatch policy says: a document that a manager writes and reads (T4, T5)."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hub.core.labels import is_model
from hub.policies.loading import load
from hub.policies.values import Document, wrong
from hub.tickets.kinds import Kind, Urgency

FAMILY = "dispatch"
STANDARD = "standard"
Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Level = Annotated[int, Field(ge=1, le=5)]
Dispatched = Literal[Kind.REPAIR, Kind.UPGRADE, Kind.INSPECTION]
"""Kinds that a bench works on."""
Raise = Annotated[int, Field(ge=0, le=9, description="By how much more urgent.")]


class Reach(StrEnum):
    """How far from the store that has the device a bench may be."""

    STORE = "store"
    REGION = "region"
    CHAIN = "chain"


class SkillRule(Document):
    """Which skill some tickets take. What is left out does not restrict."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    models: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Models, with `*` and `?`.", examples=[["SP-*"]]
    )
    faults: Annotated[tuple[Name, ...], Field(min_length=1, max_length=200)] | None = None
    skill: Name
    group: Name
    level: Level = 1
    complex: bool = Field(default=False, description="A person reviews the ticket first; it then goes to senior staff.")
    reach: Reach = Field(
        default=Reach.STORE, description="Benches of the ticket's store, of its region, or of the whole chain."
    )

    def fits(self, kind: str, model: str, fault: str | None) -> bool:
        """Whether the rule is about such tickets."""
        return (
            (self.kinds is None or kind in self.kinds)
            and (self.models is None or is_model(model, self.models))
            and (self.faults is None or fault in self.faults)
        )


class BatchRule(Document):
    """When the same fault of the same model is a batch problem."""

    tickets: Annotated[int, Field(ge=2, le=10_000)] = Field(
        description="So many devices; several tickets of one device, and cancelled ones, do not make a batch."
    )
    within_days: Annotated[int, Field(ge=1, le=366)]
    raise_by: Raise = Field(alias="raise")


class PriorityRules(Document):
    """How urgent a ticket is; 0 is the most urgent."""

    urgency: dict[Urgency, Annotated[int, Field(ge=0, le=9)]]
    kinds: dict[Kind, Raise] = Field(default={})
    batch: BatchRule

    @model_validator(mode="after")
    def _complete(self) -> Self:
        absent = [one for one in Urgency if one not in self.urgency]
        if absent:
            raise wrong(
                "urgency_missing",
                "priority.urgency: give the priority of {absent}, too",
                "priority.urgency：还须给出 {absent} 的优先级",
                absent=", ".join(absent),
            )
        return self


class DispatchPolicy(Document):
    """Rules of dispatch. The first rule that fits a ticket holds."""

    automatic: tuple[Dispatched, ...] = Field(description="Kinds that are dispatched without anybody asking.")
    senior_level: Level
    rules: Annotated[tuple[SkillRule, ...], Field(min_length=1, max_length=500)]
    priority: PriorityRules

    @model_validator(mode="after")
    def _last_fits_all(self) -> Self:
        last = self.rules[-1]
        if last.kinds or last.models or last.faults:
            raise wrong(
                "no_rule",
                "rules: end with a rule without kinds, models and faults, so that every ticket has one",
                "rules：请以一条不限 kinds、models、faults 的规则结尾，使每张工单都有适用规则",
            )
        return self

    def rule(self, kind: str, model: str, fault: str | None) -> tuple[int, SkillRule]:
        """Return the rule that holds, with its place (0 is the first)."""
        return next((n, rule) for n, rule in enumerate(self.rules) if rule.fits(kind, model, fault))


@cache
def delivered() -> DispatchPolicy:
    """Return the policy that comes with the hub."""
    return load(DispatchPolicy, Path(__file__).with_name("standard.yaml"))
