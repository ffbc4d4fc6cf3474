"""Presence and reported state that the database cannot hold: they are retained, so they would come again for ever."""

from hub_bench import FakeBench, started, step
from hub_running import RunningHub
from sqlalchemy import select
from waiting import wait_until

from hub.core.database import Database
from hub.measurements.models import DeadLetter
from protocols.messages import topics


def test_a_retained_state_that_cannot_be_stored_does_not_stop_the_ingest(
    connected_hub: RunningHub, database: Database, bench: FakeBench
) -> None:
    reported = b'{"bench":"%s","revision":%d}' % (bench.name.encode(), 10**20)
    bench.send_raw(reported, topics.UP_REPORTED, retain=True)

    def kept() -> bool:
        with database.read() as session:
            return session.scalar(select(DeadLetter.topic)) == topics.topic(bench.name, topics.UP_REPORTED)

    wait_until(kept, "the dead letter")
    bench.wait_settled(*bench.send_bodies(started(), step()))
    assert bench.committed == {1, 2}
