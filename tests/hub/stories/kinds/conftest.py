"""The chain of the stories."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest
from desk_roster import Roster
from hub_running import MakeKey, RunningHub
from kinds_chain import TOMORROW_9, Chain

from hub.core.database import Database


@pytest.fixture
def chain(hub: RunningHub, make_key: MakeKey, admin: httpx.Client, database: Database) -> Iterator[Chain]:
    """bench-01 in the store north, at which Wang Fang works now and tomorrow."""
    roster = Roster(admin, database)
    roster.stores("north", "south")
    roster.bench("bench-01", group=None)
    wang = roster.person("王芳", board_repair=2, firmware=2, inspection=2, service=2)
    roster.shift("bench-01", wang)
    body = {
        "bench": "bench-01",
        "person": wang,
        "starts_at": TOMORROW_9.isoformat(),
        "ends_at": (TOMORROW_9 + timedelta(hours=8)).isoformat(),
    }
    admin.post("/api/v1/shifts", json=body).raise_for_status()
    with ExitStack() as stack:
        people = [
            stack.enter_context(hub.client(make_key(role, name=role)))
            for role in ("counter", "technician", "supervisor", "manager")
        ]
        yield Chain(*people, database, wang)
