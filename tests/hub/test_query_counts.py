"""No endpoint asks the database more often because there are more rows.

The test walks the OpenAPI document, so that an endpoint that is yet to come is counted too. A list is read with one row
and with a hundred; whatever takes no limit is read in a small chain and in a big one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from databases import NewDatabase
from hub_running import RunningHub
from seeded import END
from sqlalchemy import event

from hub.core.database import Database
from hub.core.settings import Settings
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import create_key
from hub.seed.filling import fill
from hub.seed.scene import Size

MOST = 30
"""No answer needs more statements than this."""
OPTIONAL = 3
"""Lookups that depend on what a record has (a customer, a remark), not on how many rows there are."""
ENOUGH = OPTIONAL + 2
"""So many rows would show one statement a row."""
FEW = Size(stores=1, staff=6, devices=20, tickets=25)
MANY = Size(stores=3, staff=18, devices=120, tickets=120)
KNOWN = {"/api/v1/calendars": "standard", "/api/v1/sla-policies": "standard"}
NAMES = ("id", "ticket", "code", "name", "bench", "number", "login")
"""What a record may call the part of its address."""


def items_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the records of a list, whichever shape it has; nothing for all other answers."""
    if answer.status_code != 200 or not answer.headers["content-type"].startswith("application/json"):
        return []
    body = answer.json()
    items = body.get("items", []) if isinstance(body, dict) else body
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


class Chain:
    """A hub over a seeded database, and how many statements an answer takes."""

    def __init__(self, hub: RunningHub, client: httpx.Client) -> None:
        self.client = client
        self.paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
        self._count = 0
        event.listen(hub.app.state.database.engine, "before_cursor_execute", self._counted)

    def _counted(self, *_: object) -> None:
        self._count += 1

    def read(self, address: str) -> tuple[int, httpx.Response]:
        self.client.get(address)  # what is read once in a process is read now
        self._count = 0
        answer = self.client.get(address)
        return self._count, answer

    def address(self, path: str) -> str | None:
        """Fill in the names of records that are there; ``None`` where a list that would name one is empty."""
        while (found := re.search(r"/\{(\w+)\}", path)) is not None:
            collection = path[: found.start()]
            record = KNOWN.get(collection) or self._first(collection)
            if record is None:
                return None
            path = path[: found.start()] + "/" + record + path[found.end() :]
        return path

    def _first(self, collection: str) -> str | None:
        items = items_of(self.client.get(collection))
        return next((str(items[-1][name]) for name in NAMES if items[-1].get(name)), None) if items else None


@contextmanager
def chain(new_database: NewDatabase, folder: Any, size: Size) -> Iterator[Chain]:
    folder.mkdir()
    with new_database(folder) as url:
        database = Database(url)
        with database.write() as session:
            fill(session, size=size, seed=3, end=END, password_hash="x")
            token = create_key(session, command_line_actor(), name="test", role=Role.ADMIN)[1]
        database.close()
        text = None if url.get_backend_name() == "sqlite" else url.render_as_string()
        settings = Settings(data_dir=folder, database_url=text, jobs=False, max_requests_a_minute=0)
        with RunningHub(settings, ingest_workers=0) as hub, hub.client(token) as client:
            yield Chain(hub, client)


@dataclass
class Found:
    few: int
    many: int
    rows: int


def compared(few: Chain, many: Chain, path: str) -> Found | None:
    """Return how many statements an endpoint took with few rows and with many; ``None`` where there is no record."""
    operation = many.paths[path]["get"]
    limited = any(one["name"] == "limit" for one in operation.get("parameters", []))
    there, also = many.address(path), few.address(path)
    if there is None or (also is None and not limited):
        return None
    big, answer = many.read(f"{there}?limit=100" if limited else there)
    if answer.status_code != 200:
        return None
    rows = len(items_of(answer))
    small = many.read(f"{there}?limit=1")[0] if limited else few.read(str(also))[0]
    return Found(small, big, rows)


@pytest.mark.any_database
def test_no_endpoint_asks_more_because_there_are_more_rows(new_database: NewDatabase, tmp_path: Any) -> None:
    with chain(new_database, tmp_path / "few", FEW) as few, chain(new_database, tmp_path / "many", MANY) as many:
        gets = [path for path, operations in many.paths.items() if "get" in operations]
        found = {path: one for path in gets if (one := compared(few, many, path)) is not None}
    assert {p: one for p, one in found.items() if one.many > one.few + OPTIONAL or one.many > MOST} == {}
    lists = {path.removeprefix("/api/v1/") for path, one in found.items() if one.rows >= ENOUGH}
    assert lists >= {"tickets", "runs", "steps", "measurements", "benches", "users", "shifts", "complaints"}
    assert len(found) >= 0.6 * len(gets), "most endpoints were read"
