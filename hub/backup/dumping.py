"""The database as a file and back: the backup API of SQLite, ``pg_dump`` and ``pg_restore`` of PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, func, inspect, select, table, text
from sqlalchemy.engine import Connection

from hub.backup.manifest import BackupError, Content
from hub.core.private import make_file, make_folder

PROGRAM_TIMEOUT_S = 6 * 3600
_SERVERS = Path("/usr/lib/postgresql")


def dump(url: URL, target: Path) -> Content:
    """Write the database at ``url`` to the file ``target`` as of one moment; return what it held then."""
    return _dump_sqlite(url, target) if url.get_backend_name() == "sqlite" else _dump_postgresql(url, target)


def load(url: URL, source: Path) -> None:
    """Make the database at ``url``, which must be empty, from a dump."""
    if url.get_backend_name() == "sqlite":
        _load_sqlite(url, source)
    else:
        _load_postgresql(url, source)


def content(url: URL) -> Content:
    """Return what a database holds."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return _content(connection)
    finally:
        engine.dispose()


def is_empty(url: URL) -> bool:
    """Return whether there is nothing at ``url`` that a restore would overwrite."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return True
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return not inspect(connection).get_table_names()
    finally:
        engine.dispose()


@contextmanager
def scratch(url: URL, name: str, folder: Path) -> Iterator[URL]:
    """Give the address of a database of the same kind that is thrown away afterwards."""
    if url.get_backend_name() == "sqlite":
        yield URL.create("sqlite", database=str(folder / "hub.db"))
        return
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            may = connection.scalar(text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"))
            if not may:
                raise BackupError(f"the drill needs a database of its own; run: ALTER ROLE {url.username} CREATEDB")
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        try:
            yield url.set(database=name)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()


def check_sqlite(path: Path) -> str | None:
    """Return what is wrong inside of a SQLite file, ``None`` when it is sound."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(3)").fetchall()
            strays = connection.execute("PRAGMA foreign_key_check").fetchmany(3)
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != [("ok",)]:
        return "; ".join(str(row[0]) for row in found)
    return f"rows of {strays[0][0]} refer to rows that are not there" if strays else None


def _dump_sqlite(url: URL, target: Path) -> Content:
    source = Path(str(url.database))
    if not source.exists():
        raise BackupError(f"there is no database {source}; is data_dir right?")
    with closing(sqlite3.connect(source, timeout=60)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # all pages in one step: one moment, whoever writes meanwhile
        copy.execute("PRAGMA journal_mode = DELETE")
    return content(URL.create("sqlite", database=str(target)))


def _load_sqlite(url: URL, source: Path) -> None:
    target = Path(str(url.database))
    make_folder(target.parent)
    draft = target.with_name(f".{target.name}.restoring")
    make_file(draft)
    shutil.copyfile(source, draft)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    for leftover in (f"{target.name}-wal", f"{target.name}-shm"):
        target.with_name(leftover).unlink(missing_ok=True)
    draft.replace(target)


def _dump_postgresql(url: URL, target: Path) -> Content:
    """``pg_dump`` takes the snapshot in which the rows are counted, so that both say the same."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            _run(
                [
                    *(_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"),
                    *(f"--snapshot={snapshot}", f"--file={target}", f"--dbname={_libpq(url)}"),
                ],
                url,
            )
            return _content(connection)
    finally:
        engine.dispose()


def _load_postgresql(url: URL, source: Path) -> None:
    command = [_program("pg_restore"), "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _run([*command, f"--dbname={_libpq(url)}", str(source)], url)


def _content(connection: Connection) -> Content:
    names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    rows = {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}
    head = connection.scalar(text("SELECT hash FROM event ORDER BY id DESC LIMIT 1")) if "event" in rows else None
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return Content(revision=str(revision), rows=rows, events=rows.get("event", 0), head=head or "0" * 64)


def _libpq(url: URL) -> str:
    """Return the address as libpq reads it; the password goes through the environment, as a process list shows this."""
    return url.set(drivername="postgresql", password=None).render_as_string()


def _program(name: str) -> str:
    found = shutil.which(name)
    versions = sorted(_SERVERS.glob(f"*/bin/{name}"), key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0))
    if versions:
        return str(versions[-1])
    if found is None:
        raise BackupError(f"{name} is not installed; install the PostgreSQL client (apt install postgresql-client)")
    return found


def _run(command: Sequence[str], url: URL) -> None:
    secret: Mapping[str, Any] = {"PGPASSWORD": str(url.password)} if url.password else {}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PROGRAM_TIMEOUT_S, check=False, env={**os.environ, **secret}
        )
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{Path(command[0]).name} did not finish within {PROGRAM_TIMEOUT_S} s") from error
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BackupError(f"{Path(command[0]).name}: {words[0] if words else f'exit code {done.returncode}'}"[:400])
