"""Which events there are for an endpoint to hear of: one that is misspelt would be silent for months."""

from collections.abc import Sequence
from functools import cache

from hub.core.i18n import Words, both
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import visibility
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets.states import TABLES

RECORDS = {
    **dict.fromkeys(("ticket", "appointment", "complaint", "escalation", "major", "sla", "soak"), "ticket"),
    **dict.fromkeys(("bench", "shift", "workplace"), "bench"),
    **dict.fromkeys(("user", "session", "staff", "training", "assessment", "certificate"), "user"),
    "customer": "customer",
    "device": "device",
    "store": "store",
    "article": "article",
    "backup": "backup",
    "improvement_task": "improvement_task",
    "job": "job",
    "key": "key",
    "notification": "notification",
    "policy": "policy",
}
"""Family of events (what stands before the dot) → type of the records that they are about (``soak``: or a bench)."""
_BESIDES_ACTIONS = frozenset(
    {
        *("created", "drafted", "absorbed", "attached", "photo_released", "photo_withdrawn", "not_dispatched"),
        *("link_issued", "links_revoked", "survey_asked", "survey_answered", "callback_due", "called_back"),
        *("improvement_opened", "improvement_overdue"),
    }
)
"""What happens to a ticket besides the actions of its table."""
EVENTS_UNHEARD = ProblemType(
    "webhook-events",
    422,
    {"en": "Some of these events would never come", "zh-CN": "所填事件永远不会推送"},
    {
        "en": "{count:pattern names|patterns name} nothing that you may hear of; see errors.",
        "zh-CN": "有 {count} 个事件名称不存在或您无权接收，详见 errors。",
    },
)


@cache
def of_tickets() -> frozenset[str]:
    """Return every kind of event of the family ``ticket``."""
    actions = {row.action for table in TABLES.values() for row in table.transitions}
    return frozenset(f"ticket.{name}" for name in actions | _BESIDES_ACTIONS)


def heard_by(actor: Actor) -> list[str]:
    """Return the families of events that ``actor`` can hear of."""
    types = visibility.record_types(actor)
    return sorted(
        family
        for family, record in RECORDS.items()
        if (types is None or record in types) and (family != "complaint" or actor.may(Permission.COMPLAINT_READ))
    )


def check(actor: Actor, patterns: Sequence[str]) -> None:
    """Raise the webhook-events problem that names each pattern which would never fit an event."""
    families = heard_by(actor)
    errors = [
        FieldError(f"#/events/{number}", _wanted(pattern, families))
        for number, pattern in enumerate(patterns)
        if not _fits(pattern, families)
    ]
    if errors:
        raise Problem(EVENTS_UNHEARD, errors=errors, count=len(errors))


def _fits(pattern: str, families: Sequence[str]) -> bool:
    family, _, name = pattern.partition(".")
    if pattern == "*":
        return True
    return family in families and (family != "ticket" or name == "*" or pattern in of_tickets())


def _wanted(pattern: str, families: Sequence[str]) -> Words:
    if pattern.startswith("ticket."):
        names = ", ".join(sorted(of_tickets()))
        return both(f"there is no such event of tickets; there are {names}", f"工单没有该事件；可用：{names}")
    names = ", ".join(f"{family}.*" for family in families)
    return both(f"no such event comes to you; take *, or of {names}", f"您收不到该事件；可用 *，或以下各类：{names}")
