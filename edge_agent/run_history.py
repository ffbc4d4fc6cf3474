"""The runs that ended on this bench, to look back at: also offline, and after the hub's receipt has emptied the spool.

A copy, not the record: the record is in the spool until the hub has it. The newest runs are kept, within a number and a
size; a damaged file is begun anew, and where there can be none the runs are listed until the agent ends. A copy never
keeps a bench from working.
"""

import logging
import sqlite3
import threading
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from edge_agent.local_api.views import RunState, RunSummary
from edge_agent.run_view import RunView
from protocols.messages.records import (
    Body,
    CaptureTaken,
    RunFinished,
    RunStarted,
    StepFinished,
    Verdict,
)
from protocols.serial_numbers import serial_form

log = logging.getLogger(__name__)

MAX_RUNS: Final = 1000
MAX_BYTES: Final = 64 * 2**20
BUSY_TIMEOUT_S = 5.0
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FORBIDDEN: Final = frozenset({sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_HELD: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS run (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        ticket TEXT,
        serial TEXT NOT NULL,
        size INTEGER NOT NULL,
        head BLOB NOT NULL,
        body BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX IF NOT EXISTS run_ticket ON run (ticket)",
    "CREATE INDEX IF NOT EXISTS run_serial ON run (serial)",
)
_VERSION: Final = 1
"""Since 1, runs are found by the one form of the serial number."""
_PRUNE = """DELETE FROM run WHERE number IN (SELECT number FROM (
    SELECT number, row_number() OVER newest AS place, sum(size) OVER newest AS held
    FROM run WINDOW newest AS (ORDER BY number DESC)
    ) WHERE place > ? OR (held > ? AND place > 1))"""
"""Of the rows, in the order of age: those beyond the number, and beyond the size; the newest stays in any case."""


class HistoryError(Exception):
    """The history cannot be used: one sentence with the file and the remedy."""


class _Head(msgspec.Struct, frozen=True):
    """What a list of runs shows."""

    started: RunStarted
    started_at: datetime
    finished: RunFinished
    ended_at: datetime
    failing: tuple[str, ...] = ()


class _Measured(msgspec.Struct, frozen=True):
    """What was measured."""

    steps: tuple[StepFinished, ...]
    captures: tuple[CaptureTaken, ...]


class RunHistory:
    """Finished runs in a file of their own, or in memory (logged) when the file cannot be opened; thread-safe."""

    def __init__(self, path: Path, *, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._bounds = (max_runs, max_bytes)
        self._mutex = threading.Lock()
        try:
            self._db = _open(path)
        except (sqlite3.Error, OSError) as error:
            self._db = self._begun_anew(error) if _code(error) in _DAMAGED else self._in_memory(error)

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._db.close()

    def keep(self, state: RunState, finished: RunFinished, ended_at: datetime | None = None) -> None:
        """Keep a run that ends with ``finished``; a run that is kept already is replaced. Raises ``HistoryError``."""
        started = RunStarted(state.run, state.plan, state.device, state.ticket, state.operator)
        head = _Head(started, state.started_at, finished, ended_at or datetime.now(UTC), failing_names(state))
        first = msgspec.json.encode(head)
        rest = zlib.compress(msgspec.json.encode(_Measured(state.steps, state.captures)))
        row = (state.run, state.ticket, known_serial(state.device.serial), len(first) + len(rest), first, rest)
        with self._mutex:
            try:
                try:
                    self._insert(row)
                except sqlite3.DatabaseError as error:
                    if _code(error) not in _DAMAGED:
                        raise
                    self._db.close()
                    self._db = self._begun_anew(error)
                    self._insert(row)
            except sqlite3.Error as error:
                raise self._fault(error) from error

    def _insert(self, row: tuple[object, ...]) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT OR REPLACE INTO run (name, ticket, serial, size, head, body) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            self._db.execute(_PRUNE, self._bounds)

    def state(self, run: str) -> RunState | None:
        """Return a run with all that was measured, ``None`` when it is not here. Raises ``HistoryError``."""
        rows = self._read("SELECT head, body FROM run WHERE name = ?", (run,))
        if not rows:
            return None
        try:
            head = msgspec.json.decode(rows[0][0], type=_Head)
            body = msgspec.json.decode(zlib.decompress(rows[0][1]), type=_Measured)
        except (msgspec.DecodeError, zlib.error) as error:
            raise HistoryError(f"run {run} in {self._path} cannot be read ({error}): look it up at the hub") from error
        view = RunView(head.started, head.started_at)
        records: tuple[Body, ...] = (*body.steps, *body.captures, head.finished)
        for record in records:
            view.journalled(record, head.ended_at)
        return view.state(running=False)

    def newest(self) -> str | None:
        """Return the run that ended last. Raises ``HistoryError``."""
        rows = self._read("SELECT name FROM run ORDER BY number DESC LIMIT 1", ())
        return None if not rows else str(rows[0][0])

    def summaries(
        self, *, ticket: str | None = None, serial: str | None = None, limit: int = 100
    ) -> tuple[RunSummary, ...]:
        """Return the runs of a ticket or device (of all without either), the one that ended last first."""
        rows = self._read(
            """SELECT name, head FROM run WHERE (?1 IS NULL OR ticket = ?1) AND (?2 IS NULL OR serial = ?2)
                ORDER BY number DESC LIMIT ?3""",
            (ticket, serial and known_serial(serial), limit),
        )
        found = []
        for name, encoded in rows:
            try:
                head = msgspec.json.decode(encoded, type=_Head)
            except msgspec.DecodeError as error:  # written by another version; the others can still be told
                log.warning("run %s in %s cannot be read: %s", name, self._path, error)
                continue
            found.append(_summary(head))
        return tuple(found)

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._mutex:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                if _code(error) not in _DAMAGED:
                    raise self._fault(error) from error
                self._db.close()
                self._db = self._begun_anew(error)
                return []

    def _begun_anew(self, error: Exception) -> sqlite3.Connection:
        log.warning("the run history %s is damaged (%s); it is begun anew", self._path, error)
        try:
            for ending in ("", "-wal", "-shm", "-journal"):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
            return _open(self._path)
        except (sqlite3.Error, OSError) as again:
            return self._in_memory(again)

    def _in_memory(self, error: Exception) -> sqlite3.Connection:
        log.error("%s; until the agent ends its runs are listed from memory", self._fault(error))
        return _open(None)

    def _fault(self, error: Exception) -> HistoryError:
        """Say what is wrong with the file, and what mends just that."""
        code = _code(error)
        if code == sqlite3.SQLITE_FULL:
            return HistoryError(f"run history {self._path} cannot grow ({error}): free space on its disk")
        if code in _FORBIDDEN or isinstance(error, OSError):
            return HistoryError(f"run history {self._path} cannot be opened ({error}): check owner and mode")
        if code in _HELD:
            return HistoryError(f"run history {self._path} is held by another program ({error}): end that one")
        return HistoryError(f"run history {self._path} cannot be used ({error}): check its disk, restart the agent")


def known_serial(text: str) -> str:
    """Return what a device's runs are found by: its serial number in the one form, as it stands where it has none."""
    return serial_form(text) or text


def failing_names(state: RunState) -> tuple[str, ...]:
    """Return the measurements that failed or stayed undecided in the last attempt of their step."""
    last = {step.step: step for step in state.steps}
    return tuple(
        one.name
        for step in last.values()
        for one in step.measurements
        if one.verdict in {Verdict.FAIL, Verdict.UNDECIDED}
    )


def summary_of(state: RunState) -> RunSummary:
    """Return an unfinished run as a line of the list."""
    return RunSummary(
        run=state.run,
        status=state.status,
        plan=state.plan,
        device=state.device,
        started_at=state.started_at,
        ticket=state.ticket,
        operator=state.operator,
        failing=failing_names(state),
    )


def _summary(head: _Head) -> RunSummary:
    return RunSummary(
        run=head.started.run,
        status="finished",
        plan=head.started.plan,
        device=head.started.device,
        started_at=head.started_at,
        ended_at=head.ended_at,
        ticket=head.started.ticket,
        operator=head.started.operator,
        outcome=head.finished.outcome,
        failing=head.failing,
        suspect=next(iter(head.finished.suspects), None),
    )


def _code(error: Exception) -> int:
    """Return SQLite's primary result code, 0 for what is no error of SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _open(path: Path | None) -> sqlite3.Connection:
    """Open a sound file, or memory without one; raises ``sqlite3.Error`` and ``OSError``."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path or ":memory:", timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        if path is not None:
            path.chmod(0o600)
            if path.with_name(path.name + "-wal").exists():  # not closed: a kill or a power cut
                _check(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version < _VERSION:
            _bring_up(db)
    except (sqlite3.Error, OSError):
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    """Raise ``sqlite3.DatabaseError`` for damaged pages; reads the whole file."""
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        damage = sqlite3.DatabaseError(found)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _bring_up(db: sqlite3.Connection) -> None:
    """Make the tables in a new file, or bring those of an older version to this one: all of it or nothing."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            db.execute(statement)
        for (serial,) in db.execute("SELECT DISTINCT serial FROM run").fetchall():
            db.execute("UPDATE run SET serial = ? WHERE serial = ?", (known_serial(serial), serial))
        db.execute(f"PRAGMA user_version = {_VERSION}")
