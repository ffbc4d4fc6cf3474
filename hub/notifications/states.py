"""The transition table of a notification."""

from enum import StrEnum

from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class State(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    SENDING = "sending"
    """A sender has it; when it does not come back, the next one takes it."""
    SENT = "sent"
    """The provider took it."""
    DEAD = "dead"
    """Given up after many attempts; a person may send it again."""
    UNSENT = "unsent"
    """Not to be sent: no address, no channel, the customer does not want it, or it was erased."""


S, P = State, Permission
TABLE: TransitionTable[State, None] = TransitionTable(
    S.WAITING,
    (
        Transition(
            frozenset({S.WAITING, S.SENDING}),
            "claim",
            S.SENDING,
            P.NOTIFICATION_SEND,
            {"en": "Take it to send", "zh-CN": "开始发送"},
        ),
        Transition(
            frozenset({S.SENDING}), "sent", S.SENT, P.NOTIFICATION_SEND, {"en": "It was taken", "zh-CN": "已发送"}
        ),
        Transition(
            frozenset({S.SENDING}), "retry", S.WAITING, P.NOTIFICATION_SEND, {"en": "Try later", "zh-CN": "稍后重试"}
        ),
        Transition(
            frozenset({S.SENDING}), "give_up", S.DEAD, P.NOTIFICATION_SEND, {"en": "Give up", "zh-CN": "放弃发送"}
        ),
        Transition(
            frozenset({S.SENT, S.DEAD}),
            "resend",
            S.WAITING,
            P.NOTIFICATION_SEND,
            {"en": "Send it again", "zh-CN": "重新发送"},
        ),
        Transition(
            frozenset({S.WAITING, S.SENDING}),
            "erase",
            S.UNSENT,
            P.CUSTOMER_ERASE,
            {"en": "Erase it", "zh-CN": "清除内容"},
        ),
    ),
    {
        S.WAITING: {"en": "waiting", "zh-CN": "待发送"},
        S.SENDING: {"en": "sending", "zh-CN": "发送中"},
        S.SENT: {"en": "sent", "zh-CN": "已发送"},
        S.DEAD: {"en": "given up", "zh-CN": "已放弃"},
        S.UNSENT: {"en": "not to be sent", "zh-CN": "不予发送"},
    },
)
