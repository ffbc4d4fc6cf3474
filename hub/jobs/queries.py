"""All SQL about jobs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.jobs.lease import NAME
from hub.jobs.models import JobLease, JobState


def states(session: Session) -> dict[str, JobState]:
    """Return how each job stands that has run or was asked for."""
    return {state.name: state for state in session.scalars(select(JobState))}


def state(session: Session, name: str) -> JobState | None:
    """Return how one job stands."""
    return session.scalar(select(JobState).where(JobState.name == name))


def lease(session: Session) -> JobLease | None:
    """Return who runs the jobs."""
    return session.get(JobLease, NAME)
