"""What tickets are: kinds, channels and states."""

from enum import StrEnum

from hub.core.i18n import Words, both


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
    Kind.CONSULTATION: both("consultation", "咨询"),
    Kind.REPAIR: both("repair", "维修"),
    Kind.RETURN_EXCHANGE: both("return or exchange", "退换货"),
    Kind.COMPLAINT: both("complaint", "投诉"),
    Kind.INSTALLATION: both("installation", "安装调试"),
    Kind.UPGRADE: both("upgrade", "升级"),
    Kind.INSPECTION: both("preventive inspection", "例行检查"),
}
"""What people call the kinds (T1)."""
STATES: dict[State, Words] = {
    State.DRAFT: both("draft", "草稿"),
    State.NEW: both("new", "已受理"),
    State.IN_REVIEW: both("in review", "审核中"),
    State.IN_TRANSIT: both("in transit", "调拨途中"),
    State.ASSIGNED: both("assigned", "已派发"),
    State.SCHEDULED: both("scheduled", "已预约"),
    State.IN_PROGRESS: both("in progress", "处理中"),
    State.WAITING: both("waiting", "挂起"),
    State.AWAITING_APPROVAL: both("waits for the customer's word", "待客户确认"),
    State.DECLINED: both("declined", "客户已拒绝"),
    State.PROMISED: both("promised", "已承诺回复"),
    State.REPAIRED: both("repaired", "已维修"),
    State.UPGRADED: both("upgraded", "已升级"),
    State.INSPECTED: both("inspected", "已检查"),
    State.INSTALLED: both("installed", "已安装"),
    State.APPROVED: both("approved", "已批准"),
    State.REFUSED: both("refused", "已驳回"),
    State.FULFILLED: both("fulfilled", "已落实"),
    State.ANSWERED: both("answered", "已答复"),
    State.HANDED_OVER: both("handed over", "已移交柜台"),
    State.CLOSED: both("closed", "已关闭"),
    State.CANCELLED: both("cancelled", "已取消"),
}
"""What people call the states (T6)."""
URGENCIES: dict[Urgency, Words] = {
    Urgency.CRITICAL: both("critical", "危急"),
    Urgency.HIGH: both("high", "高"),
    Urgency.NORMAL: both("normal", "一般"),
    Urgency.LOW: both("low", "低"),
}
"""What people call the urgencies (T3)."""
CHANNELS: dict[Channel, Words] = {
    Channel.PHONE: both("phone", "电话"),
    Channel.WEB: both("web", "网站"),
    Channel.APP: both("app", "应用"),
    Channel.EMAIL: both("e-mail", "邮件"),
    Channel.COUNTER: both("counter", "柜台"),
}
"""What people call the channels (T2)."""
