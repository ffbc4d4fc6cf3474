"""A database that does not answer in time is told as such, and the next try succeeds."""

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from sqlalchemy import text

from hub.core import database as databases
from hub.core import migrate
from hub.core.database import Database
from hub.core.settings import Settings, SettingsError

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


def test_tables_that_are_not_there_are_no_matter_of_waiting(staff: httpx.Client, database: Database) -> None:
    """A database of another version that came under the running hub: nobody is told to come again in a few seconds."""
    with database.write() as session:
        session.execute(text("ALTER TABLE ticket RENAME COLUMN fault TO gone"))
    refused = staff.get("/api/v1/tickets", headers={"Accept-Language": "zh-CN"})
    assert refused.status_code == 500 and "retry-after" not in refused.headers
    assert refused.json()["type"].endswith("database-version") and "hub migrate" in refused.json()["detail"]


def test_the_hub_does_not_start_on_a_database_of_another_version(database: Database, settings: Settings) -> None:
    """An older one says how to migrate it, one from the future which version to install."""
    migrate.prepare(settings.url)
    for revision, remedy in (("0009", "run: benchwright hub migrate"), ("9999", "install the version that made it")):
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})
        with pytest.raises(SettingsError, match=f"at revision {revision}.*{remedy}"):
            migrate.prepare(settings.url)
