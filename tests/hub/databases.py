"""Makers of migrated databases, one for each kind: SQLite copies a file, PostgreSQL a template database."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from postgresql import Postgresql, binaries
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.util import LRUCache

from hub.core import database as hub_database
from hub.core import migrate
from hub.core.database import Database

NewDatabase = Callable[[Path], AbstractContextManager[URL]]
"""Make a database for the data folder of a hub; it is gone when the block ends."""


@contextmanager
def sqlite_maker(folder: Path) -> Iterator[NewDatabase]:
    template = folder / "hub.db"
    _migrate(_file(template))
    assert not template.with_name("hub.db-wal").exists()

    @contextmanager
    def make(folder: Path) -> Iterator[URL]:
        shutil.copy(template, folder / "hub.db")
        yield _file(folder / "hub.db")

    yield make


@contextmanager
def postgresql_maker(_folder: Path) -> Iterator[NewDatabase]:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    numbers = count()
    with Postgresql() as server:
        _migrate(server.create("template"))

        @contextmanager
        def make(_folder: Path) -> Iterator[URL]:
            name = f"hub_{next(numbers)}"
            yield server.create(name, "template")
            server.drop(name)

        yield make


def _file(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def _migrate(url: URL) -> None:
    database = Database(url)
    migrate.upgrade(database)
    _share_compiled(database.engine)
    database.close()


_first: dict[str, Engine] = {}


def _share_compiled(engine: Engine) -> None:
    """Have later engines of its kind take over what this one compiles: each hub of a test would compile all anew."""
    engine._compiled_cache = LRUCache(2000)  # statements of many tests
    _first.setdefault(engine.dialect.name, engine)
    hub_database.create_engine = _create_engine  # type: ignore[assignment]


def _create_engine(url: URL, **options: Any) -> Engine:
    engine = create_engine(url, **options)
    if (like := _first.get(engine.dialect.name)) is not None:
        engine.dialect = engine.pool._dialect = like.dialect
        engine._compiled_cache = like._compiled_cache
    return engine
