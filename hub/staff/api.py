"""HTTP: staff records and figures."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.spans import whole_span
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.duties import UNKNOWN_PERSON
from hub.identity.permissions import Permission
from hub.identity.segregation import OWN_FILE
from hub.identity.service import UNAUTHENTICATED
from hub.identity.users import USER_NOT_FOUND
from hub.policies.values import Moment
from hub.staff import queries, service
from hub.staff.schemas import (
    AssessmentIn,
    AssessmentOut,
    DueOut,
    FiguresOut,
    FileEntryOut,
    NewFileEntry,
    NewTraining,
    Quarter,
    StaffFile,
    TrainingOut,
    TrainingResult,
)

router = APIRouter(prefix="/api/v1/staff", tags=["staff"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_PERSON = (UNAUTHENTICATED, FORBIDDEN, USER_NOT_FOUND)
_WRITE = (UNAUTHENTICATED, FORBIDDEN, USER_NOT_FOUND, OWN_FILE)
PersonPath = Annotated[str, Path(max_length=40, examples=["U-000007"])]


@router.get("/figures", summary="Show what each person did", responses=refusals(*_COMMON))
def show_staff_figures(
    database: HubDatabase, caller: Caller, since: Moment | None = None, until: Moment | None = None
) -> list[FiguresOut]:
    """Workload, quality and attitude per person (H4); left out: the last 90 days."""
    caller.require(Permission.STAFF_READ)
    first, last = whole_span(since, until, days=90)
    with database.read() as session:
        return service.figures(session, caller, first, last)


@router.get("/training-due", summary="List who lacks which training", responses=refusals(*_COMMON))
def list_training_due(database: HubDatabase, caller: Caller) -> list[DueOut]:
    """The induction within a month of joining, then a passed lesson each quarter (H2)."""
    caller.require(Permission.STAFF_READ)
    with database.read() as session:
        return [
            DueOut(
                person=person,
                name=name,
                kind=one.kind,
                due_on=one.due_on,
                overdue=one.overdue,
                planned_on=one.planned_on,
            )
            for person, name, one in service.due(session, caller, now().date())
        ]


@router.post(
    "/trainings",
    status_code=201,
    summary="Plan a lesson",
    responses=refusals(*_COMMON, UNKNOWN_PERSON, OWN_FILE),
)
def plan_training(database: HubDatabase, caller: Caller, wanted: NewTraining, response: Response) -> TrainingOut:
    """Kind, method, hours and content for one person (H2)."""
    with database.write() as session:
        shown = TrainingOut.of(service.plan(session, caller, wanted))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.post(
    "/trainings/{training}/result",
    summary="Record how a lesson ended",
    responses=refusals(
        *_COMMON, OWN_FILE, service.TRAINING_NOT_FOUND, service.TRAINING_HELD, STALE_VERSION, BAD_IF_MATCH
    ),
)
def record_training(
    *,
    database: HubDatabase,
    caller: Caller,
    training: Annotated[str, Path(max_length=40, examples=["L-000003"])],
    wanted: TrainingResult,
    expected: Expected,
) -> TrainingOut:
    """Held, with the exam's result; it is not changed afterwards."""
    with database.write() as session:
        return TrainingOut.of(service.hold(session, caller, training, wanted, expected))


@router.get("/{person}", summary="Show a person's file", responses=refusals(*_PERSON))
def show_staff_file(database: HubDatabase, caller: Caller, person: PersonPath) -> StaffFile:
    """Trainings, assessments, rewards and sanctions; everybody may see their own (H2, H3)."""
    with database.read() as session:
        service.require_reader(session, caller, person)
        return StaffFile(
            person=person,
            trainings=[TrainingOut.of(row) for row in queries.trainings(session, [person])],
            assessments=[AssessmentOut.of(row) for row in queries.assessments(session, [person])],
            file=[FileEntryOut.of(row) for row in queries.file_entries(session, [person])],
        )


@router.put("/{person}/assessments/{quarter}", summary="Put a person's assessment", responses=refusals(*_WRITE))
def put_assessment(
    database: HubDatabase,
    caller: Caller,
    person: PersonPath,
    quarter: Annotated[Quarter, Path(examples=["2026-Q4"])],
    wanted: AssessmentIn,
) -> AssessmentOut:
    """Theory, practice and customer rating of a quarter (H3), by somebody else."""
    with database.write() as session:
        return AssessmentOut.of(service.assess(session, caller, person, quarter, wanted))


@router.post("/{person}/file", status_code=201, summary="Add a reward or a sanction", responses=refusals(*_WRITE))
def add_file_entry(database: HubDatabase, caller: Caller, person: PersonPath, wanted: NewFileEntry) -> FileEntryOut:
    """It stays in the file (H3)."""
    with database.write() as session:
        return FileEntryOut.of(service.add_entry(session, caller, person, wanted))
