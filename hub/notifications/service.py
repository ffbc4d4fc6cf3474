"""One function per command on notifications. ``move`` is the only place where a state changes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.ids import public_id as numbered
from hub.core.problems import Problem, ProblemType
from hub.customers import queries as customer_queries
from hub.customers.models import Customer
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.notifications import queries
from hub.notifications.models import ContactPreference, Notification
from hub.notifications.schemas import PreferenceIn
from hub.notifications.states import TABLE, State
from hub.tickets.models import PREFIX as TICKET_PREFIX

SENDER_BACK_WITHIN = timedelta(minutes=5)
PAUSES = (
    *(timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)),
    *(timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(hours=8)),
)
"""How long to wait after each failed attempt; after one more the message is dead."""

NOTIFICATION_NOT_FOUND = ProblemType(
    "notification-not-found",
    404,
    {"en": "No such notification", "zh-CN": "通知不存在"},
    {"en": "There is no notification {notification} that you may see.", "zh-CN": "没有您可查看的通知 {notification}。"},
)
NOT_RESENDABLE = ProblemType(
    "notification-not-resendable",
    409,
    {"en": "The notification cannot be sent again", "zh-CN": "该通知不能重发"},
    {
        "en": "{notification} is {state}{why}; one that was sent or given up can be sent again.",
        "zh-CN": "{notification} 当前为{state}{why}；仅已发送或已放弃的通知可以重发。",
    },
)
CUSTOMER_NOT_FOUND = ProblemType(
    "customer-not-found",
    404,
    {"en": "No such customer", "zh-CN": "客户不存在"},
    {"en": "There is no customer {customer} that you may see.", "zh-CN": "没有您可查看的客户 {customer}。"},
)


WHY_NOT: dict[str, Words] = {
    "opted_out": {"en": " (the customer does not want it)", "zh-CN": "（客户不愿接收）"},
    "no_address": {"en": " (there is no address)", "zh-CN": "（没有联系方式）"},
    "no_channel": {"en": " (no channel is set up for it)", "zh-CN": "（未配置渠道）"},
    "refused": {"en": " (the provider refused it)", "zh-CN": "（服务商拒收）"},
    "unwritable": {"en": " (it could not be written; see the log)", "zh-CN": "（内容无法生成，详见日志）"},
    "erased": {"en": " (it was erased)", "zh-CN": "（内容已清除）"},
}
"""Why a message was not sent, as a refusal says it."""


def move(actor: Actor, notification: Notification, action: str) -> None:
    """Change a notification's state by the table."""
    before = State(notification.state)
    row = TABLE.find(before, action)
    if row is None:
        why = WHY_NOT.get(notification.reason or "", {"en": "", "zh-CN": ""})
        state = TABLE.state_words(before)
        raise Problem(NOT_RESENDABLE, notification=notification.public_id, state=state, why=why)
    actor.require(row.permission)
    notification.state = (row.target or before).value


def claim(session: Session, actor: Actor, at: datetime, limit: int) -> Sequence[Notification]:
    """Take the next messages to send, so that no other sender does before this one is overdue."""
    found = queries.to_send(session, at, limit)
    for one in found:
        move(actor, one, "claim")
        one.attempts += 1
        one.due_at = at + SENDER_BACK_WITHIN
    session.flush()
    return found


def settle(session: Session, actor: Actor, number: int, attempt: int, *, taken: bool) -> None:
    """Keep how an attempt went, unless it is not the newest any more (the sender came back too late)."""
    found = queries.by_id(session, number)
    if found is None or found.attempts != attempt or found.state != State.SENDING:
        return
    at = now()
    if taken:
        move(actor, found, "sent")
        found.sent_at, found.reason = at, None
    elif attempt <= len(PAUSES):
        move(actor, found, "retry")
        found.due_at, found.reason = at + PAUSES[attempt - 1], "refused"
    else:
        move(actor, found, "give_up")
        found.reason = "refused"
    if found.state != State.WAITING:
        _tell(session, actor, found, f"notification.{found.state}")


def put_back(session: Session, number: int, attempt: int, at: datetime) -> None:
    """Give back a message that was taken and not tried, because its channel does not answer."""
    found = queries.by_id(session, number)
    if found is not None and found.attempts == attempt and found.state == State.SENDING:
        found.attempts -= 1
        found.due_at = at + PAUSES[0]


def resend(session: Session, actor: Actor, public_id: str) -> Notification:
    """Let a message that was sent or given up be sent again."""
    found = queries.notification(session, actor, public_id)
    if found is None:
        raise Problem(NOTIFICATION_NOT_FOUND, notification=public_id[:40])
    actor.require(Permission.NOTIFICATION_READ)
    move(actor, found, "resend")
    found.attempts, found.due_at, found.reason = 0, now(), None
    _tell(session, actor, found, "notification.resent")
    return found


def empty(actor: Actor, messages: Iterable[Notification]) -> None:
    """Take everything personal out of messages; those that wait are not sent any more."""
    for one in messages:
        if one.state in queries.ON_THE_WAY:
            move(actor, one, "erase")
            one.reason = "erased"
        one.address = one.subject = one.body = None


def preference_of(session: Session, actor: Actor, customer: str) -> tuple[Customer, ContactPreference | None]:
    """Return a customer and how they want to be told."""
    found = customer_queries.customer(session, actor, customer)
    if found is None:
        raise Problem(CUSTOMER_NOT_FOUND, customer=customer[:40])
    actor.require(Permission.CUSTOMER_READ)
    return found, queries.preference(session, found.id)


def prefer(session: Session, actor: Actor, customer: str, wanted: PreferenceIn) -> ContactPreference:
    """Keep how a customer wants to be told."""
    found, preference = preference_of(session, actor, customer)
    actor.require(Permission.CUSTOMER_WRITE)
    if preference is None:
        preference = ContactPreference(customer_id=found.id, updated_at=now())
        session.add(preference)
    values = wanted.model_dump(mode="json")
    if any(getattr(preference, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(preference, name, value)
        preference.updated_at = now()
        session.flush()
        facts = wanted.model_dump(mode="json", exclude={"wecom"})
        events.append(session, actor, "customer.contact_preference", found.record, facts)
    return preference


def _tell(session: Session, actor: Actor, notification: Notification, kind: str) -> None:
    """Append to the ticket's history that its customer (or staff) was told; whom and what exactly, stays here."""
    ticket = notification.ticket_id
    record = ("notification", notification.public_id) if ticket is None else ("ticket", numbered(TICKET_PREFIX, ticket))
    facts = {
        "notification": notification.public_id,
        "audience": notification.audience,
        "channel": notification.channel,
        "template": notification.template,
        "attempts": notification.attempts,
    }
    events.append(session, actor, kind, record, facts)
