"""Migrations on a database that is in use: every step down and up again, on each kind of database."""

from itertools import pairwise

import pytest
from seeded import END
from sqlalchemy import inspect, text

from hub.core import migrate
from hub.core.database import Database
from hub.events.service import verify_chain
from hub.seed.filling import fill
from hub.seed.scene import Size

SIZE = Size(stores=1, staff=8, devices=30, tickets=25)
KEPT = ("ticket", "event", "measurement", "bench")
"""Tables of the first migration: no step up or down may lose a row of theirs."""


def rows(database: Database) -> list[int]:
    with database.read() as session:
        return [session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in KEPT]


def broken_references(database: Database) -> list[object]:
    """SQLite builds tables anew, so a reference could be lost on the way; PostgreSQL would not let it."""
    if not database.is_sqlite:
        return []
    with database.read() as session:
        return list(session.execute(text("PRAGMA foreign_key_check")))


def test_up_and_down_and_up_with_data_in_place(database: Database) -> None:
    assert migrate.differences(database) == [], "migrations and models agree"
    with database.write() as session:
        fill(session, size=SIZE, seed=1, end=END, password_hash="x")
    filled = rows(database)
    assert all(filled)
    known = migrate.revisions()
    for below, above in reversed(list(pairwise(known))):
        migrate.downgrade(database, below)
        migrate.upgrade(database, above)
        assert (rows(database), broken_references(database)) == (filled, []), above
        if above == migrate.head():
            assert migrate.differences(database) == []
            with database.read() as session:
                assert verify_chain(session).broken_at is None
        migrate.downgrade(database, below)
        assert (rows(database), broken_references(database)) == (filled, []), below
    migrate.upgrade(database)
    assert (rows(database), migrate.differences(database)) == (filled, []), "from the first tables, all the way up"
    migrate.downgrade(database, "base")
    with database.read() as session:
        assert inspect(session.connection()).get_table_names() == ["alembic_version"]


def test_an_empty_database_goes_down_and_up(database: Database) -> None:
    for _ in range(2):
        migrate.downgrade(database, "base")
        assert migrate.current(database) is None
        migrate.upgrade(database)
        assert (migrate.current(database), migrate.differences(database)) == (migrate.head(), [])


def test_a_difference_is_seen(database: Database) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE ticket ADD COLUMN colour TEXT"))
    assert "colour" in str(migrate.differences(database))


@pytest.mark.any_database
def test_the_chain_of_migrations_is_one_line() -> None:
    known = migrate.revisions()
    assert known == sorted(set(known)) and known[-1] == migrate.head()
