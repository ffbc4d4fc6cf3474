"""What a job is, and what it is given to work with."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.database import Database
from hub.core.i18n import Words
from hub.core.settings import Settings
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.jobs.lease import Lease

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
ACTOR = Actor(kind="system", id="jobs", name="jobs", role=Role.ADMIN)
"""Who does what no person does."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run: where it works, and ``at`` which moment it is.

    Without a lease (``hub jobs run-now``) nothing is fenced; every job bears running beside itself.
    """

    database: Database
    settings: Settings
    lease: Lease | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    at: datetime = field(default_factory=now)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a writing session that commits only if this process still runs the jobs."""
        with self.database.write() as session:
            yield session
            session.flush()
            if self.lease is not None:
                self.lease.check(session)


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table: a job runs ``every`` so often (``at`` gives an offset from midnight UTC), or when ``due``
    sees work.

    ``due`` is asked about once a second, so it must be one look into an index. ``run`` returns a short report without
    personal data. It may be killed at any moment and run again: what it does must be keyed or claimed in the database.
    """

    name: str
    what: Words
    run: Callable[[JobRun], str | None]
    every: timedelta | None = None
    at: Callable[[Settings], timedelta] = lambda _settings: timedelta()
    due: Callable[[Session, datetime], bool] | None = None
    wanted: Callable[[Settings], bool] = lambda _settings: True

    def __post_init__(self) -> None:
        if (self.every is None) is (self.due is None):
            raise ValueError(f"job {self.name}: give either a period or a due query")

    def next_after(self, moment: datetime, settings: Settings) -> datetime:
        """Return when the job is due after a run at ``moment``: at the next beat of its period, which never drifts."""
        if self.every is None:
            return moment
        first = _EPOCH + self.at(settings)
        return first + ((moment - first) // self.every + 1) * self.every


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: doubling from 5 s to an hour."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 20)), LONGEST_PAUSE)


def in_transaction(act: Callable[[Session, datetime], int]) -> Callable[[JobRun], str | None]:
    """Return a job's ``run`` out of a function that does its work in one transaction and returns how much it did."""

    def run(work: JobRun) -> str | None:
        with work.transaction() as session:
            done = act(session, work.at)
        return f"{done} done"

    return run
