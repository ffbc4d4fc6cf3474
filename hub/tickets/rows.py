"""How the transition tables of tickets are written: a row, a kind's table, and the rows that several kinds share."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission
from hub.tickets.guards import Facts, complete_intake, not_who_worked, passing_test, proven_or_unrepaired
from hub.tickets.kinds import OPEN, STATES, State

Row = Transition[State, Facts]
Table = TransitionTable[State, Facts]
Guard = Callable[[Facts], Words | None]
S, P = State, Permission
INTAKE = (
    *("contact_name", "contact_phone", "contact_email", "model", "serial", "symptom", "fault", "urgency"),
    *("accessories", "appearance", "proof_kind", "proof_number"),
)
"""Fields that the intake fills in."""


def row(  # noqa: PLR0917 - a table's columns
    sources: State | set[State] | frozenset[State],
    action: str,
    target: State | None,
    permission: Permission,
    english: str,
    chinese: str,
    *,
    only_if: Guard | tuple[Guard, ...] = (),
    writes: tuple[str, ...] = (),
) -> Row:
    """Return one row: in any of ``sources``, ``action`` leads to ``target`` (``None``: the state stays)."""
    found = frozenset({sources}) if isinstance(sources, State) else frozenset(sources)
    title: Words = {"en": english, "zh-CN": chinese}
    guards = only_if if isinstance(only_if, tuple) else (only_if,)
    return Transition(found, action, target, permission, title, guards, frozenset(writes))


def table(*rows: Row, not_merged: AbstractSet[State] = frozenset()) -> Table:
    """Return the table of one kind: its own rows, and what can be done to every open ticket.

    In the states ``not_merged`` a ticket is not merged away: what was decided on it would be lost with it.
    """
    used = {S.NEW} | {state for one in rows for state in (*one.sources, one.target) if state is not None}
    open_states = (used | {S.DRAFT}) & OPEN
    real = open_states - {S.DRAFT}
    return TransitionTable(
        S.NEW,
        (
            row(
                S.DRAFT,
                "submit",
                S.NEW,
                P.TICKET_CREATE,
                "Submit the intake",
                "提交受理",
                only_if=complete_intake,
                writes=("priority", "priority_reasons"),
            ),
            row(S.DRAFT, "discard", S.CANCELLED, P.TICKET_CREATE, "Discard the draft", "废弃草稿"),
            *rows,
            row(
                real,
                "prioritise",
                None,
                P.TICKET_ASSIGN,
                "Change the priority",
                "调整优先级",
                writes=("priority", "priority_pinned", "priority_reasons"),
            ),
            row(
                real,
                "rejudge",
                None,
                P.TICKET_ASSIGN,
                "Compute the priority anew",
                "重新计算优先级",
                writes=("priority", "priority_pinned", "priority_reasons"),
            ),
            row(
                open_states,
                "amend",
                None,
                P.TICKET_CREATE,
                "Complete or correct the intake",
                "补充或更正受理信息",
                writes=INTAKE,
            ),
            row(
                real - not_merged,
                "merge",
                S.CANCELLED,
                P.TICKET_ASSIGN,
                "Merge into another ticket",
                "合并到其他工单",
                writes=("merged_into",),
            ),
            row(open_states, "note", None, P.TICKET_NOTE, "Add a note", "添加备注"),
        ),
        STATES,
    )


def dispatched() -> tuple[Row, ...]:
    """Rows of every kind that is worked on at a bench."""
    return (
        row(S.NEW, "ask_review", S.IN_REVIEW, P.TICKET_ASSIGN, "Send to review", "提交人工审核"),
        row(S.IN_REVIEW, "reviewed", S.NEW, P.TICKET_REVIEW, "Record the review", "完成审核", writes=("reviewed",)),
        row(
            {S.NEW, S.ASSIGNED},
            "assign",
            S.ASSIGNED,
            P.TICKET_ASSIGN,
            "Assign to a bench",
            "派发到工位",
            writes=("bench", "plan", "priority", "priority_pinned", "priority_reasons"),
        ),
        row(S.ASSIGNED, "unassign", S.NEW, P.TICKET_ASSIGN, "Take back from the bench", "撤回派发", writes=("bench",)),
        row(S.ASSIGNED, "taken", S.IN_PROGRESS, P.TICKET_WORK, "Begin work", "开始处理"),
        row(
            {S.IN_PROGRESS, S.WAITING},
            "move",
            None,
            P.TICKET_ASSIGN,
            "Move to another bench",
            "转移到其他工位",
            writes=("bench", "plan", "priority", "priority_pinned", "priority_reasons"),
        ),
        row(
            {S.NEW, S.ASSIGNED, S.IN_PROGRESS},
            "send",
            S.IN_TRANSIT,
            P.TICKET_ASSIGN,
            "Send the device to another store",
            "调拨到其他门店",
            writes=("bench",),
        ),
        row(S.IN_TRANSIT, "receive", S.NEW, P.TICKET_ASSIGN, "Receive the device", "接收调拨设备", writes=("store",)),
        row(S.IN_TRANSIT, "send_back", S.NEW, P.TICKET_ASSIGN, "Do not take the device", "拒收调拨设备"),
        row(S.IN_TRANSIT, "call_back", S.NEW, P.TICKET_ASSIGN, "Call the device back", "撤回调拨"),
        row(S.IN_PROGRESS, "finding", None, P.TICKET_WORK, "Record a finding", "记录诊断结果"),
        *waiting(P.TICKET_WORK),
        row({S.NEW, S.IN_REVIEW, S.ASSIGNED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
    )


def visits() -> tuple[Row, ...]:
    """A time at which the customer comes, or somebody goes to the customer; the state stays (T11)."""
    before = frozenset({S.NEW, S.ASSIGNED})
    return (
        row(before, "schedule", None, P.APPOINTMENT_BOOK, "Make an appointment", "预约"),
        row(before, "reschedule", None, P.APPOINTMENT_BOOK, "Move the appointment", "改约"),
        row(before, "call_off", None, P.APPOINTMENT_BOOK, "Call the appointment off", "取消预约"),
    )


def waiting(permission: Permission) -> tuple[Row, ...]:
    """Work that stands still until somebody else has done something."""
    return (
        row(S.IN_PROGRESS, "wait", S.WAITING, permission, "Wait for somebody", "挂起等待"),
        row(S.WAITING, "resume", S.IN_PROGRESS, permission, "Go on", "恢复处理"),
    )


def to_counter(done: State, *at_close: Guard) -> tuple[Row, ...]:
    """From a finished work through a passing test to the customer."""
    return (
        row(
            done,
            "rework",
            S.IN_PROGRESS,
            P.TICKET_WORK,
            "Take up the work again",
            "返工",
            writes=("test_waived",),
        ),
        row(
            done,
            "waive_test",
            None,
            P.TICKET_DECIDE,
            "Record an exception from the test",
            "记录免检例外",
            only_if=not_who_worked,
            writes=("test_waived",),
        ),
        row(
            done,
            "handed_over",
            S.HANDED_OVER,
            P.TICKET_WORK,
            "Hand over to the counter",
            "移交柜台",
            only_if=passing_test,
        ),
        row(
            S.HANDED_OVER,
            "close",
            S.CLOSED,
            P.TICKET_CLOSE,
            "Deliver and close",
            "交付并关闭",
            only_if=(proven_or_unrepaired, *at_close),
        ),
    )
