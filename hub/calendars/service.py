"""Versions of calendars: put one, and make the calendar that counts out of all of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.calendars.calendar import BusinessCalendar
from hub.calendars.documents import CalendarDocument, CalendarEdition
from hub.calendars.public_holidays import UnknownCountry, holiday_table
from hub.calendars.schemas import NewCalendar
from hub.core.bodies import stored
from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.policies import queries
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.models import PolicyVersion

FAMILY = "calendar"
CALLED: Words = {"en": "calendar", "zh-CN": "日历"}
STANDARD = "standard"
YEARS_BEFORE, YEARS_AFTER = 1, 3
"""Years around its first day whose public holidays a version knows."""

UNKNOWN_HOLIDAYS = ProblemType(
    "unknown-holidays",
    422,
    {"en": "The public holidays are not known", "zh-CN": "没有该地区的节假日数据"},
    {
        "en": "The public holidays of {place} are not known; write an ISO 3166 code, or leave "
        "public_holidays out and name the days as special_days.",
        "zh-CN": "没有 {place} 的节假日数据；请填写 ISO 3166 代码，或改用 special_days 列出日期。",
    },
)
OTHER_TIME_ZONE = ProblemType(
    "other-time-zone",
    422,
    {"en": "A calendar keeps its time zone", "zh-CN": "日历时区不可更改"},
    {
        "en": "Calendar {name} is in {zone}; make a calendar of another name for another time zone.",
        "zh-CN": "日历 {name} 的时区为 {zone}；其他时区请新建日历。",
    },
)


@dataclass(frozen=True, slots=True)
class KeptEdition:
    """An edition with its first day and its row (``None`` for what is delivered with the hub)."""

    row: PolicyVersion | None
    first_day: date
    edition: CalendarEdition


def put(session: Session, actor: Actor, name: str, number: int, wanted: NewCalendar) -> tuple[PolicyVersion, bool]:
    """Add a version of a calendar with the public holidays as they are known today."""
    actor.require(Permission.POLICY_WRITE)
    zone = ZoneInfo(wanted.document.time_zone)
    for before in editions(session, name):
        if before.edition.document.time_zone != wanted.document.time_zone:
            raise Problem(OTHER_TIME_ZONE, name=name, zone=before.edition.document.time_zone)
    today = now().astimezone(zone).date()
    existing = queries.version(session, FAMILY, name, number)
    first = wanted.valid_from or (today if existing is None else existing.valid_from.astimezone(zone).date())
    kept = None if existing is None else stored(CalendarEdition, existing.document)
    # The same document put again is the same version, though more may be known about holidays by now.
    same = kept is not None and kept.document == wanted.document
    edition = kept if kept is not None and same else _with_holidays(wanted.document, first)
    return policies.put(
        session,
        actor,
        (FAMILY, name, number),
        json.loads(edition.model_dump_json(by_alias=True)),
        midnight(first, zone),
        earliest=midnight(today, zone),
    )


def editions(session: Session, name: str) -> list[KeptEdition]:
    """Return a calendar's editions by their first days; empty when there is no such calendar."""
    found: list[KeptEdition] = []
    if name == STANDARD:
        found.append(KeptEdition(None, date(2000, 1, 1), _delivered(now().year)))
    for row in policies.in_order(session, FAMILY, name):
        edition = queries.document(session, row, CalendarEdition)
        first = row.valid_from.astimezone(ZoneInfo(edition.document.time_zone)).date()
        found.append(KeptEdition(row, first, edition))
    return found


def calendar(session: Session, name: str) -> BusinessCalendar:
    """Return the calendar that counts; raise the policy-not-found problem. It is shared: a calendar never changes."""

    def made() -> BusinessCalendar:
        found = editions(session, name)
        if not found:
            raise policies.not_found(CALLED, name)
        return BusinessCalendar([(kept.first_day, kept.edition) for kept in found])

    return queries.computed(session, (FAMILY, name, now().year), made)  # the delivered edition is the year's


def time_zone(session: Session) -> ZoneInfo:
    """Return the time zone of the stores."""
    return calendar(session, STANDARD).time_zone


def alone(edition: CalendarEdition) -> BusinessCalendar:
    """Return the calendar of one edition."""
    return BusinessCalendar([(date(2000, 1, 1), edition)])


def in_force(found: Sequence[KeptEdition]) -> KeptEdition:
    """Return the edition that holds today."""
    at = now()
    return next((kept for kept in reversed(found) if kept.row is None or kept.row.valid_from <= at), found[0])


def _with_holidays(document: CalendarDocument, first: date) -> CalendarEdition:
    wanted = document.public_holidays
    if wanted is None:
        return CalendarEdition(document=document)
    try:
        table = holiday_table(wanted, range(first.year - YEARS_BEFORE, first.year + YEARS_AFTER + 1))
    except UnknownCountry as error:
        raise Problem(UNKNOWN_HOLIDAYS, place=str(error)) from error
    return CalendarEdition(document=document, holidays=table)


@cache
def _delivered(year: int) -> CalendarEdition:
    document = load(CalendarDocument, Path(__file__).with_name("standard.yaml"))
    return _with_holidays(document, date(year, 1, 1))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
