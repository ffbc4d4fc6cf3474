"""Which events there are for an endpoint to hear of: one that is misspelt would be silent for months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.aftercare.states import TASKS
from hub.appointments.states import TABLE as APPOINTMENTS
from hub.core.i18n import Words, both
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import visibility
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.knowledge.states import EDITIONS
from hub.tickets.states import TABLES as TICKETS


@dataclass(frozen=True, slots=True)
class Family:
    """The events with one word before the dot."""

    record: str
    """Type of the records that they are about (``soak``: or a bench)."""
    names: frozenset[str]
    """What can stand behind the dot."""


def _of(record: str, *names: str) -> Family:
    return Family(record, frozenset(names))


FAMILIES: Mapping[str, Family] = {
    "ticket": _of(
        "ticket",
        *(action for table in TICKETS.values() for action in table.actions),
        *("created", "drafted", "absorbed", "attached", "photo_released", "photo_withdrawn", "not_dispatched"),
        *("link_issued", "links_revoked", "survey_asked", "survey_answered", "callback_due", "called_back"),
        *("improvement_opened", "improvement_overdue"),
    ),
    "appointment": _of("ticket", "requested", *APPOINTMENTS.actions),
    "complaint": _of("ticket", "reviewed"),
    "escalation": _of("ticket", "raised", "acknowledged", "answered"),
    "major": _of("ticket", "declared", "team_formed", "update", "ended"),
    "sla": _of("ticket", "reminder", "customer_warning", "breach", "date_slipped"),
    "soak": _of("ticket", "alarm"),
    "bench": _of("bench", "commanded"),
    "shift": _of("bench", "planned", "removed"),
    "workplace": _of("bench", "put"),
    "user": _of("user", "created", "changed", "password_reset", "password_changed", "sign_on_bound"),
    "session": _of("user", "begun", "ended"),
    "staff": _of("user", "file_entry"),
    "training": _of("user", "planned", "held"),
    "assessment": _of("user", "put"),
    "certificate": _of("user", "put", "withdrawn"),
    "customer": _of(
        "customer",
        *("created", "changed", "merged", "absorbed", "erased", "purchased", "purchase_taken_back", "tier_changed"),
        *("contact_preference", "read", "listed", "exported"),
    ),
    "device": _of("device", "created", "changed", "inspection_due"),
    "store": _of("store", "created", "changed"),
    "article": _of("article", "created", "changed", "edition_added", "judged", *EDITIONS.actions),
    "backup": _of("backup", "created", "proven"),
    "improvement_task": _of("improvement_task", "opened", "overdue", *TASKS.actions),
    "job": _of("job", "requested", "failing"),
    "key": _of("key", "created", "revoked"),
    "notification": _of("notification", "sent", "dead", "resent"),
    "policy": _of("policy", "version_added"),
}
"""Every event that the hub tells of, by what stands before the dot."""
EVENTS_UNHEARD = ProblemType(
    "webhook-events",
    422,
    {"en": "Some of these events would never come", "zh-CN": "所填事件永远不会推送"},
    {
        "en": "{count:pattern names|patterns name} nothing that you may hear of; see errors.",
        "zh-CN": "有 {count} 个事件名称不存在或您无权接收，详见 errors。",
    },
)


def heard_by(actor: Actor) -> list[str]:
    """Return the families of events that ``actor`` can hear of."""
    types = visibility.record_types(actor)
    return sorted(
        name
        for name, family in FAMILIES.items()
        if (types is None or family.record in types) and (name != "complaint" or actor.may(Permission.COMPLAINT_READ))
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
    return pattern == "*" or (family in families and (name == "*" or name in FAMILIES[family].names))


def _wanted(pattern: str, families: Sequence[str]) -> Words:
    family = pattern.partition(".")[0]
    if family in families:
        names = ", ".join(f"{family}.{name}" for name in sorted(FAMILIES[family].names))
        return both(f"there is no such event; there are {names}", f"没有该事件；可用：{names}")
    names = ", ".join(f"{name}.*" for name in families)
    return both(f"no such event comes to you; take *, or of {names}", f"您收不到该事件；可用 *，或以下各类：{names}")
