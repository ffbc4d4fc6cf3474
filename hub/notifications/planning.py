"""From events to messages: which rules fit, whom they reach over what, and in which words.

The event is the outbox entry: it commits with its change, and this follower turns it into rows of messages in the
transaction that moves its mark. So nothing is told that did not happen, and nothing that happened is told twice.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.i18n import Language
from hub.core.settings import Settings
from hub.customers import queries as customers
from hub.events.following import follow
from hub.events.models import Event
from hub.identity.permissions import Permission
from hub.jobs.job import ACTOR
from hub.notifications import queries
from hub.notifications.channels import Channels
from hub.notifications.documents import FIELDS, Channel, NotificationPolicy, NotificationRule, in_force
from hub.notifications.models import ContactPreference, Notification
from hub.notifications.states import State
from hub.portal.links import link_for
from hub.sla.documents import Level
from hub.tickets.models import Ticket

FOLLOWER = "notifications"
log = logging.getLogger(__name__)
_LANGUAGES: dict[str, Language] = {"en": "en", "zh-CN": "zh-CN"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who gets a message: ``reason`` says why nobody does."""

    audience: str
    channel: str
    address: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Recipient:
    """A customer, and how to reach them."""

    customer_id: int | None
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class _Occasion:
    """An event that is told of, and with what."""

    session: Session
    settings: Settings
    channels: Channels
    policy: NotificationPolicy
    zone: ZoneInfo
    event: Event
    ticket: Ticket | None


def plan(session: Session, settings: Settings, channels: Channels) -> int:
    """Turn the next events into messages that wait to be sent; return how many."""
    ACTOR.require(Permission.NOTIFICATION_SEND)
    events = follow(session, FOLLOWER)
    policy = in_force(session)
    planned = 0
    zone = None
    for event in events:
        rules = policy.about(event.kind)
        if not rules:
            continue
        zone = zone or _zone(session)
        ticket = queries.ticket(session, event.record_id) if event.record_type == "ticket" else None
        kind = ticket.kind if ticket is not None else None
        occasion = _Occasion(session, settings, channels, policy, zone, event, ticket)
        told: set[tuple[str, str]] = set()
        for rule in (rule for rule in rules if rule.fits(kind, event.payload)):
            written = _written(occasion, rule, told)
            if written is None:
                untold = _untold(occasion, rule)
                session.add_all(_not_yet(told, [untold]))
            else:
                planned += written
    return planned


def _written(occasion: _Occasion, rule: NotificationRule, told: set[tuple[str, str]]) -> int | None:
    """Keep what a rule says of an event, and return how many messages; ``None``: something is wrong with this event.

    What it is, those events that follow are told of, and this one is seen to be untold. A database that is busy or full
    is no fault of the event: all of it is tried again.
    """
    ahead = set(told)
    try:
        with occasion.session.begin_nested():
            messages = _not_yet(ahead, _messages(occasion, rule))
            occasion.session.add_all(messages)
    except OperationalError:
        raise
    except Exception:
        log.exception("no message %s of event %d", rule.template, occasion.event.id)
        return None
    told |= ahead
    return len(messages)


def _not_yet(told: set[tuple[str, str]], messages: Iterable[Notification]) -> list[Notification]:
    """Return what no other rule of the policy has said over the same channel, and note that it is said."""
    found = []
    for message in messages:
        said = (message.template, message.channel)
        if said not in told:
            told.add(said)
            found.append(message)
    return found


def _untold(occasion: _Occasion, rule: NotificationRule) -> Notification:
    event, ticket, at = occasion.event, occasion.ticket, now()
    return Notification(
        event_id=event.id,
        ticket_id=ticket.id if ticket else None,
        customer_id=ticket.customer_id if ticket else None,
        audience=rule.to,
        channel="none" if rule.to == "customer" else "staff",
        template=rule.template,
        language=occasion.settings.language,
        state=State.UNSENT.value,
        reason="unwritable",
        created_at=at,
        due_at=at,
    )


def _messages(occasion: _Occasion, rule: NotificationRule) -> Iterator[Notification]:
    session, settings, channels = occasion.session, occasion.settings, occasion.channels
    event, ticket, at = occasion.event, occasion.ticket, now()
    customer_id = ticket.customer_id if ticket else None
    language = settings.language
    if rule.to == "customer":
        reached = _recipient(session, event, ticket)
        if reached is None:
            return
        customer_id = reached.customer_id
        preference = queries.preference(session, customer_id)
        language = _LANGUAGES.get((preference and preference.language) or "", settings.language)
        plans = _to_customer(rule, reached, preference, channels)
    else:
        plans = [_to_staff(rule, event, channels, ticket.store if ticket else None)]
    goes_out = rule.to == "customer" and any(one.reason is None for one in plans)
    link = link_for(session, settings, ticket, ACTOR) if ticket is not None and goes_out else None
    words = _Words(event, ticket, occasion.policy, language, occasion.zone, link)
    text = occasion.policy.templates[rule.template].text(language)
    for one in plans:
        yield Notification(
            event_id=event.id,
            ticket_id=ticket.id if ticket else None,
            customer_id=customer_id,
            audience=one.audience,
            channel=one.channel,
            template=rule.template,
            language=language,
            address=one.address,
            subject=_filled(text.subject, words) if one.reason is None else None,
            body=_filled(text.text, words) if one.reason is None else None,
            state=(State.WAITING if one.reason is None else State.UNSENT).value,
            reason=one.reason,
            created_at=at,
            due_at=at,
        )


def _recipient(session: Session, event: Event, ticket: Ticket | None) -> _Recipient | None:
    """Return the customer whom an event concerns: a ticket's, as the ticket says, or the owner of a device."""
    if ticket is not None:
        return _Recipient(ticket.customer_id, ticket.contact_phone, ticket.contact_email)
    device = customers.device(session, ACTOR, event.record_id) if event.record_type == "device" else None
    if device is None or device.customer_id is None:
        return None
    ways = {point.kind: point.value for point in reversed(customers.contact_points(session, device.customer_id))}
    return _Recipient(device.customer_id, ways.get("phone"), ways.get("email"))


def _to_customer(
    rule: NotificationRule, reached: _Recipient, preference: ContactPreference | None, channels: Channels
) -> list[_Plan]:
    """Choose the channels: those of the rule, or the preferred one, or the first that works."""
    addresses = {
        Channel.SMS: reached.phone,
        Channel.EMAIL: reached.email,
        Channel.WECOM: preference.wecom if preference else None,
    }
    wanted = list(rule.channels or Channel)
    if preference is not None and rule.channels is None and preference.channel in wanted:
        wanted.sort(key=lambda channel: channel != preference.channel)
    if preference is not None and preference.opted_out and not rule.essential:
        return [_Plan("customer", wanted[0], reason="opted_out")]
    works = [(one, addresses[one]) for one in wanted if addresses[one] and one in channels.for_customers]
    if not works:
        reason = "no_channel" if any(addresses[one] for one in wanted) else "no_address"
        return [_Plan("customer", wanted[0], reason=reason)]
    if rule.channels is None:
        works = works[:1]
    return [_Plan("customer", channel, address) for channel, address in works]


def _to_staff(rule: NotificationRule, event: Event, channels: Channels, store: str | None) -> _Plan:
    level = rule.level or Level(event.payload.get("level") or Level.FRONT_LINE)
    return _Plan("staff", level, reason=None if channels.of_staff(level, store) else "no_channel")


def _zone(session: Session) -> ZoneInfo:
    return ZoneInfo(calendars.editions(session, calendars.STANDARD)[-1].edition.document.time_zone)


_EMPTY_BRACKETS = re.compile(r" ?\( *\)|（ *）")


def _filled(template: str, words: "_Words") -> str:
    """Return the sentence of a template; brackets around what is not known go with it."""
    return _EMPTY_BRACKETS.sub("", template.format_map(words)).strip()


class _Words(Mapping[str, str]):
    """What a template can say of an event; what is not there is empty."""

    def __init__(  # noqa: PLR0917 - the parts of one message
        self,
        event: Event,
        ticket: Ticket | None,
        policy: NotificationPolicy,
        language: Language,
        zone: ZoneInfo,
        link: str | None,
    ) -> None:
        payload = event.payload
        cause = policy.causes.get(payload.get("cause", "workload"))
        due = payload.get("due") or payload.get("promised_at") or payload.get("until") or payload.get("due_on")
        found: dict[str, Any] = {
            "link": link,
            "due": _moment(due, zone),
            "appointment": _moment(payload.get("appointment_at"), zone),
            "options": payload.get("option_count"),
            **{name: payload.get(name) for name in ("clock", "level", "percent", "number", "reason", "model")},
        }
        if cause is not None and "reason" not in payload:
            found["reason"] = cause.reason.en if language == "en" else cause.reason.zh_cn
            found["remedy"] = cause.remedy.en if language == "en" else cause.remedy.zh_cn
        if ticket is not None:
            found |= {"ticket": ticket.public_id, "name": ticket.contact_name, "model": ticket.model}
            found |= {name: getattr(ticket, name) for name in ("kind", "store", "symptom", "state")}
        self._found = {name: "" if value is None else str(value)[:400] for name, value in found.items()}

    def __getitem__(self, name: str) -> str:
        return self._found.get(name, "")

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


def _moment(text: Any, zone: ZoneInfo) -> str:
    """Return a moment of an event by the wall clock of the stores."""
    if isinstance(text, str) and len(text) == len("2026-01-31"):
        return text
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(text, str) else ""
