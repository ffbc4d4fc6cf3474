"""Book, confirm, move and call off appointments (T11), matched with the roster."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hub.appointments import queries
from hub.appointments.models import Appointment
from hub.appointments.schemas import Move, NewAppointment, Place
from hub.appointments.slots import Booked, Slot, Work, fits, free, with_way
from hub.appointments.states import TABLE, State
from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType, problem_at
from hub.dispatch import queries as roster
from hub.dispatch import service as dispatch
from hub.dispatch.choosing import reaches
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.stores import service as stores
from hub.tickets import service as tickets
from hub.tickets.kinds import Kind
from hub.tickets.models import Ticket

APPOINTMENT_NOT_FOUND = ProblemType(
    "appointment-not-found",
    404,
    {"en": "No such appointment", "zh-CN": "预约不存在"},
    {"en": "There is no appointment {appointment} that you may see.", "zh-CN": "没有您可查看的预约 {appointment}。"},
)
NOT_READY = ProblemType(
    "appointment-not-ready",
    422,
    {"en": "The ticket is not ready for an appointment", "zh-CN": "工单信息不足，无法预约"},
    {
        "en": "An appointment needs the model, the symptom and the purchase proof, a visit the address; see errors.",
        "zh-CN": "预约须有产品型号、故障现象和购买凭证，上门须有地址；详见 errors。",
    },
)
NOT_FREE = ProblemType(
    "time-not-free",
    409,
    {"en": "Nobody is free then", "zh-CN": "该时段无人可预约"},
    {
        "en": "Nobody who can do it is free then; {next}.",
        "zh-CN": "该时段没有可处理此工单的空闲人员；{next}。",
    },
)
APPOINTMENT_ENDED = ProblemType(
    "appointment-state",
    409,
    {"en": "The appointment's state does not allow this", "zh-CN": "预约当前状态不允许该操作"},
    {
        "en": "{appointment} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "{appointment} 当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)
TOO_EARLY = ProblemType(
    "appointment-ahead",
    409,
    {"en": "The appointment is still ahead", "zh-CN": "预约时间未到"},
    {
        "en": "{appointment} is at {starts_at}; how it went can be recorded from {earliest} on.",
        "zh-CN": "{appointment} 的时间为 {starts_at}；{earliest} 之后方可记录结果。",
    },
)
HAS_ONE = ProblemType(
    "appointment-exists",
    409,
    {"en": "The ticket has an appointment", "zh-CN": "工单已有预约"},
    {
        "en": "{ticket} has the appointment {appointment}; move it.",
        "zh-CN": "{ticket} 已有预约 {appointment}，请改约。",
    },
)
AHEAD = timedelta(days=60)
BEFORE_TIME = timedelta(hours=1)
"""How much before its time a visit may begin."""
_MISSING: dict[str, tuple[str, Words]] = {
    "model": ("#/ticket/device/model", {"en": "take down the product's model first", "zh-CN": "请先填写产品型号"}),
    "symptom": ("#/ticket/symptom", {"en": "take down the symptom first", "zh-CN": "请先填写故障现象"}),
    "proof": ("#/ticket/purchase_proof", {"en": "take down the purchase proof first", "zh-CN": "请先填写购买凭证"}),
    "address": ("#/address", {"en": "say where to go", "zh-CN": "请填写上门地址"}),
}


def slots(
    session: Session, ticket: Ticket, since: datetime, until: datetime, length: timedelta, *, on_site: bool
) -> list[Slot]:
    """Return free times for a ticket between two moments."""
    work, booked = _roster(session, ticket, since, until, None)
    return free(work, booked, length, earliest=max(since, now()), on_site=on_site)


def book(session: Session, actor: Actor, public_id: str, wanted: NewAppointment) -> tuple[Ticket, Appointment]:
    """Hold a time for a ticket with somebody who can do it."""
    ticket = tickets.get(session, actor, public_id, for_update=True)
    actor.require(Permission.APPOINTMENT_BOOK)
    tickets.require_possible(ticket, "schedule")
    _require_ready(ticket, wanted)
    if ticket.store is not None:
        stores.check_open(session, [ticket.store], "#/ticket/store")
    for other in queries.of_ticket(session, ticket.id):
        if other.state in {State.REQUESTED, State.CONFIRMED}:
            raise Problem(HAS_ONE, ticket=ticket.public_id, appointment=other.public_id)
    length = timedelta(minutes=wanted.minutes)
    slot = _slot(session, ticket, wanted.starts_at, length, wanted.person, on_site=wanted.place == "on_site")
    row = hold(session, actor, ticket, slot, wanted.place, wanted.address if wanted.place == "on_site" else None)
    if wanted.confirmed:
        confirm(session, actor, row.public_id)
    return ticket, row


def hold(  # noqa: PLR0917 - who, for what, when, and where
    session: Session, actor: Actor, ticket: Ticket, slot: Slot, place: Place, address: str | None
) -> Appointment:
    """Write down that a slot is held for a ticket; ``book`` is what finds out whether it can be."""
    row = Appointment(
        ticket_id=ticket.id,
        state=State.REQUESTED.value,
        place=place,
        address=address,
        bench=slot.bench,
        person=slot.person,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    events.append(session, actor, "appointment.requested", ticket.record, _facts(row))
    return row


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> tuple[Ticket, Appointment]:
    """Return an appointment with its ticket; raise not-found before forbidden."""
    found = queries.appointment(session, actor, public_id, for_update=for_update)
    if found is None:
        raise Problem(APPOINTMENT_NOT_FOUND, appointment=public_id[:40])
    actor.require(Permission.TICKET_READ)
    return found[0], found[1]


def confirm(session: Session, actor: Actor, public_id: str) -> tuple[Ticket, Appointment]:
    """Say yes to the customer, who is told; the ticket is scheduled."""
    ticket, row = get(session, actor, public_id, for_update=True)
    _apply(session, actor, ticket, row, "confirm")
    told = {"details": {"appointment_at": row.starts_at.isoformat(), "place": row.place}}
    tickets.apply(session, ticket, "schedule", actor, details={**told, "appointment": row.public_id})
    return ticket, row


def move(
    session: Session, actor: Actor, public_id: str, wanted: Move, expected: Precondition
) -> tuple[Ticket, Appointment]:
    """Take another time of the same length, with the same person or another who is free."""
    ticket, row = get(session, actor, public_id, for_update=True)
    actor.require(Permission.APPOINTMENT_BOOK)
    expected.check(row.version)
    length = row.ends_at - row.starts_at
    slot = _slot(session, ticket, wanted.starts_at, length, wanted.person, on_site=row.place == "on_site", but=row.id)
    row.starts_at, row.ends_at, row.person, row.bench = slot.starts_at, slot.ends_at, slot.person, slot.bench
    _apply(session, actor, ticket, row, "move")
    if row.state == State.CONFIRMED:
        told = {"details": {"appointment_at": row.starts_at.isoformat(), "place": row.place}}
        tickets.apply(session, ticket, "reschedule", actor, details={**told, "appointment": row.public_id})
    return ticket, row


def call_off(session: Session, actor: Actor, public_id: str) -> tuple[Ticket, Appointment]:
    """Give the time back; a customer who was told of it is told."""
    ticket, row = get(session, actor, public_id, for_update=True)
    was_confirmed = row.state == State.CONFIRMED
    _apply(session, actor, ticket, row, "call_off")
    if was_confirmed:
        tickets.apply(session, ticket, "call_off", actor, details={"appointment": row.public_id})
    return ticket, row


def close(session: Session, actor: Actor, public_id: str, outcome: str) -> tuple[Ticket, Appointment]:
    """Record whether it took place; then the work of a visit begins."""
    ticket, row = get(session, actor, public_id, for_update=True)
    step = "keep" if outcome == "kept" else "miss"
    if TABLE.find(State(row.state), step) is not None and actor.may(Permission.TICKET_SERVE):
        _require_its_time(session, row, BEFORE_TIME if step == "keep" else timedelta(0))
    _apply(session, actor, ticket, row, step)
    action = "arrived" if outcome == "kept" else "call_off"
    if tickets.possible(ticket, action):
        tickets.apply(session, ticket, action, actor, details={"appointment": row.public_id})
    return ticket, row


def _require_its_time(session: Session, row: Appointment, before: timedelta) -> None:
    """Raise the appointment-ahead problem: what has not been yet has no outcome."""
    earliest = row.starts_at - before
    if earliest > now():
        zone = calendars.time_zone(session)
        at, since = (f"{one.astimezone(zone):%Y-%m-%d %H:%M} ({zone})" for one in (row.starts_at, earliest))
        raise problem_at("#/outcome", TOO_EARLY, appointment=row.public_id, starts_at=at, earliest=since)


def _apply(session: Session, actor: Actor, ticket: Ticket, row: Appointment, action: str) -> None:
    before = State(row.state)
    transition = TABLE.find(before, action)
    if transition is None:
        raise Problem(APPOINTMENT_ENDED, appointment=row.public_id, **TABLE.refusal(before, action))
    actor.require(transition.permission)
    row.state = (transition.target or before).value
    session.flush()
    events.append(session, actor, f"appointment.{action}", ticket.record, _facts(row))


def _facts(row: Appointment) -> dict[str, str]:
    return {
        "appointment": row.public_id,
        "starts_at": row.starts_at.isoformat(),
        "place": row.place,
        "person": row.person,
        "state": row.state,
    }


def _require_ready(ticket: Ticket, wanted: NewAppointment) -> None:
    """Raise the appointment-not-ready problem, which names everything that is missing (T11)."""
    there = {
        "model": bool(ticket.model),
        "symptom": (bool(ticket.symptom) and ticket.symptom != "–") or ticket.kind == Kind.INSPECTION,
        "proof": ticket.proof_kind is not None or ticket.kind == Kind.INSPECTION,
        "address": wanted.place == "store" or wanted.address is not None,
    }
    errors = [FieldError(*_MISSING[name]) for name, is_there in there.items() if not is_there]
    if errors:
        raise Problem(NOT_READY, errors=errors)


def _slot(
    session: Session,
    ticket: Ticket,
    starts_at: datetime,
    length: timedelta,
    person: str | None,
    *,
    on_site: bool,
    but: int | None = None,
) -> Slot:
    """Return the slot at exactly this time; raise the time-not-free problem, which names the next that is free."""
    work, booked = _roster(session, ticket, now(), max(starts_at, now()) + timedelta(days=7), but)
    able = [
        one
        for one in work
        if person in {None, one.person} and starts_at >= now() and fits(one, booked, starts_at, length, on_site=on_site)
    ]
    if able:
        load = {one.person: sum(other.person == one.person for other in booked) for one in able}
        best = min(able, key=lambda one: (load[one.person], one.person))
        return Slot(starts_at, starts_at + length, best.person, best.bench)
    mine = [one for one in work if person in {None, one.person}]
    following = free(mine, booked, length, earliest=max(starts_at, now()), on_site=on_site)
    raise problem_at("#/starts_at", NOT_FREE, next=_following(session, following))


def _following(session: Session, found: Sequence[Slot]) -> Words:
    if not found:
        return {"en": "no shift of the following week has room", "zh-CN": "之后一周的班次均无空档"}
    zone = calendars.time_zone(session)
    when = f"{found[0].starts_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone})"
    return {"en": f"the next free time is {when}", "zh-CN": f"最近的空档是 {when}"}


def _roster(
    session: Session, ticket: Ticket, since: datetime, until: datetime, but: int | None
) -> tuple[list[Work], list[Booked]]:
    """Return the shifts of people who can do it, and what is booked then."""
    need = dispatch.need_of(session, ticket).need
    places = {one.bench: one for one in roster.working(session)}
    region = next((one.region for one in places.values() if need.store and one.store == need.store), None)
    proven = {one.person: one for one in roster.certificates(session, skill=need.skill) if one.level >= need.level}
    zone = calendars.time_zone(session)
    work = []
    for shift in roster.shifts(session, ends_after=since, starts_before=until):
        place, certificate = places.get(shift.bench), proven.get(shift.person)
        if place is None or certificate is None:
            continue
        if not reaches(need, place.skill_group, place.store, place.region, region):
            continue
        if certificate.valid_until is None or certificate.valid_until >= shift.starts_at.astimezone(zone).date():
            work.append(Work(shift.person, shift.bench, shift.starts_at, shift.ends_at))
    booked = []
    for row in queries.holding(session, until + timedelta(days=1), since - timedelta(days=1), but):
        first, last = with_way(row.starts_at, row.ends_at, on_site=row.place == "on_site")
        booked.append(Booked(row.person, first, last))
    return work, booked
