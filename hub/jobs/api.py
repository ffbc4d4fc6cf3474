"""HTTP: jobs."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request

from hub.core.documented import refusals
from hub.core.i18n import preferred_language
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.jobs import queries, service
from hub.jobs.schemas import JobOut, JobsOut
from hub.jobs.table import JOBS

router = APIRouter(prefix="/api/v1/jobs", tags=["operations"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.JOB_NOT_FOUND)
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


@router.get("", summary="List jobs", responses=refusals(*_COMMON))
def list_jobs(request: Request, database: HubDatabase, caller: Caller, accept_language: Accepted = None) -> JobsOut:
    """Every job, when it is due, how its last run went, and which process runs them."""
    caller.require(Permission.JOB_READ)
    language, settings = preferred_language(accept_language), request.app.state.settings
    with database.read() as session:
        states = queries.states(session)
        shown = [JobOut.of(job, states.get(job.name), language, wanted=job.wanted(settings)) for job in JOBS]
        return JobsOut.of(queries.lease(session), shown)


@router.post("/{job}/runs", status_code=202, summary="Run a job now", responses=refusals(*_ONE))
def request_job_run(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    job: Annotated[str, Path(max_length=64, examples=["housekeeping"])],
    accept_language: Accepted = None,
) -> JobOut:
    """The process that runs the jobs starts it within a second or two."""
    with database.write() as session:
        state = service.request_run(session, caller, job)
        found = service.find(job)
        wanted = found.wanted(request.app.state.settings)
        return JobOut.of(found, state, preferred_language(accept_language), wanted=wanted)
