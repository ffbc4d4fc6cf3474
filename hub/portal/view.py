"""What the page of a ticket shows, as plain values in one language. No personal data but masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.aftercare import queries as aftercare
from hub.aftercare.service import can_answer
from hub.calendars import service as calendars
from hub.core import masking
from hub.core.clock import now
from hub.core.i18n import Language
from hub.core.ids import public_id
from hub.core.money import money_text
from hub.events.models import Event
from hub.measurements.essentials import Reading, essentials
from hub.portal import queries, tokens
from hub.portal.models import PortalLink
from hub.portal.words import Speaker, sections
from hub.repairs import queries as repairs
from hub.repairs import taxonomy
from hub.repairs.models import Repair, RepairPlan
from hub.repairs.plans import is_open
from hub.repairs.taxonomy import Fault
from hub.stores.models import Store
from hub.tickets import remarks
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

MAX_EVENTS = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the timeline."""

    at: str
    iso: str
    words: str


@dataclass(frozen=True, slots=True)
class Option:
    """One way to repair."""

    number: int
    work: str
    parts: tuple[str, ...]
    price: str
    ready: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The newest repair plan; ``mark`` is there while it can be answered."""

    revision: int
    options: tuple[Option, ...]
    only_because: str | None
    note: str
    chosen: int | None
    mark: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """The repair that was made (T13)."""

    at: str
    work: str | None
    parts: tuple[str, ...]
    duration: str | None
    price: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """The three questions after the close (T14); without a ``mark`` they are answered."""

    mark: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page."""

    ticket: str
    status: str
    detail: str | None
    answer: str | None
    facts: tuple[tuple[str, str], ...]
    timeline: tuple[Step, ...]
    plan: Plan | None
    done: Done | None
    cause: str | None
    test: str | None
    readings: tuple[Reading, ...]
    photos: tuple[str, ...]
    zone: str
    until: str | None
    survey: Survey | None = None
    care: tuple[tuple[str, str], ...] = ()
    """What the customer was told at the delivery: explanation, advice, warranty (T13, T15)."""


def page_of(session: Session, ticket: Ticket, link: PortalLink | None, key: bytes, language: Language) -> Page:
    """Return what the customer sees. Without a ``link`` (on paper), nothing can be answered."""
    say = Speaker(language)
    zone = calendars.time_zone(session)
    clock = Clock(zone, language)
    happened = list(queries.events_of_kinds(session, ticket.record, list(sections()["events"]), MAX_EVENTS))
    ahead = [event for event in happened if event.kind == "ticket.preapprove"]
    agreed = {one.id: one.payload for one in (remarks.shown(session, ahead) if ahead else ())}
    plan = repairs.newest_plan(session, ticket.id)
    repair = repairs.newest_repair(session, ticket.id)
    fault = taxonomy.in_force(session).fault(ticket.root_cause)
    return Page(
        ticket=ticket.public_id,
        status=say("page.merged" if ticket.merged_into else f"states.{ticket.state}"),
        detail=_detail(ticket, happened, say, clock),
        answer=_answer(session, ticket, happened),
        facts=_facts(session, ticket, say, clock),
        timeline=_timeline(happened, agreed, say, clock),
        plan=None if plan is None else _plan(plan, ticket, _mark(plan, ticket, link, key), say, clock),
        done=None if repair is None else _done(repair, say, clock),
        cause=None if fault is None else (fault.title.en if language == "en" else fault.title.zh_cn),
        test=_test(ticket, happened, say, clock),
        readings=tuple(essentials(session, ticket.public_id, ticket.serial, _worked_at(happened), language)),
        photos=tuple(public_id("A", row.id) for row in queries.released_photos(session, ticket.id)),
        zone=str(zone),
        until=clock.day(link.expires_at) if link else None,
        survey=_survey(session, ticket, link, key),
        care=_care(session, ticket, fault, happened, say, clock),
    )


class Clock:
    """Moments as people of one language read them, by the store's clock."""

    def __init__(self, zone: ZoneInfo, language: Language) -> None:
        self.zone = zone
        self.language = language

    def moment(self, at: datetime) -> str:
        """Return ``31 Jan 2026, 16:05`` or ``2026年1月31日 16:05``."""
        return f"{self.day(at)}{', ' if self.language == 'en' else ' '}{at.astimezone(self.zone):%H:%M}"

    def day(self, at: datetime) -> str:
        """Return the day alone."""
        local = at.astimezone(self.zone)
        if self.language == "en":
            month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
            return f"{local.day} {month[local.month - 1]} {local.year}"
        return f"{local.year}年{local.month}月{local.day}日"


def parts_of(parts: list[dict[str, object]], say: Speaker) -> tuple[str, ...]:
    """Return parts in words: the name that people know, and how many where there are several."""
    found = []
    for part in parts:
        name, quantity = str(part.get("name") or part["part"]), part.get("quantity", 1)
        found.append(name if quantity == 1 else say("plan.quantity", name=name, quantity=quantity))
    return tuple(found)


def price(cost_minor: int | None, currency: str | None, say: Speaker) -> str | None:
    """Return a price in words."""
    if cost_minor is None:
        return None
    return say("page.free") if cost_minor == 0 else money_text(cost_minor, currency or "CNY")


def _detail(ticket: Ticket, happened: list[Event], say: Speaker, clock: Clock) -> str | None:
    """Return what the status leaves open: whom we wait for, and when something is due."""
    newest = {event.kind: event for event in reversed(happened)}
    if ticket.state == State.WAITING and (waits := newest.get("ticket.wait")):
        until = _moment_in(waits, "until", clock)
        words = say.maybe("waiting_for", str(waits.payload.get("waiting_for")))
        return f"{words} {say('page.until', when=until)}" if words and until else words
    if ticket.state == State.PROMISED and (promised := newest.get("ticket.promise")):
        return say("page.promised", when=_moment_in(promised, "promised_at", clock))
    if ticket.state == State.SCHEDULED:
        made = [one for kind in ("ticket.schedule", "ticket.reschedule") if (one := newest.get(kind))]
        latest = max(made, key=lambda event: event.id, default=None)
        when = _moment_in(latest, "appointment_at", clock) if latest else None
        return say("page.appointment", when=when) if when else None
    return None


def _answer(session: Session, ticket: Ticket, happened: list[Event]) -> str | None:
    """Return what a consultation was answered (T2), in the words that the customer was told."""
    told = [event for event in happened if event.kind in {"ticket.answer", "ticket.inform"}]
    if ticket.kind != Kind.CONSULTATION or not told:
        return None
    words = [remarks.shown(session, [event])[0].payload for event in reversed(told)]
    return "\n".join(str(one[name]) for one in words for name in ("answer", "outcome") if name in one) or None


def _moment_in(event: Event, name: str, clock: Clock) -> str | None:
    value = event.payload.get(name)
    try:
        return clock.moment(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _facts(session: Session, ticket: Ticket, say: Speaker, clock: Clock) -> tuple[tuple[str, str], ...]:
    store = session.get(Store, ticket.store) if ticket.store else None
    reach = masking.phone(ticket.contact_phone) or masking.email(ticket.contact_email)
    found = (
        (say("page.device"), ticket.model),
        (say("page.serial"), masking.serial(ticket.serial)),
        (say("page.received"), clock.moment(ticket.created_at)),
        (say("page.contact"), " ".join(part for part in (masking.name(ticket.contact_name), reach) if part)),
        (say("page.store"), " · ".join(part for part in (store.name, store.address) if part) if store else ""),
        (say("page.telephone"), (store.phone or "") if store else ""),
    )
    return tuple((name, value) for name, value in found if value)


def _mark(plan: RepairPlan, ticket: Ticket, link: PortalLink | None, key: bytes) -> str | None:
    if link is None or ticket.state != State.AWAITING_APPROVAL or not is_open(plan, now()):
        return None
    return tokens.form_mark(key, "plan", link.id, plan.id, plan.revision)


def _ready_in(days: int | None, say: Speaker) -> str | None:
    if not days:
        return None
    return say("plan.ready_in_one") if days == 1 else say("plan.ready_in", days=days)


def _plan(plan: RepairPlan, ticket: Ticket, mark: str | None, say: Speaker, clock: Clock) -> Plan:
    options = tuple(
        Option(
            number,
            str(option["work"]),
            parts_of(option.get("parts", []), say),
            price(int(option["cost_minor"]), plan.currency, say) or "",
            _ready_in(option.get("ready_in_days"), say),
        )
        for number, option in enumerate(plan.options, 1)
    )
    open_now = is_open(plan, now()) and ticket.state == State.AWAITING_APPROVAL
    when = clock.moment(plan.answered_at) if plan.answered_at else ""
    if plan.status == "approved":
        online = plan.how == "online"
        note = say("plan.approved" if online else "plan.approved_by_store", number=plan.option, when=when)
    elif plan.status == "declined":
        note = say("plan.declined", when=when)
    else:
        until = clock.moment(plan.valid_until)
        note = say("plan.valid_until" if open_now else "plan.expired", when=until)
    return Plan(
        plan.revision,
        options,
        plan.only_option_because,
        note,
        plan.option,
        mark,
    )


def _done(repair: Repair, say: Speaker, clock: Clock) -> Done:
    return Done(
        clock.moment(repair.repaired_at),
        repair.work,
        parts_of(repair.parts, say),
        say("page.minutes", count=repair.minutes) if repair.minutes is not None else None,
        price(repair.cost_minor, repair.currency, say),
    )


def _worked_at(happened: list[Event]) -> datetime | None:
    done = (event.occurred_at for event in happened if event.kind in {"ticket.repaired", "ticket.upgraded"})
    return max(done, default=None)


def _survey(session: Session, ticket: Ticket, link: PortalLink | None, key: bytes) -> Survey | None:
    row = aftercare.follow_up(session, ticket.id) if ticket.state == State.CLOSED and link else None
    if row is None or link is None:
        return None
    if row.answered_at is not None:
        return Survey(None)
    return Survey(tokens.form_mark(key, "survey", link.id)) if can_answer(row, now()) else None


def _care(  # noqa: PLR0917 - one caller, above
    session: Session, ticket: Ticket, fault: Fault | None, happened: list[Event], say: Speaker, clock: Clock
) -> tuple[tuple[str, str], ...]:
    """Return what is told at the delivery (T13, T15); advice of the taxonomy where the desk wrote none."""
    closing = next((event for event in happened if event.kind == "ticket.close"), None)
    told: Mapping[str, Any] = remarks.shown(session, [closing])[0].payload if closing else {}
    advice = fault.advice if fault is not None and closing is not None else None
    general = None if advice is None else (advice.en if say.language == "en" else advice.zh_cn)
    warranted = aftercare.warranty_of(session, ticket.id)
    rows = (
        (say("page.explanation"), told.get("explained")),
        (say("page.guidance"), told.get("guidance") or general),
        (say("page.warranty"), say("page.warranty_until", day=clock.day(warranted.ends_at)) if warranted else None),
    )
    return tuple((name, str(value)) for name, value in rows if value)


def _timeline(
    happened: list[Event], agreed: Mapping[int, Mapping[str, Any]], say: Speaker, clock: Clock
) -> tuple[Step, ...]:
    """Return what happened, the oldest first; the same several times on end is told once, as it was first."""
    steps: list[Step] = []
    for event in reversed(happened):
        words = _step(event, agreed.get(event.id), say)
        if words is not None and (not steps or steps[-1].words != words):
            steps.append(Step(clock.moment(event.occurred_at), event.occurred_at.isoformat(timespec="seconds"), words))
    return tuple(steps)


def _step(event: Event, agreed: Mapping[str, Any] | None, say: Speaker) -> str | None:
    """Return an event in words; ``agreed`` is what the customer agreed to in advance, and who is said to have."""
    if agreed is not None:
        limit, who = int(agreed["limit_minor"]), masking.name(agreed.get("said_by")) or "–"
        shown = money_text(limit, str(agreed["currency"]))
        return say("page.agreed_ahead", who=who, limit=shown) if limit else say("page.agreed_free", who=who)
    if event.kind == "ticket.handed_over" and not event.payload.get("evidence"):
        return say("page.handed_over_untested")
    if event.kind == "ticket.reconsider" and event.payload.get("from") == State.APPROVED:
        return say("page.approval_taken_back")
    return say.maybe("events", event.kind)


def _test(ticket: Ticket, happened: list[Event], say: Speaker, clock: Clock) -> str | None:
    handed = next((event for event in happened if event.kind == "ticket.handed_over"), None)
    if handed is None or ticket.state not in {State.HANDED_OVER, State.CLOSED}:
        return None
    if handed.payload.get("evidence"):
        return say("page.test_passed", when=clock.moment(handed.occurred_at))
    return say("page.test_waived")
