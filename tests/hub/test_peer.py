"""The benchmark of the hub's API is fair: its peer in plain SQL does what the hub does, and the hub does no more.

Speed is measured by ``make bench BENCH=hub_api``. Here both take in a ticket of a new customer: they write the same
rows and show the same, and the hub asks its database no more than the peer does.
"""

import json
import re
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from sqlalchemy import event, text

from benchmarks import hub_peer
from hub.core.database import Database
from hub.core.settings import Settings
from hub.core.tables import metadata
from hub.dispatch.documents import delivered
from hub.events.service import verify_chain

pytestmark = pytest.mark.any_database
BY_POLICY = {"skill", "skill_group", "level", "rule", "told"}
"""Columns that a policy decides: Python and not SQL, so that the peer is told them."""


def intake(name: str) -> dict[str, Any]:
    return {
        "kind": "repair",
        "channel": "phone",
        "device": {"model": "M-01", "serial": f"SN-{name}"},
        "symptom": "按下电源键没有反应",
        "fault": hub_peer.told_fault(0),
        "urgency": "normal",
        "contact": {"name": "李雷", "phone": f"101{name * 8}"},
    }


def all_rows(database: Database) -> set[tuple[str, str]]:
    """Return every row of every table as text."""
    with database.read() as session:
        return {
            (table.name, json.dumps({**row._mapping}, default=str))
            for table in metadata.sorted_tables
            for row in session.execute(text(f'SELECT * FROM "{table.name}"'))
        }


def alike(rows: set[tuple[str, str]], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return rows without what tells one intake from another: numbers, moments, hashes, and ``name``."""
    found = []
    for table, content in rows:
        plain = content.replace(f"SN-{name}", "SN").replace(f"101{name * 8}", "101")
        for pattern, word in (
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", "moment"),
            (r"\b[0-9a-f]{64}\b", "hash"),
            (r"\b[TC]-\d{6}\b", "number"),
        ):
            plain = re.sub(pattern, word, plain)
        row = json.loads(plain)
        if table == "event":
            row["payload"] = json.loads(row["payload"])
        left_out = {"id", "ticket_id", "customer_id"} | (BY_POLICY if table == "dispatch_entry" else set())
        found.append((table, {key: value for key, value in row.items() if key not in left_out}))
    return sorted(found, key=lambda one: (one[0], one[1].get("record_type", "")))


@pytest.fixture
def key(make_key: MakeKey, database: Database) -> str:
    if not database.is_sqlite:
        pytest.skip("the peer speaks SQLite")
    return make_key("staff")


@pytest.fixture
def client(hub: RunningHub, key: str) -> Any:
    with hub.client(key) as client:
        yield client


@pytest.fixture
def peer(settings: Settings, key: str) -> Any:
    raw = hub_peer.Raw(settings.data_dir / "hub.db", key)
    yield raw
    raw.connection.close()


def test_the_peer_writes_and_shows_what_the_hub_does(
    client: httpx.Client, peer: hub_peer.Raw, database: Database
) -> None:
    before = all_rows(database)
    by_hub = client.post("/api/v1/tickets", json=intake("1")).raise_for_status().json()
    between = all_rows(database)
    by_peer = json.loads(peer.create(json.dumps(intake("2")).encode()))
    after = all_rows(database)
    written = alike(between - before, "1")
    assert alike(after - between, "2") == written
    assert [table for table, _ in written] == [
        *("contact_point", "customer", "device", "dispatch_entry", "event", "event", "ticket")
    ]
    with database.read() as session:
        assert verify_chain(session).broken_at is None
    assert by_hub.pop("still_wanted") and by_hub.keys() == by_peer.keys()
    assert client.get("/api/v1/tickets").json() == json.loads(peer.newest())


def test_the_hub_asks_no_more_than_the_peer(client: httpx.Client, hub: RunningHub, peer: hub_peer.Raw) -> None:
    asked: dict[str, list[str]] = {"hub": [], "peer": []}
    client.post("/api/v1/tickets", json=intake("1")).raise_for_status()  # what is read once is read now
    event.listen(
        hub.app.state.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: asked["hub"].append(statement),
    )
    client.post("/api/v1/tickets", json=intake("2")).raise_for_status()
    peer.connection.set_trace_callback(asked["peer"].append)
    peer.create(json.dumps(intake("3")).encode())
    assert len(asked["hub"]) + 1 <= len(asked["peer"]), asked  # the hub's COMMIT is not seen here


def test_what_the_peer_is_told_is_what_the_delivered_policy_says() -> None:
    """Else its dispatch entries would be of another size."""
    number, rule = delivered().rule("repair", "M-01", hub_peer.told_fault(0))
    assert (rule.skill, rule.group, rule.level) == ("board_repair", "board", 1), number
