"""What the API shows of jobs."""

from datetime import datetime

from pydantic import BaseModel, Field

from hub.core.i18n import Language
from hub.jobs.job import Job
from hub.jobs.models import JobLease, JobState


class JobOut(BaseModel):
    """One job and how it stands."""

    name: str = Field(examples=["housekeeping"])
    what: str = Field(examples=["Forget expired sessions, kept answers and old logs"])
    every_s: int | None = Field(description="Its period; `null` for a job that runs when there is work.")
    wanted: bool = Field(description="Whether the settings ask for it.")
    due_at: datetime | None = Field(default=None, description="When it runs next; after a failure, not before when.")
    started_at: datetime | None = None
    ended_at: datetime | None = Field(default=None, description="`null` while it runs.")
    failures: int = Field(default=0, description="Failures in a row.", examples=[0])
    report: str | None = Field(default=None, description="What the last run did.", examples=["12 done"])
    error: str | None = Field(default=None, description="Why the last run failed.")

    @classmethod
    def of(cls, job: Job, state: JobState | None, language: Language, *, wanted: bool) -> "JobOut":
        """Show one row of the table."""
        shown = cls(
            name=job.name,
            what=job.what[language],
            every_s=None if job.every is None else int(job.every.total_seconds()),
            wanted=wanted,
        )
        if state is None:
            return shown
        stands = {name: getattr(state, name) for name in type(shown).model_fields.keys() & type(state).model_fields}
        return shown.model_copy(update=stands)


class JobsOut(BaseModel):
    """All jobs, and which process runs them."""

    holder: str | None = Field(description="Machine, process and a number of chance.", examples=["hub-1:4711:9f3a1c20"])
    beat_at: datetime | None = Field(description="Its last sign of life, by its own clock.")
    items: list[JobOut]

    @classmethod
    def of(cls, lease: JobLease | None, items: list[JobOut]) -> "JobsOut":
        """Show the table."""
        return cls(holder=lease.holder if lease else None, beat_at=lease.beat_at if lease else None, items=items)
