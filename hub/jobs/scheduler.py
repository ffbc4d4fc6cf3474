"""The due-time loop: stand for election, and while elected start each job that is due, never beside itself."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.jobs import lease as leases
from hub.jobs import queries, service
from hub.jobs.job import Job, JobRun
from hub.jobs.lease import Lease, NotLeadingError
from hub.jobs.models import JobState
from hub.jobs.table import JOBS

log = logging.getLogger(__name__)

TICK_S = 0.5
WORKERS = 4


class Scheduler:
    """Runs in any number of processes; one of them works."""

    def __init__(self, database: Database, settings: Settings, jobs: Sequence[Job] | None = None) -> None:
        self.lease = Lease(database)
        self._database = database
        self._settings = settings
        self._jobs = [job for job in (JOBS if jobs is None else jobs) if job.wanted(settings)]
        self._running: dict[str, Future[None]] = {}
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="job")
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the jobs in hand, and let another process take over at once."""
        self._stopping.set()
        self._thread.join(timeout=30)
        self._pool.shutdown(wait=True, cancel_futures=True)
        try:
            self.lease.release()
        except OperationalError as error:
            log.warning("the lease of the jobs could not be given back: %s", error.orig)

    @property
    def alive(self) -> bool:
        """Whether the loop runs."""
        return self._thread.is_alive()

    def _loop(self) -> None:
        next_beat_s = 0.0
        led = False
        while not self._stopping.wait(TICK_S):
            if time.monotonic() >= next_beat_s:
                next_beat_s = time.monotonic() + min(leases.BEAT_S, self.lease.patience_s / 3)
                self.lease.step()
                if self.lease.leading != led:
                    led = self.lease.leading
                    log.info("this process %s the jobs: %s", "runs" if led else "no longer runs", self.lease.holder)
            if self.lease.leading:
                self._start_due()

    def _start_due(self) -> None:
        try:
            with self._database.read() as session:
                states, at = queries.states(session), now()
                due = [job for job in self._jobs if self._is_due(session, job, states.get(job.name), at)]
        except OperationalError as error:
            log.error("the database is not available, no job is started: %s", error.orig)
            return
        except Exception:
            log.exception("what is due could not be found out")
            return
        for job in due:
            self._running[job.name] = self._pool.submit(self._run, job, at)

    def _is_due(self, session: Session, job: Job, state: JobState | None, at: datetime) -> bool:
        running = self._running.get(job.name)
        if (running is not None and not running.done()) or (state is not None and state.due_at > at):
            return False
        return job.due is None or (state is not None and state.requested) or job.due(session, at)

    def _run(self, job: Job, at: datetime) -> None:
        work = JobRun(self._database, self._settings, self.lease, self._stopping, at)
        try:
            run_once(job, work)
        except NotLeadingError:
            log.warning("job %s is undone: another process runs the jobs now", job.name)
        except OperationalError as error:
            log.error("job %s: the database is not available: %s", job.name, error.orig)
        except Exception:
            log.exception("how job %s stands could not be kept", job.name)


def run_once(job: Job, work: JobRun) -> bool:
    """Run a job and keep how it went; return whether it did its work. Raises ``NotLeadingError``."""
    with work.transaction() as session:
        service.note_start(session, job, work.at)
    try:
        report = job.run(work)
    except NotLeadingError:
        raise
    except Exception as error:
        with work.transaction() as session:
            state = service.note_failure(session, job, work.at, error)
            failures, again = state.failures, state.due_at
        log.exception("job %s failed (%d in a row); again at %s", job.name, failures, again.isoformat())
        return False
    with work.transaction() as session:
        service.note_end(session, job, work, report)
    return True
