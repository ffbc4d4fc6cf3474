"""What a service level policy says: a document that a manager writes and reads."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from hub.policies.values import Document, Duration, wrong

PRIORITIES = range(10)
TicketKind = Annotated[str, StringConstraints(pattern="^[a-z][a-z_]{0,31}$")]
Percent = Annotated[int, Field(ge=1, le=1000, description="Of the allowed time.")]
BeforeBreach = Annotated[int, Field(ge=1, le=99, description="Percent of the allowed time.")]


class ClockName(StrEnum):
    """What is timed."""

    FIRST_RESPONSE = "first_response"
    ANSWER = "answer"
    RESOLUTION = "resolution"
    TEAM = "team"
    """In a major incident: until the team stands (T8)."""
    UPDATE = "update"
    """In a major incident: until the next report (T8)."""


class WaitingFor(StrEnum):
    """Why nobody works on a ticket now."""

    CUSTOMER = "customer"
    PART = "part"
    THIRD_PARTY = "third_party"


class Level(StrEnum):
    """Who is responsible (T8, 三级升级)."""

    FRONT_LINE = "front_line"
    EXPERT = "expert"
    MANAGEMENT = "management"

    @property
    def rank(self) -> int:
        """0 for the front line; higher is further up."""
        return list(Level).index(self)


class CountedTime(StrEnum):
    """Which time counts."""

    WORKING = "working"
    """The store's opening hours."""
    ELAPSED = "elapsed"
    """Day and night."""


class AfterReopening(StrEnum):
    """What becomes of a clock that had ended when its ticket is reopened."""

    STAYS_ENDED = "stays_ended"
    GOES_ON = "goes_on"
    """It counts further from where it ended; the time between does not count."""
    BEGINS_ANEW = "begins_anew"


class Escalate(Document):
    """When the next level is brought in."""

    expert: Percent | None = Field(default=None, examples=[100])
    management: Percent | None = Field(default=None, examples=[150])

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.expert is not None and self.management is not None and self.management <= self.expert:
            raise wrong(
                "escalation_order",
                "escalate: management ({management} %) comes after the expert ({expert} %); give it more percent",
                "escalate：管理层（{management} %）须晚于专家（{expert} %），请填写更大的百分比",
                management=self.management,
                expert=self.expert,
            )
        return self


class Watching(Document):
    """What happens on the way to the due time and after it."""

    reminders: Annotated[tuple[BeforeBreach, ...], Field(max_length=10)] = Field(
        default=(), description="Remind who works on it at these percentages.", examples=[[50, 80]]
    )
    escalate: Escalate = Field(default=Escalate())


class ClockRules(Watching):
    """How one clock counts."""

    time: CountedTime = CountedTime.WORKING
    paused_by: tuple[WaitingFor, ...] = Field(default=(), examples=[["customer", "part"]])
    warn_customer: BeforeBreach | None = Field(
        default=None, description="Tell the customer at this percentage that the date may slip.", examples=[80]
    )
    after_reopening: AfterReopening


class Clocks(Document):
    """The clocks of every ticket."""

    first_response: ClockRules
    answer: ClockRules
    resolution: ClockRules


class MajorIncident(Watching):
    """The two clocks of a major incident (T8), which count day and night unless ``time`` says otherwise."""

    team_within: Duration = Field(examples=["30min"])
    update_every: Duration = Field(examples=["1h"])
    time: CountedTime = CountedTime.ELAPSED


class Rule(Document):
    """By when, for some kinds and priorities of tickets. A clock that is left out has no due time."""

    kinds: Annotated[tuple[TicketKind, ...], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Left out: every kind.", examples=[["complaint", "consultation"]]
    )
    priorities: Annotated[tuple[Annotated[int, Field(ge=0, le=9)], ...], Field(min_length=1, max_length=10)] | None = (
        Field(default=None, description="0 is the most urgent. Left out: every priority.", examples=[[0, 1, 2]])
    )
    first_response: Duration | None = Field(default=None, examples=["2h"])
    answer: Duration | None = Field(default=None, examples=["24h"])
    resolution: Duration | None = Field(default=None, examples=["72h"])

    def fits(self, kind: str, priority: int) -> bool:
        """Whether the rule is about such tickets."""
        return (self.kinds is None or kind in self.kinds) and (self.priorities is None or priority in self.priorities)


class SlaPolicy(Document):
    """Service levels. The first rule that fits a ticket's kind and priority holds."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=200)]
    clocks: Clocks
    major_incident: MajorIncident

    def rule(self, kind: str, priority: int) -> Rule:
        """Return the rule that holds; there is one for every kind and priority."""
        return next(rule for rule in self.rules if rule.fits(kind, priority))

    def target(self, kind: str, priority: int, clock: ClockName) -> timedelta | None:
        """Return the time that ``clock`` allows, ``None`` where it has no due time."""
        if clock is ClockName.TEAM:
            return self.major_incident.team_within
        if clock is ClockName.UPDATE:
            return self.major_incident.update_every
        rule = self.rule(kind, priority)
        return {
            ClockName.FIRST_RESPONSE: rule.first_response,
            ClockName.ANSWER: rule.answer,
            ClockName.RESOLUTION: rule.resolution,
        }[clock]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        covered: set[tuple[str | None, int]] = set()
        for number, rule in enumerate(self.rules):
            new = {case for case in _cases(rule) if case not in covered and (None, case[1]) not in covered}
            if not new:
                raise wrong(
                    "rule_never_used",
                    "rules.{number}: rules before it take every ticket that it is about; move it up or remove it",
                    "rules.{number}：前面的规则已涵盖其全部工单，请上移或删除该规则",
                    number=number,
                )
            covered |= new
        missing = [priority for priority in PRIORITIES if (None, priority) not in covered]
        if missing:
            raise wrong(
                "no_rule",
                "rules: no rule fits a ticket of priority {missing} and any other kind; end with a rule without kinds",
                "rules：优先级 {missing} 的工单可能没有适用规则，请在最后加一条不限 kinds 的规则",
                missing=", ".join(map(str, missing)),
            )
        return self


def _cases(rule: Rule) -> Iterator[tuple[str | None, int]]:
    for kind in rule.kinds or (None,):
        for priority in rule.priorities or PRIORITIES:
            yield kind, priority
