"""One function per command on workplaces, certificates and shifts (H1)."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType, problem_at
from hub.dispatch import queries
from hub.dispatch.models import Certificate, Shift, Workplace
from hub.dispatch.schemas import CertificateIn, NewShift, WorkplaceIn
from hub.events import service as events
from hub.fleet import service as fleet
from hub.identity import duties, users
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import require_other
from hub.stores import service as stores

WORKPLACE_NOT_FOUND = ProblemType(
    "workplace-not-found",
    404,
    {"en": "The bench is no workplace yet", "zh-CN": "该工位尚未登记"},
    {
        "en": "There is no workplace {bench} that you may see; put it with its store and group first.",
        "zh-CN": "没有您可查看的工位 {bench}；请先登记其门店和技能组。",
    },
)
SHIFT_NOT_FOUND = ProblemType(
    "shift-not-found",
    404,
    {"en": "No such shift", "zh-CN": "班次不存在"},
    {"en": "There is no shift {shift} that you may see.", "zh-CN": "没有您可查看的班次 {shift}。"},
)
CERTIFICATE_NOT_FOUND = ProblemType(
    "certificate-not-found",
    404,
    {"en": "No such certificate", "zh-CN": "资质不存在"},
    {"en": "{person} has no certificate for {skill}.", "zh-CN": "{person} 没有 {skill} 资质。"},
)
SHIFTS_OVERLAP = ProblemType(
    "shifts-overlap",
    409,
    {"en": "The person works elsewhere then", "zh-CN": "该人员此时段已有排班"},
    {
        "en": "{person} has the shift {shift} at {bench} at that time; move or remove it first.",
        "zh-CN": "{person} 在该时段已有 {bench} 的班次 {shift}；请先调整或删除。",
    },
)
SHIFT_TOO_LONG = ProblemType(
    "shift-too-long",
    422,
    {"en": "The shift cannot be so", "zh-CN": "班次时间无效"},
    {
        "en": "A shift ends after it begins and lasts at most 24 hours.",
        "zh-CN": "班次的结束须晚于开始，且不超过 24 小时。",
    },
)
LONGEST_SHIFT = timedelta(hours=24)


def put_workplace(session: Session, actor: Actor, bench: str, wanted: WorkplaceIn) -> Workplace:
    """Say where a bench is, what it does and how much it holds."""
    actor.require(Permission.ROSTER_WRITE)
    fleet.get(session, bench)
    row = queries.workplace(session, bench, for_update=True)
    if not actor.sees_store(wanted.store) or (row is not None and not actor.sees_store(row.store)):
        raise Problem(WORKPLACE_NOT_FOUND, bench=bench[:128])
    if wanted.store is not None and (row is None or row.store != wanted.store):
        stores.check_open(session, [wanted.store], "#/store")
    values = wanted.model_dump()
    if row is None:
        row = Workplace(bench=bench, **values, updated_at=now())
        session.add(row)
    elif all(getattr(row, name) == value for name, value in values.items()):
        return row
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = now()
    session.flush()
    events.append(session, actor, "workplace.put", ("bench", bench), values)
    return row


def get_workplace(session: Session, actor: Actor, bench: str) -> Workplace:
    """Return one workplace; raise not-found before forbidden."""
    row = queries.workplace(session, bench)
    if row is None or not actor.sees_store(row.store):
        raise Problem(WORKPLACE_NOT_FOUND, bench=bench[:128])
    actor.require(Permission.ROSTER_READ)
    return row


def certificates(session: Session, actor: Actor, *, person: str | None, skill: str | None) -> Sequence[Certificate]:
    """Return certificates of people within the actor's stores (S5), by person and skill."""
    actor.require(Permission.ROSTER_READ)
    found = queries.certificates(session, person=person, skill=skill)
    known = _knows(session, actor, {row.person for row in found})
    return [row for row in found if row.person in known]


def put_certificate(session: Session, actor: Actor, person: str, skill: str, wanted: CertificateIn) -> Certificate:
    """Record that a person has proven a skill (H1), or to another level, or for longer."""
    users.get_colleague(session, actor, person)
    actor.require(Permission.ROSTER_WRITE)
    require_other(actor, person)
    row = queries.certificate(session, person, skill)
    if row is None:
        row = Certificate(person=person, skill=skill, level=wanted.level, valid_until=wanted.valid_until)
        session.add(row)
    else:
        row.level, row.valid_until = wanted.level, wanted.valid_until
    session.flush()
    facts = {"skill": skill, "level": row.level, "valid_until": _text(row.valid_until)}
    events.append(session, actor, "certificate.put", ("user", person), facts)
    return row


def withdraw_certificate(session: Session, actor: Actor, person: str, skill: str) -> None:
    """Take a certificate back."""
    row = queries.certificate(session, person, skill) if _knows(session, actor, [person]) else None
    if row is None:
        raise Problem(CERTIFICATE_NOT_FOUND, person=person[:40], skill=skill[:64])
    actor.require(Permission.ROSTER_WRITE)
    require_other(actor, person)
    session.delete(row)
    session.flush()
    events.append(session, actor, "certificate.withdrawn", ("user", person), {"skill": skill})


def add_shift(session: Session, actor: Actor, wanted: NewShift) -> Shift:
    """Plan a shift; nobody works at two places at once."""
    place = get_workplace(session, actor, wanted.bench)
    actor.require(Permission.ROSTER_WRITE)
    duties.require_fit(session, actor, wanted.person, place.store, Permission.TICKET_READ, where="#/person")
    if not timedelta() < wanted.ends_at - wanted.starts_at <= LONGEST_SHIFT:
        raise problem_at("#/ends_at", SHIFT_TOO_LONG)
    others = queries.shifts(session, ends_after=wanted.starts_at, starts_before=wanted.ends_at, person=wanted.person)
    if others:
        raise Problem(SHIFTS_OVERLAP, person=wanted.person, shift=others[0].public_id, bench=others[0].bench)
    row = Shift(**wanted.model_dump())
    session.add(row)
    session.flush()
    facts = {
        "shift": row.public_id,
        "person": row.person,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
    }
    events.append(session, actor, "shift.planned", ("bench", row.bench), facts)
    return row


def remove_shift(session: Session, actor: Actor, public_id: str) -> None:
    """Take a shift out of the plan."""
    row = queries.shift(session, public_id)
    place = queries.workplace(session, row.bench) if row is not None else None
    if row is None or place is None or not actor.sees_store(place.store):
        raise Problem(SHIFT_NOT_FOUND, shift=public_id[:40])
    actor.require(Permission.ROSTER_WRITE)
    bench, facts = row.bench, {"shift": row.public_id, "person": row.person}
    session.delete(row)
    session.flush()
    events.append(session, actor, "shift.removed", ("bench", bench), facts)


def _knows(session: Session, actor: Actor, people: Collection[str]) -> Collection[str]:
    if actor.stores is None:
        return people
    return {number for number, user in queries.people(session, people).items() if users.visible(actor, user)}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
