"""HTTP: workplaces, certificates and shifts. Each change lets waiting tickets be tried again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.dispatch import queries, roster, service
from hub.dispatch.schemas import CertificateIn, CertificateOut, NewShift, ShiftOut, WorkplaceIn, WorkplaceOut
from hub.fleet.service import BENCH_NOT_FOUND
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.duties import PERSON_UNFIT, UNKNOWN_PERSON
from hub.identity.permissions import Permission
from hub.identity.segregation import OWN_FILE
from hub.identity.service import UNAUTHENTICATED
from hub.identity.users import USER_NOT_FOUND
from hub.stores.service import STORE_CLOSED, UNKNOWN_STORES

workplaces_router = APIRouter(prefix="/api/v1/workplaces", tags=["roster"])
certificates_router = APIRouter(prefix="/api/v1/certificates", tags=["roster"])
shifts_router = APIRouter(prefix="/api/v1/shifts", tags=["roster"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_CERTIFICATE = (UNAUTHENTICATED, FORBIDDEN, OWN_FILE, USER_NOT_FOUND)
BenchName = Annotated[str, Path(max_length=128, examples=["bench-01"])]
PersonPath = Annotated[str, Path(max_length=40, examples=["U-000007"])]
SkillPath = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,63}$", examples=["board_repair"])]
ShiftPath = Annotated[str, Path(max_length=40, examples=["S-000012"])]
Text = Annotated[str | None, Query(max_length=128)]


@workplaces_router.get("", summary="List workplaces", responses=refusals(*_COMMON))
def list_workplaces(database: HubDatabase, caller: Caller) -> list[WorkplaceOut]:
    """Every bench that dispatch knows, with how full it is."""
    caller.require(Permission.ROSTER_READ)
    with database.read() as session:
        loads = queries.bench_loads(session)
        return [WorkplaceOut.of(row, loads.get(row.bench, 0)) for row in queries.workplaces(session, caller)]


@workplaces_router.get("/{bench}", summary="Show a workplace", responses=refusals(*_COMMON, roster.WORKPLACE_NOT_FOUND))
def show_workplace(database: HubDatabase, caller: Caller, bench: BenchName) -> WorkplaceOut:
    """One bench as dispatch sees it."""
    with database.read() as session:
        row = roster.get_workplace(session, caller, bench)
        return WorkplaceOut.of(row, queries.bench_loads(session).get(bench, 0))


@workplaces_router.put(
    "/{bench}",
    summary="Put a workplace",
    responses=refusals(*_COMMON, roster.WORKPLACE_NOT_FOUND, BENCH_NOT_FOUND, STORE_CLOSED, UNKNOWN_STORES),
)
def put_workplace(database: HubDatabase, caller: Caller, bench: BenchName, wanted: WorkplaceIn) -> WorkplaceOut:
    """Say where a bench is, what it does, and how many tickets it holds."""
    with database.write() as session:
        row = roster.put_workplace(session, caller, bench, wanted)
        service.retry(session, now())
        return WorkplaceOut.of(row, queries.bench_loads(session).get(bench, 0))


@certificates_router.get("", summary="List certificates", responses=refusals(*_COMMON))
def list_certificates(
    database: HubDatabase, caller: Caller, person: Text = None, skill: Text = None
) -> list[CertificateOut]:
    """Who has proven what (H1)."""
    with database.read() as session:
        found = roster.certificates(session, caller, person=person, skill=skill)
        return [CertificateOut.of(row) for row in found]


@certificates_router.put("/{person}/{skill}", summary="Put a certificate", responses=refusals(*_CERTIFICATE))
def put_certificate(
    database: HubDatabase, caller: Caller, person: PersonPath, skill: SkillPath, wanted: CertificateIn
) -> CertificateOut:
    """Record that a person has proven a skill."""
    with database.write() as session:
        row = roster.put_certificate(session, caller, person, skill, wanted)
        service.retry(session, now())
        return CertificateOut.of(row)


@certificates_router.delete(
    "/{person}/{skill}",
    status_code=204,
    summary="Withdraw a certificate",
    responses=refusals(*_COMMON, OWN_FILE, roster.CERTIFICATE_NOT_FOUND),
)
def withdraw_certificate(database: HubDatabase, caller: Caller, person: PersonPath, skill: SkillPath) -> Response:
    """The person is not chosen for this skill any more; tickets that the person has stay."""
    with database.write() as session:
        roster.withdraw_certificate(session, caller, person, skill)
    return Response(status_code=204)


@shifts_router.get("", summary="List shifts", responses=refusals(*_COMMON, BAD_CURSOR))
def list_shifts(
    *,
    database: HubDatabase,
    caller: Caller,
    bench: Text = None,
    person: Text = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[ShiftOut]:
    """The roster of the caller's stores, the latest shift first."""
    caller.require(Permission.ROSTER_READ)
    with database.read() as session:
        found = queries.shift_page(session, caller, cursor, limit, bench=bench, person=person)
        rows, following = split_page(found, limit, lambda row: [row.starts_at, row.id])
        return Page(items=[ShiftOut.of(row) for row in rows], next=following)


@shifts_router.post(
    "",
    status_code=201,
    summary="Plan a shift",
    responses=refusals(
        *_COMMON, roster.WORKPLACE_NOT_FOUND, UNKNOWN_PERSON, PERSON_UNFIT, roster.SHIFT_TOO_LONG, roster.SHIFTS_OVERLAP
    ),
)
def plan_shift(database: HubDatabase, caller: Caller, wanted: NewShift, response: Response) -> ShiftOut:
    """A person works at one bench at a time, at most 24 hours."""
    with database.write() as session:
        row = roster.add_shift(session, caller, wanted)
        service.retry(session, now())
        shown = ShiftOut.of(row)
    response.headers["Location"] = f"/api/v1/shifts/{shown.id}"
    return shown


@shifts_router.delete(
    "/{shift}", status_code=204, summary="Remove a shift", responses=refusals(*_COMMON, roster.SHIFT_NOT_FOUND)
)
def remove_shift(database: HubDatabase, caller: Caller, shift: ShiftPath) -> Response:
    """Take a shift out of the plan."""
    with database.write() as session:
        roster.remove_shift(session, caller, shift)
    return Response(status_code=204)
