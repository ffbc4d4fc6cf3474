"""HTTP: business calendars."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from hub.calendars import service
from hub.calendars.documents import CalendarEdition
from hub.calendars.schemas import CalendarOut, DayOut, DaysOut, NewCalendar
from hub.core.bodies import stored
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.i18n import Language, preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies import queries
from hub.policies.models import PolicyVersion
from hub.policies.schemas import PolicyName, VersionNumber
from hub.policies.service import POLICY_NOT_FOUND, VALID_TOO_EARLY, VERSION_NOT_NEXT, VERSION_TAKEN, not_found
from hub.policies.values import Day

router = APIRouter(prefix="/api/v1/calendars", tags=["calendars"])

_reads = Depends(caller_with(Permission.POLICY_READ))
_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, POLICY_NOT_FOUND)
_THERE = {200: {"description": "It was there already.", "model": CalendarOut}}
_PUT = refusals(
    UNAUTHENTICATED,
    FORBIDDEN,
    VERSION_TAKEN,
    VERSION_NOT_NEXT,
    VALID_TOO_EARLY,
    service.UNKNOWN_HOLIDAYS,
    service.OTHER_TIME_ZONE,
    answers=_THERE,
)
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


@router.get("", summary="List calendars", dependencies=[_reads], responses=refusals(*_COMMON))
def list_calendars(database: HubDatabase) -> list[str]:
    """Names of all calendars; `standard` is always there."""
    with database.read() as session:
        return sorted({service.STANDARD, *queries.names(session, service.FAMILY)})


@router.get("/{name}", summary="Show a calendar", dependencies=[_reads], responses=refusals(*_ONE))
def show_calendar(database: HubDatabase, name: PolicyName, accept_language: Accepted = None) -> CalendarOut:
    """The version that holds today."""
    with database.read() as session:
        found = service.editions(session, name)
        if not found:
            raise not_found(service.CALLED, name)
        kept = service.in_force(found)
        return _shown(name, kept.row, kept.edition, preferred_language(accept_language))


@router.get("/{name}/days", summary="Show days of a calendar", dependencies=[_reads], responses=refusals(*_ONE))
def show_days(
    database: HubDatabase,
    name: PolicyName,
    first: Annotated[Day, Query(description="The first day to show.", examples=["2026-02-13"])],
    count: Annotated[int, Query(ge=1, le=366, description="How many days.")] = 31,
    accept_language: Accepted = None,
) -> DaysOut:
    """Opening hours day by day, and why: for people who want to see what a document means."""
    language = preferred_language(accept_language)
    with database.read() as session:
        calendar = service.calendar(session, name)
    days = [calendar.day(first + timedelta(days=number)) for number in range(count)]
    doubts = calendar.doubts(*(service.midnight(day, calendar.time_zone) for day in (days[0].day, days[-1].day)))
    return DaysOut(days=[DayOut.of(day, language) for day in days], doubts=[words[language] for words in doubts])


@router.get(
    "/{name}/versions",
    summary="List a calendar's versions",
    dependencies=[_reads],
    responses=refusals(*_ONE, BAD_CURSOR),
)
def list_calendar_versions(
    database: HubDatabase,
    name: PolicyName,
    cursor: CursorText = None,
    limit: Limit = 50,
    accept_language: Accepted = None,
) -> Page[CalendarOut]:
    """Versions that were put, the newest first."""
    language = preferred_language(accept_language)
    with database.read() as session:
        found = queries.page(session, service.FAMILY, name, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row.version])
        return Page(items=[_row(row, language) for row in rows], next=following)


@router.get(
    "/{name}/versions/{version}",
    summary="Show a version of a calendar",
    dependencies=[_reads],
    responses=refusals(*_ONE),
)
def show_calendar_version(
    database: HubDatabase, name: PolicyName, version: VersionNumber, accept_language: Accepted = None
) -> CalendarOut:
    """One version, as it was put."""
    with database.read() as session:
        row = queries.version(session, service.FAMILY, name, version)
        if row is None:
            raise not_found(service.CALLED, name)
        return _row(row, preferred_language(accept_language))


@router.put("/{name}/versions/{version}", status_code=201, summary="Put a version of a calendar", responses=_PUT)
def put_calendar_version(
    *,
    database: HubDatabase,
    caller: Caller,
    name: PolicyName,
    version: VersionNumber,
    wanted: NewCalendar,
    response: Response,
    accept_language: Accepted = None,
) -> CalendarOut:
    """Add the next version (1 for a new calendar). Putting the same again changes nothing and answers 200."""
    with database.write() as session:
        row, new = service.put(session, caller, name, version, wanted)
        response.status_code = 201 if new else 200
        return _row(row, preferred_language(accept_language))


def _row(row: PolicyVersion, language: Language) -> CalendarOut:
    return _shown(row.name, row, stored(CalendarEdition, row.document), language)


def _shown(name: str, row: PolicyVersion | None, edition: CalendarEdition, language: Language) -> CalendarOut:
    begin = max(now(), row.valid_from) if row else now()
    doubts = service.alone(edition).doubts(begin, begin + timedelta(days=365))
    return CalendarOut.of(name, row, edition, [words[language] for words in doubts])
