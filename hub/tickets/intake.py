"""What an intake has to have (T3): rules as data, and a pure function that names everything that is missing."""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import coded, listed
from hub.core.problems import ProblemType
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.values import Document, wrong
from hub.tickets.items import Item
from hub.tickets.kinds import KINDS, Channel, Kind

FAMILY = "intake"
STANDARD = "standard"
INTAKE_INCOMPLETE = ProblemType(
    "intake-incomplete",
    422,
    {"en": "The intake is not complete", "zh-CN": "受理信息不完整"},
    {
        "en": "{count:thing is|things are} missing for a ticket of kind {ticket_kind}: {missing}; see errors.",
        "zh-CN": "{ticket_kind}工单缺少 {count} 项信息：{missing}；详见 errors。",
    },
)
NO_DRAFT = ProblemType(
    "no-draft",
    422,
    {"en": "This kind of ticket has no drafts", "zh-CN": "该类工单不支持草稿"},
    {
        "en": "A ticket of kind {ticket_kind} is taken in at once; give the whole intake and leave draft out.",
        "zh-CN": "{ticket_kind}工单须一次性受理；请提供完整信息，不能存为草稿（draft）。",
    },
)


class KindRules(Document):
    """What one kind of ticket wants."""

    draft: bool = Field(description="Whether an intake may be kept as a draft.")
    always: Annotated[tuple[Item, ...], Field(max_length=20)]
    at_counter: Annotated[tuple[Item, ...], Field(max_length=20)] = ()


class IntakePolicy(Document):
    """What intakes have to have, for every kind of ticket."""

    kinds: dict[Kind, KindRules]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        absent = [kind for kind in Kind if kind not in self.kinds]
        if absent:
            raise wrong(
                "kinds_missing",
                "kinds: say what {absent} wants, too",
                "kinds：还须说明以下类型的要求：{named}",
                absent=", ".join(absent),
                named=listed(coded(kind, KINDS[kind]) for kind in absent)["zh-CN"],
            )
        return self

    def wanted(self, kind: Kind, channel: Channel | None) -> tuple[Item, ...]:
        """Return what a ticket of ``kind`` that comes over ``channel`` wants."""
        rules = self.kinds[kind]
        return rules.always + (rules.at_counter if channel is Channel.COUNTER else ())


def missing(policy: IntakePolicy, kind: Kind, channel: Channel | None, given: frozenset[Item]) -> tuple[Item, ...]:
    """Return everything that is wanted and not ``given``, in the policy's order."""
    return tuple(item for item in policy.wanted(kind, channel) if item not in given)


def later(policy: IntakePolicy, kind: Kind, given: frozenset[Item]) -> tuple[Item, ...]:
    """Return what is still to be taken down when the device comes to the counter."""
    return missing(policy, kind, Channel.COUNTER, given)


def in_force(session: Session) -> IntakePolicy:
    """Return the policy that holds now."""
    row = policies.in_force(policies.in_order(session, FAMILY, STANDARD), now())
    return delivered() if row is None else versions.document(session, row, IntakePolicy)


@cache
def delivered() -> IntakePolicy:
    """Return the policy that comes with the hub."""
    return load(IntakePolicy, Path(__file__).with_name("intake.yaml"))
