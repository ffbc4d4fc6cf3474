"""The transition tables of tickets, one per kind, and the guards that they name."""

from dataclasses import dataclass
from enum import StrEnum

from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission


class Kind(StrEnum):
    """Kinds of tickets (T1)."""

    REPAIR = "repair"


class State(StrEnum):
    """Where a ticket is."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    REPAIRED = "repaired"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at."""

    last_run_outcome: str | None
    """Outcome of the newest finished test run of the ticket, if there is one."""


def passing_test(facts: Facts) -> Words | None:
    """D6: a repaired device leaves the bench only after a passing functional test."""
    if facts.last_run_outcome == "passed":
        return None
    if facts.last_run_outcome is None:
        return {
            "en": "no finished test run belongs to this ticket; run its plan and let it pass first",
            "zh-CN": "该工单没有已完成的检测；请先运行检测方案并通过",
        }
    return {
        "en": f"the last test run ended as {facts.last_run_outcome}; it has to pass first",
        "zh-CN": f"最近一次检测结果为 {facts.last_run_outcome}；须先通过检测",
    }


OPEN = frozenset(State) - {State.CLOSED, State.CANCELLED}
ON_BENCH = frozenset({State.ASSIGNED, State.IN_PROGRESS, State.REPAIRED})
"""States in which a ticket stands on its bench's worklist."""

_S, _P = State, Permission
REPAIR: TransitionTable[State, Facts] = TransitionTable(
    State.NEW,
    (
        Transition(
            frozenset({_S.NEW, _S.ASSIGNED}),
            "assign",
            _S.ASSIGNED,
            _P.TICKET_ASSIGN,
            {"en": "Assign to a bench", "zh-CN": "派发到工位"},
            writes=frozenset({"bench", "plan", "priority"}),
        ),
        Transition(
            frozenset({_S.ASSIGNED}),
            "unassign",
            _S.NEW,
            _P.TICKET_ASSIGN,
            {"en": "Take back from the bench", "zh-CN": "撤回派发"},
            writes=frozenset({"bench"}),
        ),
        Transition(
            frozenset({_S.ASSIGNED}),
            "taken",
            _S.IN_PROGRESS,
            _P.TICKET_WORK,
            {"en": "Begin work", "zh-CN": "开始处理"},
        ),
        Transition(
            frozenset({_S.IN_PROGRESS}),
            "finding",
            None,
            _P.TICKET_WORK,
            {"en": "Record a finding", "zh-CN": "记录诊断结果"},
        ),
        Transition(
            frozenset({_S.IN_PROGRESS}),
            "repaired",
            _S.REPAIRED,
            _P.TICKET_WORK,
            {"en": "Record the repair", "zh-CN": "记录维修"},
        ),
        Transition(
            frozenset({_S.REPAIRED}),
            "rework",
            _S.IN_PROGRESS,
            _P.TICKET_WORK,
            {"en": "Take up the work again", "zh-CN": "返工"},
        ),
        Transition(
            frozenset({_S.REPAIRED}),
            "handed_over",
            _S.HANDED_OVER,
            _P.TICKET_WORK,
            {"en": "Hand over to the counter", "zh-CN": "移交柜台"},
            guards=(passing_test,),
        ),
        Transition(
            frozenset({_S.HANDED_OVER}),
            "close",
            _S.CLOSED,
            _P.TICKET_CLOSE,
            {"en": "Deliver and close", "zh-CN": "交付并关闭"},
        ),
        Transition(
            frozenset({_S.NEW, _S.ASSIGNED}),
            "cancel",
            _S.CANCELLED,
            _P.TICKET_CANCEL,
            {"en": "Cancel", "zh-CN": "取消"},
        ),
        Transition(
            OPEN,
            "note",
            None,
            _P.TICKET_NOTE,
            {"en": "Add a note", "zh-CN": "添加备注"},
        ),
    ),
)

TABLES: dict[Kind, TransitionTable[State, Facts]] = {Kind.REPAIR: REPAIR}
