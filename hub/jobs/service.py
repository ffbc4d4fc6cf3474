"""Keep how jobs stand, and take requests for a run."""

from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.jobs import queries
from hub.jobs.job import ACTOR, Job, JobRun, pause_after
from hub.jobs.models import JobState
from hub.jobs.table import JOBS

JOB_NOT_FOUND = ProblemType(
    "job-not-found",
    404,
    {"en": "No such job", "zh-CN": "任务不存在"},
    {"en": "There is no job {job}; there are: {jobs}.", "zh-CN": "没有任务 {job}；现有任务：{jobs}。"},
)
_MAX_TEXT = 400
TOLD_AFTER = 3
"""So many failures in a row, and management is told."""


def find(name: str) -> Job:
    """Return a job by its name; raise the job-not-found problem."""
    for job in JOBS:
        if job.name == name:
            return job
    raise Problem(JOB_NOT_FOUND, job=name[:64], jobs=", ".join(job.name for job in JOBS))


def request_run(session: Session, actor: Actor, name: str) -> JobState:
    """Let the elected process run a job as soon as it looks, whenever it would be due."""
    actor.require(Permission.JOB_READ)
    job = find(name)
    actor.require(Permission.JOB_RUN)
    state = _state(session, job, now())
    state.requested, state.due_at = True, now()
    session.flush()
    events.append(session, actor, "job.requested", ("job", job.name), {})
    return state


def note_start(session: Session, job: Job, at: datetime) -> None:
    """Keep that a run has begun."""
    state = _state(session, job, at)
    state.started_at, state.ended_at, state.requested = at, None, False


def note_end(session: Session, job: Job, work: JobRun, report: str | None) -> None:
    """Keep that a run has done its work."""
    state = _state(session, job, work.at)
    state.ended_at = now()
    state.failures, state.error, state.report = 0, None, report[:_MAX_TEXT] if report else None
    state.due_at = now() if state.requested else job.next_after(work.at, work.settings)


def note_failure(session: Session, job: Job, started: datetime, error: Exception) -> JobState:
    """Keep that a run has failed, and when it is tried again."""
    state = _state(session, job, started)
    state.ended_at = now()
    state.failures += 1
    state.error = _sentence(error)
    state.due_at = now() + pause_after(state.failures)
    if state.failures == TOLD_AFTER:
        session.flush()
        events.append(session, ACTOR, "job.failing", ("job", job.name), {"number": job.name, "failures": TOLD_AFTER})
    return state


def _state(session: Session, job: Job, at: datetime) -> JobState:
    state = queries.state(session, job.name)
    if state is None:
        state = JobState(name=job.name, due_at=at, requested=False, failures=0)
        session.add(state)
    return state


def _sentence(error: Exception) -> str:
    """Return what failed without the parameters of a statement, which can be personal data."""
    text = "" if isinstance(error, DBAPIError) else str(error).partition("\n")[0]
    return f"{type(error).__name__}{': ' if text else ''}{text}"[:_MAX_TEXT]
