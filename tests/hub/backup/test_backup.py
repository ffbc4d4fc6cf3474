"""S2: the day's data at another place, and the proof that it comes back — on SQLite and on PostgreSQL."""

import json
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import NewDatabase, postgresql_maker, sqlite_maker
from forked import start_hub
from hub_running import environment_of
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from typer.testing import CliRunner, Result

from benchwright.commands.hub import app
from benchwright.errors import UsageError
from hub.backup import dumping, files, retention, service
from hub.backup.jobs import back_up
from hub.backup.manifest import BackupError, Manifest
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import service as events
from hub.events.models import Event
from hub.identity.actors import command_line_actor
from hub.jobs.job import JobRun

PHOTO = b"\xff\xd8\xff" + b"photo" * 1000


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    with sqlite_maker(tmp_path_factory.mktemp("sqlite")) as make:
        yield make


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    with postgresql_maker(tmp_path_factory.mktemp("postgresql")) as make:
        yield make


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    data = tmp_path / "data"
    data.mkdir()
    with request.getfixturevalue(f"on_{request.param}")(data) as url:
        address = None if request.param == "sqlite" else url.render_as_string()
        yield Settings(data_dir=data, database_url=address, backup_dir=tmp_path / "backups")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.url)
    happen(database, 5)
    blob(settings, PHOTO)
    (settings.data_dir / "portal.key").write_text("ab" * 32)
    yield database
    database.close()


def happen(database: Database, times: int) -> None:
    for number in range(times):
        with database.write() as session:
            payload = {"n": number, "note": "电容 C3", "x": 0.1}
            events.append(session, command_line_actor(), "test.happened", ("test", "1"), payload)


def blob(settings: Settings, content: bytes) -> Path:
    import hashlib

    sha256 = hashlib.sha256(content).hexdigest()
    path = settings.data_dir / "attachments" / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def empty_place(settings: Settings, folder: Path) -> Settings:
    """Somewhere else of the same kind, to restore to."""
    if settings.database_url is None:
        return Settings(data_dir=folder)
    database = Database(settings.url)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text('CREATE DATABASE "elsewhere" TEMPLATE template0'))
    database.close()
    url = settings.url.set(database="elsewhere")
    return Settings(data_dir=folder, database_url=url.render_as_string(hide_password=False))


def make(settings: Settings) -> Manifest:
    return service.create(settings, "0.0.1")


def dump_of(settings: Settings, made: Manifest) -> Path:
    return service.folder_of(settings) / made.name / made.dump.path


def test_a_backup_comes_back_with_everything(settings: Settings, database: Database, tmp_path: Path) -> None:
    made = make(settings)
    happen(database, 3)  # not in the backup any more
    assert list(service.problems(settings, made)) == []
    target = empty_place(settings, tmp_path / "elsewhere")
    assert service.restore(target, settings, None).content.events == 5
    restored = Database(target.url)
    with restored.read() as session:
        assert events.verify_chain(session).head == made.content.head
    restored.close()
    loose = [path for path in (tmp_path / "elsewhere").rglob("*") if path.stat().st_mode & 0o077]
    assert not loose, "restored files are for the hub's user alone too"
    kept = [path.read_bytes() for path in (tmp_path / "elsewhere" / "attachments").glob("*/*")]
    assert kept == [PHOTO]
    assert (tmp_path / "elsewhere" / "portal.key").read_text() == "ab" * 32
    with pytest.raises(BackupError, match="is not empty"):
        service.restore(target, settings, None)


def test_the_drill_proves_a_backup_and_leaves_nothing(settings: Settings, database: Database) -> None:
    made = make(settings)
    done = service.drill(settings, None)
    assert (done.name, done.content) == (made.name, made.content)
    if settings.database_url is not None:
        with database.read() as session:
            names = session.scalars(text("SELECT datname FROM pg_database")).all()
        assert not [name for name in names if "drill" in name]


def test_a_backup_made_while_writers_write_is_of_one_moment(settings: Settings, database: Database) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            happen(database, 1)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        made = make(settings)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert service.drill(settings, made.name).content == made.content


@pytest.mark.parametrize("damage", ["byte", "cut", "gone"])
def test_a_damaged_dump_is_found_and_not_restored(
    settings: Settings, database: Database, tmp_path: Path, damage: str
) -> None:
    made = make(settings)
    dump = dump_of(settings, made)
    if damage == "byte":
        with dump.open("rb+") as file:
            file.seek(made.dump.size // 2)
            byte = file.read(1)
            file.seek(made.dump.size // 2)
            file.write(bytes([byte[0] ^ 1]))
    elif damage == "cut":
        os.truncate(dump, made.dump.size - 4096)
    else:
        dump.unlink()
    assert len(list(service.problems(settings, made))) == 1
    with pytest.raises(BackupError, match=r"damaged|missing"):
        service.drill(settings, made.name)
    place = tmp_path / "elsewhere"
    with pytest.raises(BackupError, match=r"damaged|missing"):
        service.restore(settings.model_copy(update={"data_dir": place}), settings, made.name)
    assert not place.exists(), "nothing is written"


def test_damaged_and_missing_files_are_named(settings: Settings, database: Database) -> None:
    second = blob(settings, b"%PDF-receipt")
    made = make(settings)
    store = service.folder_of(settings) / service.FILES
    path = store / second.name[:2] / second.name
    path.write_bytes(b"%PDF-rEceipt")
    assert [one for one in service.problems(settings, made) if second.name in str(one) and "damaged" in str(one)]
    path.unlink()
    assert [one for one in service.problems(settings, made) if "missing" in str(one)]
    make_again = service.get(settings, made.name)
    assert make_again == made


def test_a_history_that_was_changed_before_the_backup_is_not_proven(settings: Settings, database: Database) -> None:
    """The dump is what the manifest says, and yet the chain in it does not hold."""
    with database.write() as session:
        session.execute(update(Event).where(Event.id == 3).values(actor_name="Somebody else"))
    made = make(settings)
    assert list(service.problems(settings, made)) == []
    with pytest.raises(BackupError, match="event 3"):
        service.drill(settings, made.name)


def test_the_daily_job_backs_up_checks_and_tells(settings: Settings, database: Database) -> None:
    report = back_up(JobRun(database, settings))
    assert report is not None and "5 events" in report
    with database.read() as session:
        event = session.query(Event).order_by(Event.id.desc()).first()
    assert event is not None
    made = service.get(settings, None)
    assert (event.kind, event.record_id, event.payload["head"]) == ("backup.created", made.name, made.content.head)


class TestSqlite:
    """What does not depend on the database."""

    @pytest.fixture
    def settings(self, on_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Settings]:
        (tmp_path / "data").mkdir()
        with on_sqlite(tmp_path / "data"):
            yield Settings(data_dir=tmp_path / "data", backup_dir=tmp_path / "backups")

    def test_damage_inside_of_a_file_with_the_right_hash_is_found(self, settings: Settings, database: Database) -> None:
        """A disk that spoiled the live file: its copy is faithful, and still broken."""
        made = make(settings)
        dump = dump_of(settings, made)
        with closing(sqlite3.connect(dump)) as connection:
            root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_record'").fetchone()[0]
        with dump.open("rb+") as file:
            file.seek(root * 4096 - 300)
            file.write(b"\xff" * 300)
        spoiled = made.model_copy(update={"dump": made.dump.model_copy(update={"sha256": files.file_hash(dump)})})
        assert "damaged inside" in str(next(service.problems(settings, spoiled)))

    def test_files_are_kept_once_and_thinned_out_with_their_backups(
        self, settings: Settings, database: Database
    ) -> None:
        photo = next((settings.data_dir / "attachments").glob("*/*"))
        first = make(settings)
        store = service.folder_of(settings) / service.FILES
        before = (store / photo.name[:2] / photo.name).stat().st_ino
        photo.unlink()
        second = service.folder_of(settings) / "2020-01-01T00-00-00Z"
        shutil.copytree(service.folder_of(settings) / first.name, second)
        changed = first.model_copy(update={"name": second.name, "created_at": datetime(2020, 1, 1, tzinfo=UTC)})
        (second / "manifest.json").write_text(changed.model_dump_json())
        assert (store / photo.name[:2] / photo.name).stat().st_ino == before
        assert len(service.names(settings)) == 2
        few = settings.model_copy(update={"backup_keep_days": 1, "backup_keep_weeks": 0, "backup_keep_months": 0})
        assert service.thin_out(few) == 1
        assert service.names(settings) == [first.name]
        assert list(service.problems(settings, first)) == [], "what is still referred to stays"

    def test_a_killed_backup_has_no_name(self, settings: Settings, database: Database, tmp_path: Path) -> None:
        program = """
import os, signal
from hub.backup import files
real = files.keep_all
files.keep_all = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
"""
        process = start_hub("backup", "create", environment=environment_of(settings), program=program)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert service.names(settings) == []
        assert make(settings).name in service.names(settings)

    def test_what_cannot_be_is_one_sentence(self, settings: Settings, database: Database, tmp_path: Path) -> None:
        with pytest.raises(BackupError, match="backup_dir"):
            service.create(settings.model_copy(update={"backup_dir": None}), "1")
        with pytest.raises(BackupError, match="there is no backup in"):
            service.get(settings, None)
        made = make(settings)
        with pytest.raises(BackupError, match="the newest is"):
            service.get(settings, "2020-01-01T00-00-00Z")
        with pytest.raises(BackupError, match="is of sqlite"):
            other = Settings(data_dir=tmp_path / "x", database_url="postgresql+psycopg://x@127.0.0.1:1/x")
            service.restore(other, settings, made.name)
        path = service.folder_of(settings) / made.name / "manifest.json"
        path.write_text(path.read_text().replace('"events": 5', '"events": "many"'))
        with pytest.raises(BackupError, match=r"is damaged: content\.events"):
            service.get(settings, made.name)
        file = tmp_path / "file"
        file.write_text("")
        with pytest.raises(BackupError, match="cannot be written"):
            service.create(settings.model_copy(update={"backup_dir": file / "below"}), "1")

    def test_on_the_command_line(
        self, settings: Settings, database: Database, monkeypatch: Any, tmp_path: Path
    ) -> None:
        for name, value in environment_of(settings).items():
            monkeypatch.setenv(name, value)

        def run(*arguments: str) -> Result:
            return CliRunner().invoke(app, ["backup", *arguments])

        made = json.loads(run("create", "--json").stdout)
        assert (made["content"]["events"], made["files"]) == (5, 2)
        assert json.loads(run("list", "--json").stdout)[0]["name"] == made["name"]
        assert "sqlite" in run("list").stdout
        assert "is sound" in run("verify").stdout
        drilled = json.loads(run("drill", "--json").stdout)
        assert (drilled["name"], drilled["head"]) == (made["name"], made["content"]["head"])
        assert run("thin-out").stdout == "0 backups removed\n"
        monkeypatch.setenv("BENCHWRIGHT_HUB_DATA_DIR", str(tmp_path / "new"))
        assert f"{made['name']} is restored" in run("restore").stdout
        refused = run("restore")
        assert isinstance(refused.exception, UsageError) and "is not empty" in str(refused.exception)
        next((settings.backup_dir or tmp_path).glob("*/database.sqlite3")).write_bytes(b"x")
        broken = run("verify")
        assert broken.exit_code == 1 and "damaged" in broken.stdout


class TestRetention:
    NOW = datetime(2026, 3, 31, 18, tzinfo=UTC)

    def test_days_weeks_and_months(self) -> None:
        moments = [self.NOW - timedelta(hours=12 * n) for n in range(1000)]
        found = retention.kept(moments, days=3, weeks=2, months=2)
        assert sorted(found, reverse=True) == [
            self.NOW,
            self.NOW - timedelta(days=1),
            self.NOW - timedelta(days=2),  # and a Sunday: the newest of the week before
            datetime(2026, 2, 28, 18, tzinfo=UTC),
        ]

    @given(st.lists(st.integers(0, 2000), max_size=60), st.integers(1, 20), st.integers(0, 9), st.integers(0, 9))
    def test_never_more_than_asked_for_and_always_the_newest(
        self, ages: list[int], days: int, weeks: int, months: int
    ) -> None:
        moments = [self.NOW - timedelta(hours=age) for age in ages]
        found = retention.kept(moments, days=days, weeks=weeks, months=months)
        assert found <= set(moments) and len(found) <= days + weeks + months
        assert not moments or max(moments) in found
        assert retention.kept(sorted(found), days=days, weeks=weeks, months=months) == found, "thinning out again"


def test_the_programs_of_postgresql_are_found() -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/pg_dump")):
        pytest.skip("PostgreSQL is not installed (apt install postgresql)")
    assert Path(dumping._program("pg_dump")).exists()
