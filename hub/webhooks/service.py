"""One function per command on webhooks. ``move`` is the only place where a delivery's state changes."""

import base64
import random
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.i18n import Words, both
from hub.core.problems import FieldError, Problem, ProblemType
from hub.core.settings import Settings
from hub.events import service as events
from hub.events import visibility
from hub.events.following import follow
from hub.events.models import Event
from hub.identity import service as identities
from hub.identity.actors import Actor
from hub.identity.grants import GRANT_TOO_WIDE
from hub.identity.permissions import Permission
from hub.jobs.job import ACTOR
from hub.webhooks import kinds, queries
from hub.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hub.webhooks.outbound import Answer, address_in, is_name, is_public
from hub.webhooks.schemas import NewWebhookEndpoint, Replay, WebhookEndpointChange
from hub.webhooks.states import TABLE, State

FOLLOWER = "webhooks"
MAX_ENDPOINTS = 200
FORMER_SECRET_FOR = timedelta(hours=24)
SENDER_BACK_WITHIN = timedelta(minutes=2)
FAILING_FOR = timedelta(days=5)
"""So long without one success, and an endpoint is switched off."""
PAUSES = (
    *(timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=5), timedelta(hours=10), timedelta(hours=14), timedelta(hours=20)),
    *(timedelta(hours=24), timedelta(hours=24), timedelta(hours=24)),
)
"""How long to wait after each failed attempt: over five days; after one more the delivery is dead."""
REPLAY_BATCH = 5000
NOT_ALLOWED_NOW = "the endpoint's owner may not read this event any more"

WEBHOOK_NOT_FOUND = ProblemType(
    "webhook-not-found",
    404,
    {"en": "No such webhook endpoint", "zh-CN": "Webhook 端点不存在"},
    {"en": "There is no webhook endpoint {endpoint} that you may see.", "zh-CN": "没有您可查看的端点 {endpoint}。"},
)
URL_NOT_ALLOWED = ProblemType(
    "webhook-url",
    422,
    {"en": "The hub does not send there", "zh-CN": "不允许发送到该地址"},
    {
        "en": "Give an https:// address of the public Internet, without user name, password and fragment; an "
        "administrator allows private ones by the setting webhook_allow_private.",
        "zh-CN": "请填写公网 https:// 地址，不含用户名、密码和片段；内网地址须由管理员设置 webhook_allow_private。",
    },
)
TOO_MANY_ENDPOINTS = ProblemType(
    "too-many-webhooks",
    409,
    {"en": "There are too many webhook endpoints", "zh-CN": "Webhook 端点过多"},
    {"en": "At most {limit} can be enabled; delete one first.", "zh-CN": "最多启用 {limit} 个，请先删除。"},
)
_NOT_SENT_THERE = both("the hub does not send there", "不允许发送到该地址")
EVENT_NOT_THERE = ProblemType(
    "webhook-event",
    422,
    {"en": "The endpoint does not get this event", "zh-CN": "该端点不接收此事件"},
    {
        "en": "There is no event {event} that this endpoint may hear of.",
        "zh-CN": "没有该端点可接收的事件 {event}。",
    },
)


def create(session: Session, actor: Actor, settings: Settings, wanted: NewWebhookEndpoint) -> WebhookEndpoint:
    """Register an endpoint; its secret is in the row that is returned, to be shown once."""
    actor.require(Permission.WEBHOOK_WRITE)
    check_url(settings, wanted.url)
    kinds.check(actor, wanted.events)
    if queries.count_enabled(session) >= MAX_ENDPOINTS:
        raise Problem(TOO_MANY_ENDPOINTS, limit=MAX_ENDPOINTS)
    endpoint = WebhookEndpoint(
        url=wanted.url,
        description=wanted.description,
        events=list(wanted.events),
        stores=_stores(actor, wanted.stores),
        secret=_new_secret(),
        made_by=actor.person,
        owner_kind=actor.kind,
        owner_id=actor.id,
        created_at=now(),
    )
    session.add(endpoint)
    session.flush()
    _tell(session, actor, endpoint, "webhook.created", {"events": endpoint.events, "stores": endpoint.stores})
    return endpoint


def get(session: Session, actor: Actor, public_id: str) -> WebhookEndpoint:
    """Return an endpoint; raise not-found before forbidden."""
    found = queries.endpoint(session, actor, public_id)
    if found is None:
        raise Problem(WEBHOOK_NOT_FOUND, endpoint=public_id[:40])
    actor.require(Permission.WEBHOOK_READ)
    return found


def change(  # noqa: PLR0917 - who, which, what, and against which version
    session: Session,
    actor: Actor,
    settings: Settings,
    public_id: str,
    wanted: WebhookEndpointChange,
    expected: Precondition,
) -> WebhookEndpoint:
    """Change an endpoint, switch it off, or on again; deliveries that waited while it was off go out then.

    Who takes it over becomes its owner and the person behind it. That is asked for in so many words: it decides what
    the receiver gets to know. What happened while its owner was gone became no delivery and needs a replay.
    """
    endpoint = get(session, actor, public_id)
    actor.require(Permission.WEBHOOK_WRITE)
    expected.check(endpoint.version)
    if wanted.url is not None:
        check_url(settings, wanted.url)
    if wanted.events is not None:
        hears = actor if wanted.take_over else listener(session, endpoint) or actor  # not whoever changes it
        kinds.check(hears, wanted.events)
    changes: dict[str, Any] = wanted.model_dump(exclude_unset=True, exclude={"enabled", "take_over"})
    changes = {name: value for name, value in changes.items() if value is not None or name == "description"}
    if wanted.enabled is True and endpoint.disabled_at is not None:
        changes |= {"disabled_at": None, "disabled_because": None, "failing_since": None}
    if wanted.enabled is False and endpoint.disabled_at is None:
        changes |= {"disabled_at": now(), "disabled_because": "hand"}
    if wanted.take_over:
        changes |= {
            "made_by": actor.person,
            "owner_kind": actor.kind,
            "owner_id": actor.id,
            "stores": _stores_taken_over(actor, endpoint),
        }
    for name, value in changes.items():
        setattr(endpoint, name, value)
    session.flush()
    if changes:
        _tell(session, actor, endpoint, "webhook.changed", {"changed": sorted(changes)})
    return endpoint


def rotate(session: Session, actor: Actor, public_id: str) -> WebhookEndpoint:
    """Give an endpoint a new secret; for a day messages carry signatures of both."""
    endpoint = get(session, actor, public_id)
    actor.require(Permission.WEBHOOK_WRITE)
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now() + FORMER_SECRET_FOR
    endpoint.secret = _new_secret()
    session.flush()
    _tell(session, actor, endpoint, "webhook.secret_rotated", {})
    return endpoint


def remove(session: Session, actor: Actor, public_id: str) -> None:
    """Forget an endpoint with its log."""
    endpoint = get(session, actor, public_id)
    actor.require(Permission.WEBHOOK_WRITE)
    _tell(session, actor, endpoint, "webhook.removed", {})
    queries.forget(session, endpoint.id)


def replay(session: Session, actor: Actor, public_id: str, wanted: Replay) -> tuple[int, datetime | None]:
    """Send an event, or all since a moment, again under the same ids.

    Returns how many, and since when to go on when that was not all.
    """
    endpoint = get(session, actor, public_id)
    actor.require(Permission.WEBHOOK_WRITE)
    if wanted.event is not None:
        event = session.get(Event, wanted.event)
        if event is None or not _hears_of(session, endpoint, [event]):
            raise Problem(EVENT_NOT_THERE, event=wanted.event)
        return _again(session, actor, endpoint, [event]), None
    assert wanted.since is not None  # noqa: S101 - one of the two is there
    found = queries.events_since(session, wanted.since, 0, REPLAY_BATCH)
    count = _again(session, actor, endpoint, _hears_of(session, endpoint, found))
    return count, found[-1].recorded_at if len(found) == REPLAY_BATCH else None


def plan(session: Session, at: datetime) -> int:
    """Turn the next events into deliveries; return how many."""
    found = follow(session, FOLLOWER)
    planned = 0
    for endpoint in queries.enabled(session) if found else ():
        for event in _hears_of(session, endpoint, [one for one in found if one.recorded_at >= endpoint.created_at]):
            session.add(
                WebhookDelivery(endpoint_id=endpoint.id, event_id=event.id, state=TABLE.initial.value, due_at=at)
            )
            planned += 1
    return planned


def move(actor: Actor, delivery: WebhookDelivery, action: str) -> None:
    """Change a delivery's state by the table."""
    row = TABLE.find(State(delivery.state), action)
    if row is None:
        raise ValueError(f"a delivery that is {delivery.state} cannot {action}")
    actor.require(row.permission)
    delivery.state = (row.target or State(delivery.state)).value


def claim(session: Session, at: datetime, limit: int, of_each: int) -> Sequence[WebhookDelivery]:
    """Take the next deliveries, so that no other sender does before this one is overdue.

    What an endpoint's owner may not read any more, since it was planned or tried last, is given up instead.
    """
    found = queries.to_send(session, at, limit, of_each)
    allowed = _still_allowed(session, found)
    for one in found:
        move(ACTOR, one, "claim")
        one.attempts += 1
        one.due_at = at + SENDER_BACK_WITHIN
        if one.id not in allowed:
            session.add(WebhookAttempt(delivery_id=one.id, at=at, duration_ms=0, error=NOT_ALLOWED_NOW))
            move(ACTOR, one, "give_up")
    session.flush()
    return [one for one in found if one.id in allowed]


def _still_allowed(session: Session, found: Sequence[WebhookDelivery]) -> set[int]:
    """Return which deliveries' events their endpoints' owners may see now: a few statements for each endpoint."""
    events_of = queries.events_of(session, found)
    allowed: set[int] = set()
    for number in {one.endpoint_id for one in found}:
        mine = {one.event_id: one.id for one in found if one.endpoint_id == number}
        owner = listener(session, session.get_one(WebhookEndpoint, number))
        if owner is not None:
            seen = visibility.seen(session, owner, [events_of[event] for event in sorted(mine)])
            allowed |= {mine[event.id] for event in seen}
    return allowed


def settle(session: Session, number: int, attempt: int, answer: Answer) -> None:
    """Keep how an attempt went, and switch an endpoint off that has failed for days, or says that it is gone."""
    delivery = queries.delivery(session, number)
    if delivery is None or delivery.attempts != attempt or delivery.state != State.SENDING:
        return  # the sender came back too late; another has it
    at = now()
    session.add(
        WebhookAttempt(
            delivery_id=delivery.id,
            at=at,
            duration_ms=answer.duration_ms,
            status=answer.status,
            error=answer.error,
            answer=answer.body or None,
        )
    )
    endpoint = session.get_one(WebhookEndpoint, delivery.endpoint_id)
    if answer.taken:
        move(ACTOR, delivery, "delivered")
        delivery.delivered_at = at
        endpoint.failing_since = None
        return
    if attempt <= len(PAUSES):
        move(ACTOR, delivery, "retry")
        delivery.due_at = at + _pause(attempt, answer)
    else:
        move(ACTOR, delivery, "give_up")
    endpoint.failing_since = endpoint.failing_since or at
    if endpoint.disabled_at is None and (answer.status == 410 or at - endpoint.failing_since >= FAILING_FOR):
        endpoint.disabled_at, endpoint.disabled_because = at, "gone" if answer.status == 410 else "failing"
        facts = {"number": endpoint.public_id, "reason": endpoint.disabled_because}
        _tell(session, ACTOR, endpoint, "webhook.disabled", facts)


def matches(patterns: Sequence[str], kind: str) -> bool:
    """Return whether a kind of event is among the patterns."""
    family = kind.partition(".")[0]
    return any(pattern in {"*", kind, f"{family}.*"} for pattern in patterns)


def check_url(settings: Settings, text: str) -> None:
    """Raise the webhook-url problem for what the hub would never send to; names are judged at each delivery again."""
    import httpx  # as in outbound: only who sends, or says where to, needs it

    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _url_problem() from error
    address = address_in(host)
    if address is not None:
        private = not is_public(address)
    elif is_name(host):
        name = host.lower().removesuffix(".")
        private = name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
    else:
        raise _url_problem(both("its host is neither a name nor an address", "主机既不是有效的名称，也不是地址"))
    if url.port is not None and not 0 < url.port <= 65_535:
        raise _url_problem(both("its port is none of 1 to 65535", "端口须为 1 至 65535"))
    if url.userinfo or url.fragment or (not settings.webhook_allow_private and (private or url.scheme != "https")):
        raise _url_problem()


def _url_problem(words: Words = _NOT_SENT_THERE) -> Problem:
    return Problem(URL_NOT_ALLOWED, errors=(FieldError("#/url", words),))


def _hears_of(session: Session, endpoint: WebhookEndpoint, found: Sequence[Event]) -> list[Event]:
    """Return those events that the endpoint wants and its owner may see now; never those about webhooks themselves."""
    wanted = [event for event in found if event.record_type != "webhook" and matches(endpoint.events, event.kind)]
    owner = listener(session, endpoint) if wanted else None
    return [] if owner is None else visibility.seen(session, owner, wanted)


def listener(session: Session, endpoint: WebhookEndpoint) -> Actor | None:
    """Return the endpoint's owner with the rights of now, within the endpoint's stores.

    ``None``: an account that is disabled, a key that is revoked, a role that has no webhooks. Such an endpoint hears
    nothing, shows ``silent_because``, and goes on when the right comes back or somebody takes it over.
    """
    owner = identities.present_actor(session, endpoint.owner_kind, endpoint.owner_id)
    if owner is None or not owner.may(Permission.WEBHOOK_READ):
        return None
    if endpoint.stores is None:
        return owner
    stores = frozenset(endpoint.stores)
    return replace(owner, stores=stores if owner.stores is None else stores & owner.stores)


def _again(session: Session, actor: Actor, endpoint: WebhookEndpoint, found: Sequence[Event]) -> int:
    at = now()
    for event in found:
        delivery = queries.of_event(session, endpoint.id, event.id)
        if delivery is None:
            delivery = WebhookDelivery(endpoint_id=endpoint.id, event_id=event.id, state=TABLE.initial.value, due_at=at)
            session.add(delivery)
        elif delivery.state != State.SENDING:
            move(actor, delivery, "replay")
            delivery.attempts, delivery.due_at, delivery.delivered_at = 0, at, None
    session.flush()
    _tell(session, actor, endpoint, "webhook.replayed", {"deliveries": len(found)})
    return len(found)


def _stores(actor: Actor, wanted: list[str] | None) -> list[str] | None:
    if actor.stores is None:
        return wanted
    if wanted is not None and not actor.stores.issuperset(wanted):
        raise Problem(GRANT_TOO_WIDE)
    return wanted or sorted(actor.stores)


def _stores_taken_over(actor: Actor, endpoint: WebhookEndpoint) -> list[str] | None:
    """Return the endpoint's stores as far as its new owner works for them."""
    if actor.stores is None or endpoint.stores is None:
        return _stores(actor, endpoint.stores)
    return sorted(actor.stores.intersection(endpoint.stores))


def _pause(attempt: int, answer: Answer) -> timedelta:
    """Return the pause after an attempt, a little at random; a receiver may ask for more, up to a day."""
    pause = PAUSES[attempt - 1] * random.uniform(0.9, 1.1)  # noqa: S311 - only spreads the load
    asked = timedelta(seconds=min(answer.retry_after_s or 0, 86_400))
    return max(pause, asked)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _tell(session: Session, actor: Actor, endpoint: WebhookEndpoint, kind: str, facts: dict[str, Any]) -> None:
    events.append(session, actor, kind, endpoint.record, facts)
