"""The transition table of a delivery."""

from enum import StrEnum

from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class State(StrEnum):
    """Where a delivery is."""

    WAITING = "waiting"
    SENDING = "sending"
    """A sender has it; when it does not come back, the next one takes it."""
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up after days; it can be replayed."""


S = State
P = Permission.WEBHOOK_WRITE
TABLE: TransitionTable[State, None] = TransitionTable(
    S.WAITING,
    (
        Transition(
            frozenset({S.WAITING, S.SENDING}), "claim", S.SENDING, P, {"en": "Take it to send", "zh-CN": "开始发送"}
        ),
        Transition(frozenset({S.SENDING}), "delivered", S.DELIVERED, P, {"en": "It was taken", "zh-CN": "已送达"}),
        Transition(frozenset({S.SENDING}), "retry", S.WAITING, P, {"en": "Try later", "zh-CN": "稍后重试"}),
        Transition(frozenset({S.SENDING}), "give_up", S.DEAD, P, {"en": "Give up", "zh-CN": "放弃"}),
        Transition(
            frozenset({S.DELIVERED, S.DEAD, S.WAITING}), "replay", S.WAITING, P, {"en": "Replay", "zh-CN": "重放"}
        ),
    ),
    {
        S.WAITING: {"en": "waiting", "zh-CN": "待发送"},
        S.SENDING: {"en": "sending", "zh-CN": "发送中"},
        S.DELIVERED: {"en": "delivered", "zh-CN": "已送达"},
        S.DEAD: {"en": "given up", "zh-CN": "已放弃"},
    },
)
