"""The SQLite file under the spool: opened for one agent, durable at each commit, set aside when it is corrupt."""

import fcntl
import os
import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

APPLICATION_ID = 0x42575350  # "BWSP": marks the file as a spool
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0

_SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # AUTOINCREMENT: a number is never used again, even when its record (or every record) has been deleted.
    """CREATE TABLE record (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
        size INTEGER NOT NULL,
        journal TEXT,
        reason TEXT,
        refused_at TEXT,
        encoded BLOB NOT NULL
    ) STRICT""",
    "CREATE TABLE open_journal (name TEXT PRIMARY KEY, first_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SpoolError(Exception):
    """The spool cannot do what was asked. The message is one sentence that names the file and the remedy."""


class SpoolCorrupt(SpoolError):
    """The file's content is damaged."""


def describe(error: sqlite3.Error, path: Path) -> SpoolError:
    """Return the spool's own error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in _CORRUPT:
        return SpoolCorrupt(f"spool {path} is damaged ({error}): restart the agent, it sets the file aside")
    if primary == sqlite3.SQLITE_FULL:
        return SpoolError(f"spool {path} cannot be written, its disk is full ({error}): free space and try again")
    return SpoolError(f"spool {path} cannot be used ({error}): check the disk and the file's owner and mode")


class SpoolLock:
    """Holds the spool for one process; the kernel lets go when that process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.with_name(path.name + ".lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise SpoolError(f"spool {path} is in use by another agent: stop that one first") from error

    def release(self) -> None:
        """Let go; the lock file stays, since deleting it would race with the next holder."""
        self._file.close()


def open_database(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open (or make) the spool at ``path``; a corrupt one is renamed, never deleted, and a new one begun.

    Returns the connection and the new name of the file that was set aside, if there was one. Raises ``SpoolError``.
    """
    try:
        return _open(path), None
    except SpoolCorrupt:
        aside = _set_aside(path)
        return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        # FULL: the write-ahead log is synced at every commit, so what append() has returned for survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        is_empty = _check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        if is_empty:
            _create(connection)
            _sync_folder(path.parent)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise describe(error, path) from error
    except SpoolError:
        if connection is not None:
            connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('epoch', ?)", (uuid.uuid4().hex,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> bool:
    """Make sure that the file is a sound spool or empty (new, or after a crash while it was made); return which."""
    findings = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if findings != ["ok"]:
        raise SpoolCorrupt(f"spool {path} is damaged ({findings[0]}): restart the agent, it sets the file aside")
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return True
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise SpoolError(f"{path} is a SQLite file but no spool: choose another file for the spool")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise SpoolError(f"spool {path} has format {version}, this program knows {SCHEMA_VERSION}: update benchwright")
    return False


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    _sync_folder(path.parent)
    return aside


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
