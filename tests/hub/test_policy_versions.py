"""What is known of policies is shared between requests, and a version that another process adds holds at once."""

import json

import pytest

from hub.core.database import Database
from hub.core.settings import Settings
from hub.customers import tiers
from hub.identity.actors import command_line_actor
from hub.policies import service as policies


def _put(database: Database, number: int, within_days: int, *, undo: bool = False) -> None:
    wanted = tiers.delivered().model_copy(update={"within_days": within_days})
    document = json.loads(wanted.model_dump_json(by_alias=True))
    with database.write() as session:
        policies.put(session, command_line_actor(), (tiers.FAMILY, tiers.STANDARD, number), document, None)
        assert tiers.in_force(session).within_days == within_days
        if undo:
            raise RuntimeError("undone")


def _in_force(database: Database) -> tiers.TierPolicy:
    with database.read() as session:
        return tiers.in_force(session)


def test_a_version_is_read_once_until_another_process_adds_one(settings: Settings, database: Database) -> None:
    other = Database(settings.url)
    try:
        assert _in_force(database) is tiers.delivered()
        _put(other, 1, 100)
        first = _in_force(database)
        assert first.within_days == 100
        assert _in_force(database) is first
        _put(other, 2, 200)
        assert _in_force(database).within_days == 200
    finally:
        other.close()


def test_a_reader_goes_on_with_what_it_sees(database: Database) -> None:
    _put(database, 1, 100)
    with database.read() as session:
        assert tiers.in_force(session).within_days == 100
        _put(database, 2, 200)
        assert tiers.in_force(session).within_days == 100
    assert _in_force(database).within_days == 200


def test_nobody_sees_a_version_that_was_undone(database: Database) -> None:
    _put(database, 1, 100)
    with pytest.raises(RuntimeError, match="undone"):
        _put(database, 2, 200, undo=True)
    assert _in_force(database).within_days == 100
    _put(database, 2, 300)
    assert _in_force(database).within_days == 300
