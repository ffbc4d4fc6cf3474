"""The transition tables of what the desk does with the customer: consultation, complaint, return, installation."""

from hub.complaints import guards as complaints
from hub.identity.permissions import Permission
from hub.tickets.guards import approved_to_give, proposed_to_give, refunded_once, second_person, third_person_pays
from hub.tickets.kinds import State
from hub.tickets.rows import row, table, waiting

S, P = State, Permission

CONSULTATION = table(
    row(S.NEW, "taken", S.IN_PROGRESS, P.CONSULTATION_ANSWER, "Take the question up", "受理咨询"),
    row(
        {S.NEW, S.IN_PROGRESS, S.PROMISED},
        "promise",
        S.PROMISED,
        P.CONSULTATION_ANSWER,
        "Promise an answer for a time",
        "承诺回复时间",
    ),
    row(
        {S.NEW, S.IN_PROGRESS, S.PROMISED},
        "answer",
        S.ANSWERED,
        P.CONSULTATION_ANSWER,
        "Answer the question",
        "答复咨询",
    ),
    *waiting(P.CONSULTATION_ANSWER),
    row(S.ANSWERED, "reopen", S.IN_PROGRESS, P.CONSULTATION_ANSWER, "Take the question up again", "重新受理"),
    row(
        S.ANSWERED,
        "inform",
        S.CLOSED,
        P.CONSULTATION_ANSWER,
        "Tell the customer the outcome and close",
        "告知结果并关闭",
    ),
    row({S.NEW, S.IN_PROGRESS, S.PROMISED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
)

_HEARD = frozenset(
    {S.NEW, S.ASSIGNED, S.IN_PROGRESS, S.WAITING, S.IN_REVIEW, S.AWAITING_APPROVAL, S.APPROVED, S.FULFILLED}
)
"""States in which a customer waits for news of a complaint."""

COMPLAINT = table(
    row(
        {S.NEW, S.ASSIGNED, S.IN_PROGRESS},
        "classify",
        None,
        P.TICKET_SERVE,
        "Say what it is about",
        "投诉分类",
        writes=("urgency", "priority", "priority_reasons"),
    ),
    row(
        S.NEW, "name_owner", S.ASSIGNED, P.TICKET_ASSIGN, "Name the person responsible", "指定责任人", writes=("owner",)
    ),
    row(
        {S.ASSIGNED, S.IN_PROGRESS, S.WAITING, S.IN_REVIEW, S.AWAITING_APPROVAL, S.APPROVED, S.FULFILLED, S.ANSWERED},
        "change_owner",
        None,
        P.TICKET_ASSIGN,
        "Make another person responsible",
        "变更责任人",
        writes=("owner",),
    ),
    row(
        S.ASSIGNED,
        "taken",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "Accept the complaint",
        "受理投诉",
        only_if=complaints.is_classified,
    ),
    row(S.IN_PROGRESS, "finding", None, P.TICKET_SERVE, "Record a fact", "记录调查事实"),
    row(
        S.IN_PROGRESS,
        "conclude",
        None,
        P.TICKET_SERVE,
        "Name the root cause",
        "确定根本原因",
        only_if=complaints.facts_are_recorded,
    ),
    *waiting(P.TICKET_SERVE),
    row(
        S.IN_PROGRESS,
        "propose_remedy",
        S.AWAITING_APPROVAL,
        P.TICKET_SERVE,
        "Offer a remedy",
        "提出解决方案",
        only_if=complaints.is_investigated,
    ),
    row(
        S.IN_PROGRESS,
        "request_compensation",
        S.IN_REVIEW,
        P.TICKET_SERVE,
        "Request a compensation",
        "申请赔付",
        only_if=complaints.is_investigated,
    ),
    row(
        S.IN_REVIEW,
        "grant",
        S.AWAITING_APPROVAL,
        P.TICKET_DECIDE,
        "Grant the compensation",
        "批准赔付",
        only_if=complaints.another_grants,
    ),
    row(
        S.IN_REVIEW,
        "deny",
        S.IN_PROGRESS,
        P.TICKET_DECIDE,
        "Deny the compensation",
        "驳回赔付",
        only_if=complaints.another_grants,
    ),
    row(S.AWAITING_APPROVAL, "agree", S.APPROVED, P.TICKET_SERVE, "Record that the customer agrees", "记录客户同意"),
    row(
        S.APPROVED,
        "fulfil",
        S.FULFILLED,
        P.TICKET_SERVE,
        "Carry the remedy out",
        "落实解决方案",
        only_if=complaints.another_pays,
    ),
    row(S.FULFILLED, "feedback", S.ANSWERED, P.TICKET_SERVE, "Tell the outcome and apologise", "反馈结果并致歉"),
    row(
        {S.AWAITING_APPROVAL, S.ANSWERED},
        "dispute",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "The customer is not content",
        "客户不满意",
        writes=("urgency", "priority", "priority_reasons"),
    ),
    row(_HEARD, "promise", None, P.TICKET_SERVE, "Promise to be heard from by a time", "承诺回复时间"),
    row(_HEARD, "tell_progress", None, P.TICKET_SERVE, "Tell the customer how it stands", "告知客户进展"),
    row(S.ANSWERED, "close", S.CLOSED, P.TICKET_CLOSE, "The customer is content: archive", "客户满意并归档"),
    row({S.NEW, S.ASSIGNED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "The complaint is withdrawn", "撤回投诉"),
)

RETURN_EXCHANGE = table(
    row(S.NEW, "taken", S.IN_PROGRESS, P.TICKET_SERVE, "Take the goods in", "接收商品"),
    row(S.IN_PROGRESS, "finding", None, P.TICKET_SERVE, "Record the check", "记录检验结果"),
    *waiting(P.TICKET_SERVE),
    row(S.IN_PROGRESS, "propose", S.IN_REVIEW, P.TICKET_SERVE, "Propose a decision", "提出处理建议"),
    row(
        S.IN_REVIEW,
        "approve",
        S.APPROVED,
        P.TICKET_DECIDE,
        "Approve",
        "批准",
        only_if=(second_person, proposed_to_give, refunded_once),
    ),
    row(S.IN_REVIEW, "refuse", S.REFUSED, P.TICKET_DECIDE, "Refuse", "驳回", only_if=second_person),
    row(
        {S.IN_REVIEW, S.REFUSED, S.APPROVED},
        "reconsider",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "Look at it again",
        "重新处理",
    ),
    row(
        S.APPROVED,
        "fulfil",
        S.FULFILLED,
        P.TICKET_SERVE,
        "Carry the decision out",
        "落实处理决定",
        only_if=(approved_to_give, third_person_pays, refunded_once),
    ),
    row({S.FULFILLED, S.REFUSED}, "close", S.CLOSED, P.TICKET_CLOSE, "Close", "关闭"),
    row({S.NEW, S.IN_PROGRESS}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
    not_merged={S.APPROVED, S.FULFILLED},
)

INSTALLATION = table(
    row(S.NEW, "schedule", S.SCHEDULED, P.APPOINTMENT_BOOK, "Make an appointment", "预约上门"),
    row(S.SCHEDULED, "reschedule", None, P.APPOINTMENT_BOOK, "Move the appointment", "改约"),
    row(S.SCHEDULED, "call_off", S.NEW, P.APPOINTMENT_BOOK, "Call the appointment off", "取消预约"),
    row(S.SCHEDULED, "arrived", S.IN_PROGRESS, P.TICKET_SERVE, "Begin on site", "到场开始"),
    *waiting(P.TICKET_SERVE),
    row(S.IN_PROGRESS, "installed", S.INSTALLED, P.TICKET_SERVE, "Record the installation", "记录安装调试"),
    row(S.INSTALLED, "reject", S.IN_PROGRESS, P.TICKET_SERVE, "The customer does not accept it", "客户验收不通过"),
    row(S.INSTALLED, "close", S.CLOSED, P.TICKET_CLOSE, "The customer accepts it: close", "客户验收并关闭"),
    row({S.NEW, S.SCHEDULED}, "cancel", S.CANCELLED, P.TICKET_CANCEL, "Cancel", "取消"),
)
