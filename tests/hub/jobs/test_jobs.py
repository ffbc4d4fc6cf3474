"""Jobs: one leader of any number of processes, due times, failures, fencing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from forked import start_hub
from hub_running import MakeKey, RunningHub, environment_of
from sqlalchemy import select, update
from waiting import wait_until

from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events.models import Event
from hub.jobs import queries
from hub.jobs.job import Job, JobRun, pause_after
from hub.jobs.lease import Lease, NotLeadingError
from hub.jobs.models import JobLease, JobState
from hub.jobs.scheduler import Scheduler, run_once
from hub.jobs.table import JOBS

WHAT = {"en": "Test", "zh-CN": "测试"}


def standing(database: Database, name: str) -> JobState | None:
    with database.read() as session:
        return queries.states(session).get(name)


def holder(database: Database) -> str | None:
    with database.read() as session:
        lease = queries.lease(session)
    return lease and lease.holder


@contextmanager
def scheduled(database: Database, settings: Settings, *jobs: Job) -> Iterator[Scheduler]:
    scheduler = Scheduler(database, settings, jobs)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()


class TestLease:
    def test_one_of_two_leads_and_a_silent_one_is_replaced(self, database: Database) -> None:
        # A step that took longer than the patience does not lead: on a busy machine the first may take half a second.
        first, second = Lease(database, patience_s=1.5), Lease(database, patience_s=1.5)
        assert first.step() and not second.step()
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            assert first.step() and not second.step()
            time.sleep(0.05)
        wait_until(second.step, "the takeover", 8)
        assert not first.step(), "who was silent learns that it is replaced"
        assert holder(database) == second.holder

    def test_one_that_stops_gives_the_lease_back_at_once(self, database: Database) -> None:
        first, second = Lease(database), Lease(database)
        assert first.step() and not second.step()
        first.release()
        assert second.step()

    def test_who_was_replaced_cannot_commit(self, database: Database, settings: Settings) -> None:
        lease = Lease(database)
        lease.step()
        work = JobRun(database, settings, lease)
        with work.transaction() as session:
            session.add(JobState(name="kept", due_at=now()))
        with database.write() as session:
            session.execute(update(JobLease).values(term=JobLease.term + 1, holder="another"))
        with pytest.raises(NotLeadingError), work.transaction() as session:
            session.add(JobState(name="lost", due_at=now()))
        assert standing(database, "kept") and standing(database, "lost") is None

    def test_ten_that_stand_at_once_elect_one(self, database: Database) -> None:
        leases = [Lease(database) for _ in range(10)]
        threads = [threading.Thread(target=lease.step) for lease in leases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(lease.leading for lease in leases) == 1


class TestSchedule:
    def test_a_period_keeps_its_beat(self) -> None:
        daily = Job("x", WHAT, lambda _: None, every=timedelta(days=1), at=lambda _settings: timedelta(hours=2))
        settings = Settings()
        night = datetime(2026, 3, 1, 2, tzinfo=UTC)
        assert daily.next_after(night - timedelta(seconds=1), settings) == night
        for later in (timedelta(), timedelta(hours=23)):
            assert daily.next_after(night + later, settings) == night + timedelta(days=1)

    def test_a_job_has_either_a_period_or_a_query(self) -> None:
        for wrong in ({}, {"every": timedelta(1), "due": lambda _session, _at: True}):
            with pytest.raises(ValueError, match="either"):
                Job("x", WHAT, lambda _: None, **wrong)  # type: ignore[arg-type]

    def test_pauses_grow_to_an_hour(self) -> None:
        pauses = [pause_after(failures) for failures in range(1, 40)]
        assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
        assert pauses == sorted(pauses) and pauses[-1] == timedelta(hours=1)

    def test_names_are_unique_and_everything_is_in_both_languages(self) -> None:
        assert len({job.name for job in JOBS}) == len(JOBS)
        assert all(set(job.what) == {"en", "zh-CN"} for job in JOBS)

    def test_a_failure_is_kept_and_undone_and_tried_again(self, database: Database, settings: Settings) -> None:
        def fails(work: JobRun) -> str:
            with work.transaction() as session:
                session.add(JobState(name="half", due_at=now()))
                session.flush()
                raise ValueError("the printer is on fire")

        job = Job("fails", WHAT, fails, every=timedelta(hours=1))
        for failures in (1, 2, 3, 4):
            assert not run_once(job, JobRun(database, settings))
            state = standing(database, "fails")
            assert state is not None
            assert (state.failures, state.error) == (failures, "ValueError: the printer is on fire")
            assert state.due_at - now() <= pause_after(failures)
        assert standing(database, "half") is None
        with database.read() as session:
            told = session.scalars(select(Event).where(Event.kind == "job.failing")).all()
        assert len(told) == 1, "management is told once"

    def test_work_that_is_due_is_done_once_each_and_a_slow_job_holds_up_no_other(
        self, database: Database, settings: Settings
    ) -> None:
        release = threading.Event()
        ran: list[str] = []

        def job(name: str, act: Callable[[], object]) -> Job:
            def run(_work: JobRun) -> str:
                ran.append(name)
                act()
                return "fine"

            return Job(name, WHAT, run, every=timedelta(hours=1))

        with scheduled(database, settings, job("slow", lambda: release.wait(20)), job("quick", lambda: None)):
            wait_until(lambda: (state := standing(database, "quick")) and state.ended_at, "the quick job")
            assert (slow := standing(database, "slow")) and slow.started_at and slow.ended_at is None
            release.set()
        assert sorted(ran) == ["quick", "slow"]
        assert (slow := standing(database, "slow")) and slow.report == "fine"


PROGRAM = """
from hub.jobs import lease
lease.PATIENCE_S, lease.BEAT_S = 1.5, 0.3"""


def test_a_killed_leader_is_replaced_within_seconds(settings: Settings, database: Database) -> None:
    """Two real processes over one database; the one that leads gets SIGKILL, the other SIGTERM."""
    processes = [start_hub("jobs", "run", environment=environment_of(settings), program=PROGRAM) for _ in range(2)]
    try:
        wait_until(lambda: holder(database), "an election", 40)
        first = str(holder(database))
        leader = next(one for one in processes if str(one.pid) == first.split(":")[1])
        leader.kill()
        killed_s = time.monotonic()
        wait_until(lambda: holder(database) != first, "the replacement", 40)
        assert time.monotonic() - killed_s < 15
        assert str(holder(database)).split(":")[1] in {str(one.pid) for one in processes if one is not leader}
        wait_until(lambda: (state := standing(database, "housekeeping")) and state.ended_at, "a job of the new leader")
        other = next(one for one in processes if one is not leader)
        other.terminate()
        other.join(20)
        assert other.exitcode == 0
        assert holder(database) is None, "it gave the lease back"
    finally:
        for process in processes:
            process.kill()
            process.join()


def test_jobs_are_seen_and_asked_for_over_http(
    hub: RunningHub, admin: httpx.Client, staff: httpx.Client, make_key: MakeKey, database: Database, settings: Settings
) -> None:
    listed = admin.get("/api/v1/jobs", headers={"Accept-Language": "zh-CN"}).raise_for_status().json()
    assert listed["holder"] is None
    assert [job["what"] for job in listed["items"] if job["name"] == "housekeeping"] == [
        "清理过期的会话、幂等答复与旧日志"
    ]
    assert staff.get("/api/v1/jobs").status_code == 403
    assert staff.post("/api/v1/jobs/housekeeping/runs").status_code == 403
    assert admin.post("/api/v1/jobs/nothing/runs").json()["type"].endswith("job-not-found")
    with hub.client(make_key("manager")) as manager:
        assert manager.get("/api/v1/jobs").status_code == 200
        assert manager.post("/api/v1/jobs/housekeeping/runs").status_code == 403
    job = next(job for job in JOBS if job.name == "housekeeping")
    run_once(job, JobRun(database, settings))
    assert admin.post("/api/v1/jobs/housekeeping/runs").raise_for_status().status_code == 202
    first = standing(database, "housekeeping")
    with scheduled(database, settings, job):
        wait_until(
            lambda: first and (state := standing(database, "housekeeping")) and state.started_at != first.started_at,
            "the run that was asked for",
        )
