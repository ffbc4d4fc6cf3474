"""How urgent a ticket is (T5): a pure function that says why."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.core.i18n import Words
from hub.dispatch.documents import PriorityRules
from hub.tickets.kinds import KINDS, URGENCIES, Kind, Urgency


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """What a ticket's priority depends on."""

    kind: Kind
    urgency: Urgency | None
    tier: str | None
    """Membership tier of its customer (M2)."""
    tier_raise: int
    alike: int
    """Devices of the same model with the same fault within the batch rule's days, this one included."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A priority and what made it."""

    priority: int
    codes: tuple[str, ...]
    """E.g. ``urgency:high``, ``vip:gold``, ``batch:6``."""


def judge(facts: PriorityFacts, rules: PriorityRules) -> Judged:
    """Return the priority (0 is the most urgent, never below it) and the reasons in the order in which they count."""
    urgency = facts.urgency or Urgency.NORMAL
    priority = rules.urgency[urgency]
    codes = [f"urgency:{urgency}"]
    raised = rules.kinds.get(facts.kind, 0)
    if raised:
        codes.append(f"kind:{facts.kind}")
    if facts.tier is not None and facts.tier_raise:
        raised += facts.tier_raise
        codes.append(f"vip:{facts.tier}")
    if facts.alike >= rules.batch.tickets and rules.batch.raise_by:
        raised += rules.batch.raise_by
        codes.append(f"batch:{facts.alike}")
    return Judged(max(0, priority - raised), tuple(codes))


_WORDS: dict[str, Words] = {
    "urgency": {"en": "the customer's urgency is {value}", "zh-CN": "客户紧急程度为{value}"},
    "kind": {"en": "tickets of kind {value} go before others", "zh-CN": "{value}类工单优先"},
    "vip": {"en": "the customer's tier is {value}", "zh-CN": "客户等级为 {value}"},
    "batch": {
        "en": "batch problem: {value} devices of this model with this fault",
        "zh-CN": "批量问题：同型号同故障 {value} 台",
    },
    "manual": {"en": "set by hand", "zh-CN": "人工设定"},
    "given": {"en": "given at the intake", "zh-CN": "受理时指定"},
}


_NAMES: dict[str, Mapping[str, Words]] = {"urgency": URGENCIES, "kind": KINDS}  # type: ignore[dict-item]


def words(code: str) -> Words:
    """Return a reason for people."""
    name, _, value = code.partition(":")
    template = _WORDS.get(name, {"en": code, "zh-CN": code})
    named = _NAMES.get(name, {}).get(value, {"en": value, "zh-CN": value})
    return {"en": template["en"].format(value=value), "zh-CN": template["zh-CN"].format(value=named["zh-CN"])}
