"""Database, migrations, events, settings: what every domain stands on."""

import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, inspect, text, update
from sqlalchemy.exc import IntegrityError

from hub.captures.blobs import FolderBlobStore
from hub.core import migrate
from hub.core.database import Database
from hub.core.i18n import preferred_language
from hub.core.ids import public_id, row_number
from hub.core.paging import decode_cursor, encode_cursor
from hub.core.problems import Problem
from hub.core.settings import SettingsError, load_settings
from hub.events.models import Event
from hub.events.service import append, verify_chain
from hub.fleet.models import Bench
from hub.identity.actors import command_line_actor
from hub.measurements.models import Spool
from hub.mqtt import Endpoint


class TestMigrations:
    def test_up_down_and_up_again_agrees_with_the_models(self, tmp_path: Path) -> None:
        database = Database(URL.create("sqlite", database=str(tmp_path / "hub.db")))
        assert migrate.current(database) is None
        for _ in range(2):
            migrate.upgrade(database)
            assert migrate.current(database) == migrate.head()
            assert migrate.differences(database) == []
            migrate.downgrade(database, "base")
            with database.read() as session:
                assert inspect(session.connection()).get_table_names() == ["alembic_version"]
        database.close()

    def test_sql_for_postgresql_can_be_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        migrate.script("postgresql")
        printed = capsys.readouterr().out
        assert "CREATE TABLE measurement" in printed
        assert "TIMESTAMP WITH TIME ZONE" in printed and "JSONB" in printed and "BIGSERIAL" in printed

    @pytest.mark.parametrize(
        ("revision", "remedy"), [("0001", "benchwright hub migrate"), ("9999", "install the version that made it")]
    )
    def test_a_database_of_another_version_is_not_served(self, database: Database, revision: str, remedy: str) -> None:
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        with pytest.raises(SettingsError, match=remedy):
            migrate.prepare(database.url)


class TestDatabase:
    def test_nobody_else_on_the_machine_reads_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "made" / "data"
        old = tmp_path / "old.db"
        old.touch()
        old.chmod(0o644)
        for path in (folder / "hub.db", old):
            database = Database(URL.create("sqlite", database=str(path)))
            with closing(database), database.write() as session:
                session.execute(text("CREATE TABLE t (a INTEGER)"))
                files = {one.name: one.stat().st_mode & 0o777 for one in path.parent.glob("*.db*")}
            assert len(files) == 3 and set(files.values()) == {0o600}
        assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
        attachments = folder / "attachments"
        data = b"receipt"
        FolderBlobStore(attachments).append(sha256(data).hexdigest(), "desk", 0, data, len(data))
        assert attachments.stat().st_mode & 0o777 == 0o700

    def test_pragmas_make_a_receipt_durable(self, tmp_path: Path) -> None:
        database = Database(URL.create("sqlite", database=str(tmp_path / "hub.db")))
        with closing(database), database.read() as session:
            found = {
                name: session.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}

    def test_readers_do_not_wait_for_the_writer(self, database: Database) -> None:
        with database.write() as session:
            append(session, command_line_actor(), "test.one", ("test", "1"), {})
            with database.read() as other:
                assert other.query(Event).count() == 0
        with database.read() as session:
            assert session.query(Event).count() == 1

    def test_writers_of_two_processes_queue(self, database: Database) -> None:
        """A second Database stands for a second process: it shares no lock but the file's."""
        second = Database(database.url)
        order: list[str] = []

        def write() -> None:
            with second.write() as session:
                append(session, command_line_actor(), "test.two", ("test", "1"), {})
                order.append("second")

        with database.write() as session:
            append(session, command_line_actor(), "test.one", ("test", "1"), {})
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(0.3)
            order.append("first")
        thread.join(10)
        assert order == ["first", "second"]
        with database.read() as session:
            assert verify_chain(session).events == 2
        second.close()

    def test_a_change_of_tables_that_breaks_a_reference_is_undone(self, database: Database) -> None:
        with database.write() as session:
            session.add(Bench(name="b", registered_at=datetime.now(UTC), desired_revision=1))
            session.flush()
            session.add(Spool(bench="b", epoch="0" * 32, first_seen_at=datetime.now(UTC)))
        with pytest.raises(IntegrityError, match="spool"), database.rebuild() as connection:
            connection.execute(text("DELETE FROM bench"))
        with pytest.raises(IntegrityError), database.write() as session:
            session.execute(text("DELETE FROM bench"))  # references are checked at once again
        with database.read() as session:
            assert session.get(Bench, "b") is not None

    def test_times_come_back_in_utc_and_naive_ones_are_refused(self, database: Database) -> None:
        shanghai = datetime(2026, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=8)))
        with database.write() as session:
            session.add(Bench(name="b", registered_at=shanghai, desired_revision=1))
        with database.read() as session:
            found = session.get_one(Bench, "b").registered_at
        assert (found, found.tzinfo) == (datetime(2026, 1, 31, 0, 30, tzinfo=UTC), UTC)
        with pytest.raises(Exception, match="time zone"), database.write() as session:
            session.add(Bench(name="c", registered_at=datetime(2026, 1, 31), desired_revision=1))  # noqa: DTZ001


class TestEvents:
    @pytest.mark.parametrize("change", [{"payload": {"n": 99}}, {"actor_id": "x"}, {"kind": "x"}, {"hash": "0" * 64}])
    def test_an_edited_event_is_found(self, database: Database, change: dict[str, object]) -> None:
        self._history(database)
        with database.write() as session:
            session.execute(update(Event).where(Event.id == 4).values(**change))
        with database.read() as session:
            assert verify_chain(session).broken_at == 4

    def test_a_removed_event_is_found(self, database: Database) -> None:
        self._history(database)
        with database.write() as session:
            session.execute(text("DELETE FROM event WHERE id = 4"))
        with database.read() as session:
            assert verify_chain(session).broken_at == 5

    def _history(self, database: Database) -> None:
        for number in range(8):
            with database.write() as session:
                payload = {"n": number, "note": "电容 C3 更换", "x": 0.1, "big": 2**70}
                append(session, command_line_actor(), "test.happened", ("test", "1"), payload)
        with database.read() as session:
            report = verify_chain(session)
        assert (report.events, report.broken_at) == (8, None)


class TestSettings:
    def test_environment_goes_before_the_file(self, tmp_path: Path) -> None:
        config = tmp_path / "hub.toml"
        config.write_text('[hub]\nport = 9000\nhost = "0.0.0.0"\n')
        found = load_settings(config, {"BENCHWRIGHT_HUB_PORT": "9001"})
        assert (found.host, found.port) == ("0.0.0.0", 9001)

    @pytest.mark.parametrize(
        ("content", "environment", "words"),
        [
            ("prot = 1", {}, r"prot in .*hub.toml: there is no such setting"),
            ("port = 99999", {}, "port in .*hub.toml"),
            ("", {"BENCHWRIGHT_HUB_PORT": "many"}, "port in BENCHWRIGHT_HUB_PORT"),
            ("port = [", {}, "hub.toml is not valid TOML"),
            ('mqtt = "127.0.0.1:1883"', {}, "hub.toml: write it as mqtt://host:port"),
            ("hub = 3", {}, "must be a table"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path: Path, content: str, environment: dict[str, str], words: str) -> None:
        config = tmp_path / "hub.toml"
        config.write_text(content)
        with pytest.raises(SettingsError, match=words):
            load_settings(config, environment)

    def test_secrets_come_from_files(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("hunter2\n")
        found = load_settings(
            None,
            {
                "BENCHWRIGHT_HUB_DATABASE_URL": "postgresql+psycopg://hub@db/hub",
                "BENCHWRIGHT_HUB_DATABASE_PASSWORD_FILE": str(secret),
            },
        )
        assert found.url.password == "hunter2"
        assert "hunter2" not in repr(found) + str(found.url)
        secret.write_text("two\nlines")
        with pytest.raises(SettingsError, match="exactly one line"):
            _ = found.url

    @pytest.mark.parametrize("url", ["mqtt://:1883", "mqtt://user:secret@host", "mqtt://host:port"])
    def test_broker_addresses_that_cannot_be_used(self, url: str) -> None:
        with pytest.raises(SettingsError, match="mqtt"):
            Endpoint.of(load_settings(None, {"BENCHWRIGHT_HUB_MQTT": url}))


class TestSmallThings:
    @given(st.integers(0, 10**15 - 1))
    def test_public_ids_go_there_and_back(self, number: int) -> None:
        assert row_number("T", public_id("T", number)) == number
        assert row_number("R", public_id("T", number)) is None

    @given(st.text(max_size=30))
    def test_no_other_text_names_a_row(self, text: str) -> None:
        number = row_number("T", text)
        assert number is None or public_id("T", number) == text

    @given(st.lists(st.one_of(st.integers(-(2**62), 2**62), st.text(max_size=20)), max_size=3))
    def test_cursors_go_there_and_back(self, values: list[object]) -> None:
        assert list(decode_cursor(encode_cursor(values), [type(value) for value in values])) == values

    @given(st.text(max_size=60))
    def test_any_other_cursor_is_a_problem(self, text: str) -> None:
        try:
            (value,) = decode_cursor(text, [int])
        except Problem as problem:
            assert problem.kind.slug == "bad-cursor"
        else:
            assert isinstance(value, int)

    @pytest.mark.parametrize(
        ("header", "language"),
        [
            (None, "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("en;q=0.5,zh;q=0.9", "zh-CN"),
            ("fr,en;q=0.5", "en"),
            ("fr;q=x, zh;q=0", "en"),
            ("*", "en"),
        ],
    )
    def test_the_preferred_language(self, header: str | None, language: str) -> None:
        assert preferred_language(header) == language

    @given(st.text(max_size=100))
    def test_any_language_header_is_understood(self, header: str) -> None:
        assert preferred_language(header) in {"en", "zh-CN"}


def test_the_hub_needs_no_numerics() -> None:
    unwanted = ("numpy", "scipy", "serial", "pyvisa", "edge_agent", "drivers")
    program = f"import hub.app, sys; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
