"""The transition table of appointments."""

from enum import StrEnum

from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class State(StrEnum):
    """Where an appointment is."""

    REQUESTED = "requested"
    """The time is held; nobody has said yes to the customer."""
    CONFIRMED = "confirmed"
    KEPT = "kept"
    MISSED = "missed"
    """The customer was not there."""
    CALLED_OFF = "called_off"


HOLDS_TIME = frozenset({State.REQUESTED, State.CONFIRMED})
"""States in which nobody else can have the time."""


def _row(sources: frozenset[State], action: str, target: State | None, title: Words) -> Transition[State, None]:
    permission = Permission.TICKET_SERVE if target in {State.KEPT, State.MISSED} else Permission.APPOINTMENT_BOOK
    return Transition(sources, action, target, permission, title)


_ONE = frozenset
TABLE: TransitionTable[State, None] = TransitionTable(
    State.REQUESTED,
    (
        _row(_ONE({State.REQUESTED}), "confirm", State.CONFIRMED, {"en": "Confirm", "zh-CN": "确认预约"}),
        _row(HOLDS_TIME, "move", None, {"en": "Move to another time", "zh-CN": "改约"}),
        _row(HOLDS_TIME, "call_off", State.CALLED_OFF, {"en": "Call off", "zh-CN": "取消预约"}),
        _row(_ONE({State.CONFIRMED}), "keep", State.KEPT, {"en": "It took place", "zh-CN": "已履约"}),
        _row(_ONE({State.CONFIRMED}), "miss", State.MISSED, {"en": "The customer was not there", "zh-CN": "客户未到"}),
    ),
    {
        State.REQUESTED: {"en": "requested", "zh-CN": "待确认"},
        State.CONFIRMED: {"en": "confirmed", "zh-CN": "已确认"},
        State.KEPT: {"en": "kept", "zh-CN": "已履约"},
        State.MISSED: {"en": "missed", "zh-CN": "客户未到"},
        State.CALLED_OFF: {"en": "called off", "zh-CN": "已取消"},
    },
)
