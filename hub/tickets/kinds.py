"""What tickets are: kinds, channels and states."""

from enum import StrEnum

from hub.core.i18n import Words


class Kind(StrEnum):
    """Kinds of tickets (T1)."""

    CONSULTATION = "consultation"
    REPAIR = "repair"
    RETURN_EXCHANGE = "return_exchange"
    COMPLAINT = "complaint"
    INSTALLATION = "installation"
    UPGRADE = "upgrade"
    INSPECTION = "inspection"


class Channel(StrEnum):
    """How the customer reached us (T2)."""

    PHONE = "phone"
    WEB = "web"
    APP = "app"
    EMAIL = "email"
    COUNTER = "counter"


class State(StrEnum):
    """Where a ticket is. Each kind uses some of these."""

    DRAFT = "draft"
    """The intake is being written; nobody works on it and no clock runs."""
    NEW = "new"
    IN_REVIEW = "in_review"
    """A person judges a complex case, or a decision that somebody proposed."""
    IN_TRANSIT = "in_transit"
    """The device is on its way to another store, which has not received it yet."""
    ASSIGNED = "assigned"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    """For the customer, a part or a third party."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The customer has the repair plan and has not answered."""
    DECLINED = "declined"
    """The customer does not want the repair."""
    PROMISED = "promised"
    """The answer is promised for a time."""
    REPAIRED = "repaired"
    UPGRADED = "upgraded"
    INSPECTED = "inspected"
    INSTALLED = "installed"
    APPROVED = "approved"
    REFUSED = "refused"
    FULFILLED = "fulfilled"
    ANSWERED = "answered"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN = frozenset(State) - {State.CLOSED, State.CANCELLED}
ON_BENCH = frozenset(
    {
        State.ASSIGNED,
        State.IN_PROGRESS,
        State.WAITING,
        State.AWAITING_APPROVAL,
        State.DECLINED,
        State.REPAIRED,
        State.UPGRADED,
        State.INSPECTED,
    }
)
"""States in which a ticket that has a bench stands on its worklist."""


class Urgency(StrEnum):
    """How urgent the customer says it is (T3)."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


KINDS: dict[Kind, Words] = {
    Kind.CONSULTATION: {"en": "consultation", "zh-CN": "咨询"},
    Kind.REPAIR: {"en": "repair", "zh-CN": "维修"},
    Kind.RETURN_EXCHANGE: {"en": "return or exchange", "zh-CN": "退换货"},
    Kind.COMPLAINT: {"en": "complaint", "zh-CN": "投诉"},
    Kind.INSTALLATION: {"en": "installation", "zh-CN": "安装调试"},
    Kind.UPGRADE: {"en": "upgrade", "zh-CN": "升级"},
    Kind.INSPECTION: {"en": "preventive inspection", "zh-CN": "例行检查"},
}
"""What people call the kinds (T1)."""
STATES: dict[State, Words] = {
    State.DRAFT: {"en": "draft", "zh-CN": "草稿"},
    State.NEW: {"en": "new", "zh-CN": "已受理"},
    State.IN_REVIEW: {"en": "in review", "zh-CN": "审核中"},
    State.IN_TRANSIT: {"en": "in transit", "zh-CN": "调拨途中"},
    State.ASSIGNED: {"en": "assigned", "zh-CN": "已派发"},
    State.SCHEDULED: {"en": "scheduled", "zh-CN": "已预约"},
    State.IN_PROGRESS: {"en": "in progress", "zh-CN": "处理中"},
    State.WAITING: {"en": "waiting", "zh-CN": "挂起"},
    State.AWAITING_APPROVAL: {"en": "waits for the customer's word", "zh-CN": "待客户确认"},
    State.DECLINED: {"en": "declined", "zh-CN": "客户已拒绝"},
    State.PROMISED: {"en": "promised", "zh-CN": "已承诺回复"},
    State.REPAIRED: {"en": "repaired", "zh-CN": "已维修"},
    State.UPGRADED: {"en": "upgraded", "zh-CN": "已升级"},
    State.INSPECTED: {"en": "inspected", "zh-CN": "已检查"},
    State.INSTALLED: {"en": "installed", "zh-CN": "已安装"},
    State.APPROVED: {"en": "approved", "zh-CN": "已批准"},
    State.REFUSED: {"en": "refused", "zh-CN": "已驳回"},
    State.FULFILLED: {"en": "fulfilled", "zh-CN": "已落实"},
    State.ANSWERED: {"en": "answered", "zh-CN": "已答复"},
    State.HANDED_OVER: {"en": "handed over", "zh-CN": "已移交柜台"},
    State.CLOSED: {"en": "closed", "zh-CN": "已关闭"},
    State.CANCELLED: {"en": "cancelled", "zh-CN": "已取消"},
}
"""What people call the states (T6)."""
URGENCIES: dict[Urgency, Words] = {
    Urgency.CRITICAL: {"en": "critical", "zh-CN": "危急"},
    Urgency.HIGH: {"en": "high", "zh-CN": "高"},
    Urgency.NORMAL: {"en": "normal", "zh-CN": "一般"},
    Urgency.LOW: {"en": "low", "zh-CN": "低"},
}
"""What people call the urgencies (T3)."""
CHANNELS: dict[Channel, Words] = {
    Channel.PHONE: {"en": "phone", "zh-CN": "电话"},
    Channel.WEB: {"en": "web", "zh-CN": "网站"},
    Channel.APP: {"en": "app", "zh-CN": "应用"},
    Channel.EMAIL: {"en": "e-mail", "zh-CN": "邮件"},
    Channel.COUNTER: {"en": "counter", "zh-CN": "柜台"},
}
"""What people call the channels (T2)."""
