"""A database that does not answer in time is told as such, and the next try succeeds."""

import pytest
from hub_running import MakeKey, RunningHub

from hub.core import database as databases
from hub.core.database import Database
from hub.core.settings import Settings

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "Li Lei", "phone": "+86 138 0000 0000"},
}


def test_a_writer_that_waits_too_long_is_asked_to_come_again(
    settings: Settings, database: Database, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the writer's lock for longer than a request waits for it."""
    token = make_key("staff")
    pragmas = tuple(one.replace("10000", "200") for one in databases.SQLITE_PRAGMAS)
    monkeypatch.setattr(databases, "SQLITE_PRAGMAS", pragmas)
    monkeypatch.setattr(databases, "POSTGRESQL_OPTIONS", "-c lock_timeout=200ms")
    quiet = settings.model_copy(update={"jobs": False})
    with RunningHub(quiet, ingest_workers=0) as hub, hub.client(token) as client:
        with database.write() as session:
            session.connection()  # now it has the lock
            refused = client.post("/api/v1/tickets", json=NEW, headers={"Accept-Language": "zh-CN"})
            assert client.get("/api/v1/tickets").status_code == 200, "readers never wait"
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "3")
        assert refused.json()["type"].endswith("database-unavailable") and "重试" in refused.json()["detail"]
        assert client.post("/api/v1/tickets", json=NEW).status_code == 201
