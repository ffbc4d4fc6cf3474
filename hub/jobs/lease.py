"""The election: one row, changed only on the condition that nobody else changed it.

The holder counts ``beat`` up every ``BEAT_S``. Everybody else watches with a clock of their own, and takes over when
the row has stood still for ``PATIENCE_S``: no two machines need to agree on the time. Taking over counts ``term`` up,
and each job's transaction looks just before its commit whether the term is still its own (the fence). So a process
that was asleep while another took over cannot commit anything any more.
"""

import os
import secrets
import socket
import time

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.database import Database
from hub.jobs.models import JobLease

NAME = "jobs"
BEAT_S = 2.0
PATIENCE_S = 7.0


class NotLeadingError(Exception):
    """Another process runs the jobs now; what this one was doing is undone."""


class Lease:
    """One candidate. ``step`` is to be called about every ``BEAT_S``."""

    def __init__(self, database: Database, *, patience_s: float | None = None) -> None:
        self.holder = f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.patience_s = PATIENCE_S if patience_s is None else patience_s
        self._database = database
        self._term: int | None = None
        self._beaten_s = 0.0
        self._seen: tuple[int, int] | None = None
        self._seen_since_s = 0.0

    @property
    def leading(self) -> bool:
        """Whether this candidate may begin work: it holds the lease, and was able to say so lately."""
        return self._term is not None and time.monotonic() - self._beaten_s < self.patience_s

    def step(self) -> bool:
        """Give a sign of life, or take the lease over where there was none for too long; return whether it is ours."""
        at_s = time.monotonic()
        try:
            won = self._stand() if self._term is None else self._beat(self._term)
        except OperationalError:  # without the database nobody leads; the scheduler logs what its jobs meet
            return self.leading
        if won:
            self._beaten_s = at_s
        return self.leading

    def check(self, session: Session) -> None:
        """Let the transaction of ``session`` commit only while the lease is ours; raise ``NotLeadingError``."""
        statement = select(JobLease.term).where(JobLease.name == NAME, JobLease.term == self._term)
        if session.scalar(statement.with_for_update(read=True, key_share=True)) is None:
            raise NotLeadingError(self.holder)

    def release(self) -> None:
        """Let another candidate take over at once."""
        if self._term is None:
            return
        with self._database.write() as session:
            mine = update(JobLease).where(JobLease.name == NAME, JobLease.term == self._term)
            session.execute(mine.values(holder=None, beat=JobLease.beat + 1))
        self._term = None

    def _beat(self, term: int) -> bool:
        with self._database.write() as session:
            mine = update(JobLease).where(JobLease.name == NAME, JobLease.term == term)
            done = session.execute(mine.values(beat=JobLease.beat + 1, beat_at=now()))
            if done.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
                return True
        self._term = self._seen = None
        return False

    def _stand(self) -> bool:
        with self._database.read() as session:
            row = session.get(JobLease, NAME)
        if row is None:
            return self._found()
        if row.holder is not None and not self._stood_still((row.term, row.beat)):
            return False
        with self._database.write() as session:
            unchanged = update(JobLease).where(
                JobLease.name == NAME, JobLease.term == row.term, JobLease.beat == row.beat
            )
            mine = unchanged.values(term=row.term + 1, beat=0, holder=self.holder, beat_at=now())
            won = bool(session.execute(mine).rowcount)  # type: ignore[attr-defined]
        if won:
            self._term = row.term + 1
        return won

    def _found(self) -> bool:
        try:
            with self._database.write() as session:
                session.execute(insert(JobLease).values(name=NAME, term=1, beat=0, holder=self.holder, beat_at=now()))
        except IntegrityError:
            return False
        self._term = 1
        return True

    def _stood_still(self, seen: tuple[int, int]) -> bool:
        if seen != self._seen:
            self._seen, self._seen_since_s = seen, time.monotonic()
            return False
        return time.monotonic() - self._seen_since_s >= self.patience_s
