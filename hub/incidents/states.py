"""The transition table of a major incident."""

from enum import StrEnum

from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class State(StrEnum):
    """Where a major incident is."""

    DECLARED = "declared"
    """The team has to stand within the time of the policy."""
    WORKING = "working"
    """The team works and reports every hour."""
    ENDED = "ended"


S, P = State, Permission
TABLE: TransitionTable[State, None] = TransitionTable(
    S.DECLARED,
    (
        Transition(
            frozenset({S.DECLARED, S.WORKING}),
            "team",
            S.WORKING,
            P.INCIDENT_MANAGE,
            {"en": "Form the team", "zh-CN": "组建专项小组"},
            writes=frozenset({"team"}),
        ),
        Transition(
            frozenset({S.DECLARED, S.WORKING}),
            "update",
            None,
            P.INCIDENT_REPORT,
            {"en": "Report", "zh-CN": "通报进展"},
            writes=frozenset({"updates"}),
        ),
        Transition(
            frozenset({S.WORKING}),
            "end",
            S.ENDED,
            P.INCIDENT_MANAGE,
            {"en": "End it with a review", "zh-CN": "复盘并结束"},
            writes=frozenset({"ended_at"}),
        ),
    ),
    {
        S.DECLARED: {"en": "declared", "zh-CN": "已宣布"},
        S.WORKING: {"en": "working", "zh-CN": "处置中"},
        S.ENDED: {"en": "ended", "zh-CN": "已结束"},
    },
)
