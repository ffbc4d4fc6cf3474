"""What tickets are: kinds, channels and states."""

from enum import StrEnum


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
