"""The transition table of an escalation."""

from enum import StrEnum

from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class State(StrEnum):
    """Where an escalation is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody of the level has it in hand."""
    ANSWERED = "answered"


S, P = State, Permission
TABLE: TransitionTable[State, None] = TransitionTable(
    S.OPEN,
    (
        Transition(
            frozenset({S.OPEN}),
            "acknowledge",
            S.ACKNOWLEDGED,
            P.ESCALATION_ANSWER,
            {"en": "Take it in hand", "zh-CN": "确认接手"},
            writes=frozenset({"acknowledged_by", "acknowledged_at"}),
        ),
        Transition(
            frozenset({S.OPEN, S.ACKNOWLEDGED}),
            "answer",
            S.ANSWERED,
            P.ESCALATION_ANSWER,
            {"en": "Answer it", "zh-CN": "答复"},
            writes=frozenset({"answered_by", "answered_at"}),
        ),
    ),
    {
        S.OPEN: {"en": "open", "zh-CN": "待接手"},
        S.ACKNOWLEDGED: {"en": "acknowledged", "zh-CN": "已接手"},
        S.ANSWERED: {"en": "answered", "zh-CN": "已答复"},
    },
)
