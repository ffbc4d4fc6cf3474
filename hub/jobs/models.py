"""Tables of jobs: who runs them, and how each stands."""

from datetime import datetime

from sqlmodel import Field

from hub.core.database import Mapped, Table, UtcDateTime


class JobLease(Table, table=True):
    """Who runs the jobs. One row; ``lease`` says what its columns promise.

    ``term`` is unique so that PostgreSQL counts it as a key: a change of leader waits for a transaction that
    has checked the term, a heartbeat does not.
    """

    __tablename__ = "job_lease"

    name: Mapped[str] = Field(max_length=32, primary_key=True)
    term: Mapped[int] = Field(unique=True)
    beat: Mapped[int]
    holder: Mapped[str | None] = Field(default=None, max_length=128)
    beat_at: Mapped[datetime] = Field(sa_type=UtcDateTime)


class JobState(Table, table=True):
    """How one job stands. ``due_at`` is when it runs next, or, for a job that waits for work, not before when."""

    __tablename__ = "job_state"

    name: Mapped[str] = Field(max_length=64, primary_key=True)
    due_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    requested: Mapped[bool] = Field(default=False)
    started_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    ended_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    failures: Mapped[int] = Field(default=0)
    report: Mapped[str | None] = Field(default=None, max_length=400)
    error: Mapped[str | None] = Field(default=None, max_length=400)
