"""The transition tables of tickets, one per kind. Guards are in ``guards``, the words of states in ``kinds``."""

from collections.abc import Callable

from hub.complaints import guards as complaints
from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission
from hub.tickets.guards import (
    Facts,
    complete_intake,
    customer_agrees,
    not_who_worked,
    passing_test,
    proven_or_unrepaired,
    root_cause_named,
    second_person,
    third_person_pays,
)
from hub.tickets.kinds import ON_BENCH, OPEN, Channel, Kind, State

__all__ = ["ADDRESSES", "ON_BENCH", "OPEN", "TABLES", "Channel", "Facts", "Kind", "Row", "State", "Table"]

Row = Transition[State, Facts]
Table = TransitionTable[State, Facts]
Guard = Callable[[Facts], Words | None]
S, P = State, Permission
INTAKE = (
    *("contact_name", "contact_phone", "contact_email", "model", "serial", "symptom", "fault", "urgency"),
    *("accessories", "appearance", "proof_kind", "proof_number"),
)
"""Fields that the intake fills in."""
ADDRESSES = {
    "assign": "assignment",
    "move": "assignment",
    "amend": "intake",
    "merge": "merge",
    "send": "transfer",
    "receive": "transfer/receipt",
    "send_back": "transfer/refusal",
    "call_back": "transfer",
    "schedule": "appointments",
    "reschedule": "appointments",
    "call_off": "appointments",
}
"""Actions that have an address of their own below the ticket."""


def _row(  # noqa: PLR0917 - a table's columns
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
    found = frozenset({sources}) if isinstance(sources, State) else frozenset(sources)
    title: Words = {"en": english, "zh-CN": chinese}
    guards = only_if if isinstance(only_if, tuple) else (only_if,)
    return Transition(found, action, target, permission, title, guards, frozenset(writes))


def _table(*rows: Row) -> Table:
    """Return the table of one kind: its own rows, and what can be done to every open ticket."""
    used = {S.NEW} | {state for row in rows for state in (*row.sources, row.target) if state is not None}
    open_states = (used | {S.DRAFT}) & OPEN
    real = open_states - {S.DRAFT}
    return TransitionTable(
        S.NEW,
        (
            _row(
                S.DRAFT,
                "submit",
                S.NEW,
                P.TICKET_CREATE,
                "Submit the intake",
                "提交受理",
                only_if=complete_intake,
                writes=("priority", "priority_reasons"),
            ),
            _row(S.DRAFT, "discard", S.CANCELLED, P.TICKET_CREATE, "Discard the draft", "废弃草稿"),
            *rows,
            _row(
                real,
                "prioritise",
                None,
                P.TICKET_ASSIGN,
                "Change the priority",
                "调整优先级",
                writes=("priority", "priority_pinned", "priority_reasons"),
            ),
            _row(
                real,
                "rejudge",
                None,
                P.TICKET_ASSIGN,
                "Compute the priority anew",
                "重新计算优先级",
                writes=("priority", "priority_pinned", "priority_reasons"),
            ),
            _row(
                open_states,
                "amend",
                None,
                P.TICKET_CREATE,
                "Complete or correct the intake",
                "补充或更正受理信息",
                writes=INTAKE,
            ),
            _row(
                real,
                "merge",
                S.CANCELLED,
                P.TICKET_ASSIGN,
                "Merge into another ticket",
                "合并到其他工单",
                writes=("merged_into",),
            ),
            _row(open_states, "note", None, P.TICKET_NOTE, "Add a note", "添加备注"),
        ),
    )


def _dispatched() -> tuple[Row, ...]:
    """Rows of every kind that is worked on at a bench."""
    return (
        _row(S.NEW, "ask_review", S.IN_REVIEW, P.TICKET_ASSIGN, "Send to review", "提交人工审核"),
        _row(S.IN_REVIEW, "reviewed", S.NEW, P.TICKET_REVIEW, "Record the review", "完成审核", writes=("reviewed",)),
        _row(
            {S.NEW, S.ASSIGNED},
            "assign",
            S.ASSIGNED,
            P.TICKET_ASSIGN,
            "Assign to a bench",
            "派发到工位",
            writes=("bench", "plan", "priority", "priority_pinned", "priority_reasons"),
        ),
        _row(S.ASSIGNED, "unassign", S.NEW, P.TICKET_ASSIGN, "Take back from the bench", "撤回派发", writes=("bench",)),
        _row(S.ASSIGNED, "taken", S.IN_PROGRESS, P.TICKET_WORK, "Begin work", "开始处理"),
        _row(
            {S.IN_PROGRESS, S.WAITING},
            "move",
            None,
            P.TICKET_ASSIGN,
            "Move to another bench",
            "转移到其他工位",
            writes=("bench", "plan", "priority", "priority_pinned", "priority_reasons"),
        ),
        _row(
            {S.NEW, S.ASSIGNED, S.IN_PROGRESS},
            "send",
            S.IN_TRANSIT,
            P.TICKET_ASSIGN,
            "Send the device to another store",
            "调拨到其他门店",
            writes=("bench",),
        ),
        _row(S.IN_TRANSIT, "receive", S.NEW, P.TICKET_ASSIGN, "Receive the device", "接收调拨设备", writes=("store",)),
        _row(S.IN_TRANSIT, "send_back", S.NEW, P.TICKET_ASSIGN, "Do not take the device", "拒收调拨设备"),
        _row(S.IN_TRANSIT, "call_back", S.NEW, P.TICKET_ASSIGN, "Call the device back", "撤回调拨"),
        _row(S.IN_PROGRESS, "finding", None, P.TICKET_WORK, "Record a finding", "记录诊断结果"),
        *_waiting(P.TICKET_WORK),
        _row({S.NEW, S.IN_REVIEW, S.ASSIGNED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
    )


def _visits() -> tuple[Row, ...]:
    """A time at which the customer comes, or somebody goes to the customer; the state stays (T11)."""
    before = frozenset({S.NEW, S.ASSIGNED})
    return (
        _row(before, "schedule", None, P.TICKET_SERVE, "Make an appointment", "预约"),
        _row(before, "reschedule", None, P.TICKET_SERVE, "Move the appointment", "改约"),
        _row(before, "call_off", None, P.TICKET_SERVE, "Call the appointment off", "取消预约"),
    )


def _waiting(permission: Permission) -> tuple[Row, ...]:
    return (
        _row(S.IN_PROGRESS, "wait", S.WAITING, permission, "Wait for somebody", "挂起等待"),
        _row(S.WAITING, "resume", S.IN_PROGRESS, permission, "Go on", "恢复处理"),
    )


def _to_counter(done: State, *at_close: Guard) -> tuple[Row, ...]:
    """From a finished work through a passing test to the customer."""
    return (
        _row(
            done,
            "rework",
            S.IN_PROGRESS,
            P.TICKET_WORK,
            "Take up the work again",
            "返工",
            writes=("test_waived",),
        ),
        _row(
            done,
            "waive_test",
            None,
            P.TICKET_DECIDE,
            "Record an exception from the test",
            "记录免检例外",
            only_if=not_who_worked,
            writes=("test_waived",),
        ),
        _row(
            done,
            "handed_over",
            S.HANDED_OVER,
            P.TICKET_WORK,
            "Hand over to the counter",
            "移交柜台",
            only_if=passing_test,
        ),
        _row(
            S.HANDED_OVER,
            "close",
            S.CLOSED,
            P.TICKET_CLOSE,
            "Deliver and close",
            "交付并关闭",
            only_if=(proven_or_unrepaired, *at_close),
        ),
    )


REPAIR = _table(
    *_dispatched(),
    *_visits(),
    _row(
        {S.NEW, S.IN_REVIEW, S.ASSIGNED, S.IN_PROGRESS, S.WAITING},
        "preapprove",
        None,
        P.TICKET_SERVE,
        "Record that the customer agrees in advance",
        "记录客户事先同意",
        writes=("approval",),
    ),
    _row(
        {S.IN_PROGRESS, S.AWAITING_APPROVAL, S.DECLINED},
        "propose_plan",
        S.AWAITING_APPROVAL,
        P.TICKET_WORK,
        "Propose a repair plan",
        "提出维修方案",
        writes=("approval",),
    ),
    _row(
        S.AWAITING_APPROVAL,
        "approve_plan",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "Record that the customer agrees",
        "记录客户同意",
        writes=("approval",),
    ),
    _row(
        S.AWAITING_APPROVAL,
        "decline_plan",
        S.DECLINED,
        P.TICKET_SERVE,
        "Record that the customer declines",
        "记录客户拒绝",
        writes=("approval",),
    ),
    _row(S.DECLINED, "give_back", S.HANDED_OVER, P.TICKET_WORK, "Give back unrepaired", "未修退还"),
    _row(
        S.IN_PROGRESS,
        "repaired",
        S.REPAIRED,
        P.TICKET_WORK,
        "Record the repair",
        "记录维修",
        only_if=customer_agrees,
        writes=("root_cause",),
    ),
    _row(
        {S.IN_PROGRESS, S.DECLINED, S.REPAIRED, S.HANDED_OVER},
        "name_cause",
        None,
        P.TICKET_WORK,
        "Name the root cause",
        "认定故障根因",
        writes=("root_cause",),
    ),
    *_to_counter(S.REPAIRED, root_cause_named),
)

UPGRADE = _table(
    *_dispatched(),
    *_visits(),
    _row(S.IN_PROGRESS, "upgraded", S.UPGRADED, P.TICKET_WORK, "Record the upgrade", "记录升级"),
    *_to_counter(S.UPGRADED),
)

INSPECTION = _table(
    *_dispatched(),
    _row({S.NEW, S.ASSIGNED}, "schedule", S.SCHEDULED, P.TICKET_SERVE, "Make an appointment", "预约上门"),
    _row(S.SCHEDULED, "reschedule", None, P.TICKET_SERVE, "Move the appointment", "改约"),
    _row(S.SCHEDULED, "call_off", S.NEW, P.TICKET_SERVE, "Call the appointment off", "取消预约"),
    _row(S.SCHEDULED, "arrived", S.IN_PROGRESS, P.TICKET_SERVE, "Begin on site", "到场开始"),
    _row(S.IN_PROGRESS, "inspected", S.INSPECTED, P.TICKET_WORK, "Record the inspection", "记录检查结果"),
    _row(S.INSPECTED, "recheck", S.IN_PROGRESS, P.TICKET_WORK, "Inspect again", "复检"),
    _row(S.INSPECTED, "close", S.CLOSED, P.TICKET_CLOSE, "Report to the customer and close", "告知客户并关闭"),
)

CONSULTATION = _table(
    _row(S.NEW, "taken", S.IN_PROGRESS, P.TICKET_SERVE, "Take the question up", "受理咨询"),
    _row(
        {S.NEW, S.IN_PROGRESS, S.PROMISED},
        "promise",
        S.PROMISED,
        P.TICKET_SERVE,
        "Promise an answer for a time",
        "承诺回复时间",
    ),
    _row({S.NEW, S.IN_PROGRESS, S.PROMISED}, "answer", S.ANSWERED, P.TICKET_SERVE, "Answer the question", "答复咨询"),
    *_waiting(P.TICKET_SERVE),
    _row(S.ANSWERED, "reopen", S.IN_PROGRESS, P.TICKET_SERVE, "Take the question up again", "重新受理"),
    _row(S.ANSWERED, "inform", S.CLOSED, P.TICKET_SERVE, "Tell the customer the outcome and close", "告知结果并关闭"),
    _row({S.NEW, S.IN_PROGRESS, S.PROMISED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
)

_HEARD = frozenset(
    {S.NEW, S.ASSIGNED, S.IN_PROGRESS, S.WAITING, S.IN_REVIEW, S.AWAITING_APPROVAL, S.APPROVED, S.FULFILLED}
)
"""States in which a customer waits for news of a complaint."""

COMPLAINT = _table(
    _row(
        {S.NEW, S.ASSIGNED, S.IN_PROGRESS},
        "classify",
        None,
        P.TICKET_SERVE,
        "Say what it is about",
        "投诉分类",
        writes=("urgency", "priority", "priority_reasons"),
    ),
    _row(
        S.NEW, "name_owner", S.ASSIGNED, P.TICKET_ASSIGN, "Name the person responsible", "指定责任人", writes=("owner",)
    ),
    _row(
        {S.ASSIGNED, S.IN_PROGRESS, S.WAITING, S.IN_REVIEW, S.AWAITING_APPROVAL, S.APPROVED, S.FULFILLED, S.ANSWERED},
        "change_owner",
        None,
        P.TICKET_ASSIGN,
        "Make another person responsible",
        "变更责任人",
        writes=("owner",),
    ),
    _row(
        S.ASSIGNED,
        "taken",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "Accept the complaint",
        "受理投诉",
        only_if=complaints.is_classified,
    ),
    _row(S.IN_PROGRESS, "finding", None, P.TICKET_SERVE, "Record a fact", "记录调查事实"),
    _row(
        S.IN_PROGRESS,
        "conclude",
        None,
        P.TICKET_SERVE,
        "Name the root cause",
        "确定根本原因",
        only_if=complaints.facts_are_recorded,
    ),
    *_waiting(P.TICKET_SERVE),
    _row(
        S.IN_PROGRESS,
        "propose_remedy",
        S.AWAITING_APPROVAL,
        P.TICKET_SERVE,
        "Offer a remedy",
        "提出解决方案",
        only_if=complaints.is_investigated,
    ),
    _row(
        S.IN_PROGRESS,
        "request_compensation",
        S.IN_REVIEW,
        P.TICKET_SERVE,
        "Request a compensation",
        "申请赔付",
        only_if=complaints.is_investigated,
    ),
    _row(
        S.IN_REVIEW,
        "grant",
        S.AWAITING_APPROVAL,
        P.TICKET_DECIDE,
        "Grant the compensation",
        "批准赔付",
        only_if=complaints.another_grants,
    ),
    _row(
        S.IN_REVIEW,
        "deny",
        S.IN_PROGRESS,
        P.TICKET_DECIDE,
        "Deny the compensation",
        "驳回赔付",
        only_if=complaints.another_grants,
    ),
    _row(S.AWAITING_APPROVAL, "agree", S.APPROVED, P.TICKET_SERVE, "Record that the customer agrees", "记录客户同意"),
    _row(
        S.APPROVED,
        "fulfil",
        S.FULFILLED,
        P.TICKET_SERVE,
        "Carry the remedy out",
        "落实解决方案",
        only_if=complaints.another_pays,
    ),
    _row(S.FULFILLED, "feedback", S.ANSWERED, P.TICKET_SERVE, "Tell the outcome and apologise", "反馈结果并致歉"),
    _row(
        {S.AWAITING_APPROVAL, S.ANSWERED},
        "dispute",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "The customer is not content",
        "客户不满意",
        writes=("urgency", "priority", "priority_reasons"),
    ),
    _row(_HEARD, "promise", None, P.TICKET_SERVE, "Promise to be heard from by a time", "承诺回复时间"),
    _row(_HEARD, "tell_progress", None, P.TICKET_SERVE, "Tell the customer how it stands", "告知客户进展"),
    _row(S.ANSWERED, "close", S.CLOSED, P.TICKET_CLOSE, "The customer is content: archive", "客户满意并归档"),
    _row({S.NEW, S.ASSIGNED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "The complaint is withdrawn", "撤回投诉"),
)

RETURN_EXCHANGE = _table(
    _row(S.NEW, "taken", S.IN_PROGRESS, P.TICKET_SERVE, "Take the goods in", "接收商品"),
    _row(S.IN_PROGRESS, "finding", None, P.TICKET_SERVE, "Record the check", "记录检验结果"),
    *_waiting(P.TICKET_SERVE),
    _row(S.IN_PROGRESS, "propose", S.IN_REVIEW, P.TICKET_SERVE, "Propose a decision", "提出处理建议"),
    _row(S.IN_REVIEW, "approve", S.APPROVED, P.TICKET_DECIDE, "Approve", "批准", only_if=second_person),
    _row(S.IN_REVIEW, "refuse", S.REFUSED, P.TICKET_DECIDE, "Refuse", "驳回", only_if=second_person),
    _row({S.IN_REVIEW, S.REFUSED}, "reconsider", S.IN_PROGRESS, P.TICKET_SERVE, "Look at it again", "重新处理"),
    _row(
        S.APPROVED,
        "fulfil",
        S.FULFILLED,
        P.TICKET_SERVE,
        "Carry the decision out",
        "执行处理",
        only_if=third_person_pays,
    ),
    _row({S.FULFILLED, S.REFUSED}, "close", S.CLOSED, P.TICKET_CLOSE, "Close", "关闭"),
    _row({S.NEW, S.IN_PROGRESS}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
)

INSTALLATION = _table(
    _row(S.NEW, "schedule", S.SCHEDULED, P.TICKET_SERVE, "Make an appointment", "预约上门"),
    _row(S.SCHEDULED, "reschedule", None, P.TICKET_SERVE, "Move the appointment", "改约"),
    _row(S.SCHEDULED, "call_off", S.NEW, P.TICKET_SERVE, "Call the appointment off", "取消预约"),
    _row(S.SCHEDULED, "arrived", S.IN_PROGRESS, P.TICKET_SERVE, "Begin on site", "到场开始"),
    *_waiting(P.TICKET_SERVE),
    _row(S.IN_PROGRESS, "installed", S.INSTALLED, P.TICKET_SERVE, "Record the installation", "记录安装调试"),
    _row(S.INSTALLED, "reject", S.IN_PROGRESS, P.TICKET_SERVE, "The customer does not accept it", "客户验收不通过"),
    _row(S.INSTALLED, "close", S.CLOSED, P.TICKET_CLOSE, "The customer accepts it: close", "客户验收并关闭"),
    _row({S.NEW, S.SCHEDULED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
)

TABLES: dict[Kind, Table] = {
    Kind.CONSULTATION: CONSULTATION,
    Kind.REPAIR: REPAIR,
    Kind.RETURN_EXCHANGE: RETURN_EXCHANGE,
    Kind.COMPLAINT: COMPLAINT,
    Kind.INSTALLATION: INSTALLATION,
    Kind.UPGRADE: UPGRADE,
    Kind.INSPECTION: INSPECTION,
}
