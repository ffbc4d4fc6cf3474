"""The backlog is watched (T5): counts, the oldest, what is at risk."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from desk_roster import Roster

from hub.core.database import Database
from hub.dispatch.backlog import By, backlog
from hub.identity.actors import command_line_actor

TakeIn = Callable[..., dict[str, Any]]


def test_the_backlog_by_store_group_and_bench(
    admin: httpx.Client, roster: Roster, take_in: TakeIn, database: Database
) -> None:
    roster.bench("bench-01")
    roster.shift("bench-01", roster.person("王芳", board_repair=2))
    first, second = take_in()["id"], take_in(store="south", urgency="critical")["id"]
    lines = admin.get("/api/v1/backlog").raise_for_status().json()["lines"]
    assert [(one["key"], one["open"], one["on_bench"], one["urgent"]) for one in lines] == [
        ("north", 1, 1, 0),
        ("south", 1, 0, 1),
    ]
    (group,) = admin.get("/api/v1/backlog", params={"by": "group"}).json()["lines"]
    assert (group["key"], group["open"], group["waiting_for_dispatch"], group["oldest"]) == ("board", 2, 1, first)
    benches = admin.get("/api/v1/backlog", params={"by": "bench"}).json()["lines"]
    assert [one["key"] for one in benches] == [None, "bench-01"]
    with database.read() as session:
        later = backlog(session, command_line_actor(), By.KIND, datetime.now(UTC) + timedelta(days=60))
    assert later.lines[0].breached == [second, first], "the most urgent first"
