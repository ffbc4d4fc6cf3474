"""The transition tables of what is worked on at a bench: repair, upgrade, inspection."""

from hub.identity.permissions import Permission
from hub.tickets.guards import customer_agrees, root_cause_named
from hub.tickets.kinds import State
from hub.tickets.rows import dispatched, row, table, to_counter, visits

S, P = State, Permission

REPAIR = table(
    *dispatched(),
    *visits(),
    row(
        {S.NEW, S.IN_REVIEW, S.ASSIGNED, S.IN_PROGRESS, S.WAITING},
        "preapprove",
        None,
        P.TICKET_SERVE,
        "Record that the customer agrees in advance",
        "记录客户事先同意",
        writes=("approval",),
    ),
    row(
        {S.IN_PROGRESS, S.AWAITING_APPROVAL, S.DECLINED},
        "propose_plan",
        S.AWAITING_APPROVAL,
        P.TICKET_WORK,
        "Propose a repair plan",
        "提出维修方案",
        writes=("approval",),
    ),
    row(
        S.AWAITING_APPROVAL,
        "approve_plan",
        S.IN_PROGRESS,
        P.TICKET_SERVE,
        "Record that the customer agrees",
        "记录客户同意",
        writes=("approval",),
    ),
    row(
        S.AWAITING_APPROVAL,
        "decline_plan",
        S.DECLINED,
        P.TICKET_SERVE,
        "Record that the customer declines",
        "记录客户拒绝",
        writes=("approval",),
    ),
    row(S.DECLINED, "give_back", S.HANDED_OVER, P.TICKET_WORK, "Give back unrepaired", "未修退还"),
    row(
        S.IN_PROGRESS,
        "repaired",
        S.REPAIRED,
        P.TICKET_WORK,
        "Record the repair",
        "记录维修",
        only_if=customer_agrees,
        writes=("root_cause",),
    ),
    row(
        {S.IN_PROGRESS, S.DECLINED, S.REPAIRED, S.HANDED_OVER},
        "name_cause",
        None,
        P.TICKET_WORK,
        "Name the root cause",
        "认定故障根因",
        writes=("root_cause",),
    ),
    *to_counter(S.REPAIRED, root_cause_named),
)

UPGRADE = table(
    *dispatched(),
    *visits(),
    row(S.IN_PROGRESS, "upgraded", S.UPGRADED, P.TICKET_WORK, "Record the upgrade", "记录升级"),
    *to_counter(S.UPGRADED),
)

INSPECTION = table(
    *dispatched(),
    row({S.NEW, S.ASSIGNED}, "schedule", S.SCHEDULED, P.APPOINTMENT_BOOK, "Make an appointment", "预约上门"),
    row(S.SCHEDULED, "reschedule", None, P.APPOINTMENT_BOOK, "Move the appointment", "改约"),
    row(S.SCHEDULED, "call_off", S.NEW, P.APPOINTMENT_BOOK, "Call the appointment off", "取消预约"),
    row(S.SCHEDULED, "arrived", S.IN_PROGRESS, P.TICKET_SERVE, "Begin on site", "到场开始"),
    row(S.IN_PROGRESS, "inspected", S.INSPECTED, P.TICKET_WORK, "Record the inspection", "记录检查结果"),
    row(S.INSPECTED, "recheck", S.IN_PROGRESS, P.TICKET_WORK, "Inspect again", "复检"),
    row(S.INSPECTED, "close", S.CLOSED, P.TICKET_CLOSE, "Report to the customer and close", "告知客户并关闭"),
)
