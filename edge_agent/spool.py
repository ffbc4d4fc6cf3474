"""The one place from which anything leaves the bench: durable, numbered, and emptied only by the hub's receipts.

A record is (epoch, seq): the epoch is made with the file, the numbers rise and are never used again. ``append`` returns
after a commit that survives a power cut. The same rows are the journal of a run or ticket: they stay
readable while it is open, receipt or not, so an interrupted run resumes from what was already measured.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Self

import msgspec

from edge_agent.spool_file import SpoolCorrupt, SpoolError, SpoolLock, describe, open_database
from protocols.messages import codec, records
from protocols.messages.control import Receipt
from protocols.messages.topics import MAX_BATCH_BYTES, MAX_BATCH_RECORDS

__all__ = ["Depth", "Kept", "Spool", "SpoolCorrupt", "SpoolError", "SpoolFull", "State", "Waiting"]

log = logging.getLogger(__name__)

DEFAULT_MAX_BYTES = 256_000_000
MAX_RECORD_BYTES = MAX_BATCH_BYTES - 1_000
"""So that any record fits a batch with its envelope."""
RESERVE = 0.05
"""Above the maximum, by this fraction, what has begun may still be finished: steps, captures and ends of runs."""
_STARTS_SOMETHING = (records.RunStarted, records.TicketEvent, records.InventoryChanged)


class SpoolFull(SpoolError):
    """The configured maximum is reached: nothing is dropped, nothing new is taken."""


class State(IntEnum):
    """Where a record stands."""

    WAITING = 0
    RECEIVED = 1
    """The hub has it; kept only because its run or ticket is still open."""
    REFUSED = 2


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ``records.Record`` without its number, which is known only when the row is written."""

    at: datetime
    body: records.Body
    clock_offset_s: float | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record to be sent: ``encoded`` is a ``records.Record`` in JSON."""

    seq: int
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with where it stands; ``reason`` and ``refused_at`` belong to a refused one."""

    record: records.Record
    state: State
    reason: str | None = None
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is in the spool. ``size_bytes`` counts every record, also received and refused ones."""

    waiting: int
    refused: int
    size_bytes: int
    max_bytes: int
    settled: int = 0
    """How many records the hub has answered for since the spool was opened."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How many records a receipt took out of the queue."""

    received: int
    refused: int


def _journal_of(body: records.Body) -> str | None:
    match body:
        case records.TicketEvent():
            return f"ticket:{body.ticket}"
        case records.InventoryChanged():
            return None
        case _:
            return f"run:{body.run}"


def _with_seq(seq: int, encoded: bytes) -> bytes:
    """Put the number in front of a stored record (a JSON object that is never empty)."""
    return b'{"seq":%d,' % seq + encoded[1:]


_REFUSE = "UPDATE record SET state = 2, reason = ?, refused_at = ? WHERE seq = ? AND state = 0"
_DROP_RECEIVED = """DELETE FROM record WHERE seq BETWEEN ? AND ? AND state <> 1
    AND (journal IS NULL OR journal NOT IN (SELECT name FROM open_journal)) RETURNING state, size"""
_KEEP_RECEIVED = """UPDATE record SET state = 1, reason = NULL, refused_at = NULL
    WHERE seq BETWEEN ? AND ? AND state = ?"""
_DROP_JOURNAL = """DELETE FROM record WHERE state = 1 AND journal = ?1
    AND seq >= (SELECT first_seq FROM open_journal WHERE name = ?1) RETURNING state, size"""

_DROP_BEFORE = """DELETE FROM record WHERE state = 1 AND journal = ?1 AND seq <= ?2
    AND seq >= (SELECT first_seq FROM open_journal WHERE name = ?1) RETURNING state, size"""


class _Tally:
    """The writes of one transaction, and what they change in the counts once they are committed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.counts = dict.fromkeys(State, 0)
        self.size = 0

    def insert(self, body: records.Body, encoded: bytes) -> int:
        journal = _journal_of(body)
        row = self._db.execute(
            "INSERT INTO record (state, size, journal, encoded) VALUES (0, ?, ?, ?) RETURNING seq",
            (len(encoded), journal, encoded),
        ).fetchone()
        seq: int = row[0]
        self.counts[State.WAITING] += 1
        self.size += len(encoded)
        if isinstance(body, records.RunStarted | records.TicketEvent):
            self._db.execute("INSERT OR IGNORE INTO open_journal VALUES (?, ?)", (journal, seq))
        elif isinstance(body, records.RunFinished) and journal is not None:
            self.close_journal(journal)
        return seq

    def close_journal(self, name: str) -> None:
        self.delete(_DROP_JOURNAL, (name,))
        self._db.execute("DELETE FROM open_journal WHERE name = ?", (name,))

    def delete(self, statement: str, values: tuple[object, ...]) -> None:
        for state, size in self._db.execute(statement, values).fetchall():
            self.counts[State(state)] -= 1
            self.size -= size

    def move(self, statement: str, values: tuple[object, ...], old: State, new: State) -> None:
        moved = self._db.execute(statement, values).rowcount
        self.counts[old] -= moved
        self.counts[new] += moved


class Spool:
    """The spool of one bench. All methods may be called from any thread; they block for a disk write at most.

    ``clock_offset`` tells the bench clock minus UTC in seconds, where known. Raises ``SpoolError`` when the
    file cannot be used or another process holds it; a corrupt file is renamed to ``set_aside`` and a new epoch begins.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        clock_offset: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._clock_offset = clock_offset
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._mutex = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = SpoolLock(path)
        except OSError as error:
            raise SpoolError(f"spool {path} cannot be opened ({error}): check the folder's owner and mode") from error
        try:
            self._db, self.set_aside = open_database(path)
        except SpoolError:
            self._lock.release()
            raise
        if self.set_aside:
            log.error("the spool was damaged and has been set aside as %s; a new epoch begins", self.set_aside)
        self.epoch: str = self._db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0]
        with self._reading() as db:
            rows = db.execute("SELECT state, count(*), sum(size) FROM record GROUP BY state").fetchall()
        self._counts = dict.fromkeys(State, 0) | {State(state): count for state, count, _ in rows}
        self._size: int = sum(size for _, _, size in rows)
        self._settled = 0

    def close(self) -> None:
        """Close the file; what was appended stays."""
        with self._mutex:
            self._db.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each change, in the thread that made it; it must be quick and not raise."""
        self._listeners = (*self._listeners, listener)

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, body: records.Body, *, at: datetime | None = None, trace: str | None = None) -> int:
        """Commit one record durably and return its number; ``at`` is UTC, now by default. Raises ``SpoolError``."""
        return self.append_many((body,), at=at, trace=trace)[0]

    def append_many(
        self, bodies: Sequence[records.Body], *, at: datetime | None = None, trace: str | None = None
    ) -> tuple[int, ...]:
        """Commit several records in one transaction, all or none, and return their numbers. Raises ``SpoolError``."""
        stored_at, offset = at or datetime.now(UTC), self._clock_offset()
        rows = [(body, codec.encode(_Stored(stored_at, body, offset, trace))) for body in bodies]
        for body, encoded in rows:
            if len(encoded) > MAX_RECORD_BYTES:
                raise SpoolError(
                    f"a {type(body).__name__} record of {len(encoded)} bytes is longer than the {MAX_RECORD_BYTES} "
                    "that fit a message: shorten its curves or texts and save the whole as a capture file"
                )
        with self._mutex:
            self._refuse_overflow(rows)
            with self._transaction() as tally:
                numbers = tuple(tally.insert(body, encoded) for body, encoded in rows)
        self._notify()
        return numbers

    def apply_receipt(self, receipt: Receipt, *, sent_up_to: int | None = None) -> Settled:
        """Take out what the hub has committed and keep what it refuses, with the reason.

        A receipt of another epoch changes nothing, nor do numbers above ``sent_up_to``: the hub cannot have
        what was never sent. Applying a receipt twice is harmless.
        """
        if receipt.epoch != self.epoch:
            return Settled(0, 0)
        highest = 2**53 if sent_up_to is None else sent_up_to
        now = datetime.now(UTC).isoformat()
        with self._transaction() as tally:
            for refusal in receipt.refused:
                if refusal.seq <= highest:
                    tally.move(_REFUSE, (refusal.reason, now, refusal.seq), State.WAITING, State.REFUSED)
            refused = tally.counts[State.REFUSED]
            for first, last in receipt.committed:
                span = (first, min(last, highest))
                tally.delete(_DROP_RECEIVED, span)
                tally.move(_KEEP_RECEIVED, (*span, State.WAITING), State.WAITING, State.RECEIVED)
                tally.move(_KEEP_RECEIVED, (*span, State.REFUSED), State.REFUSED, State.RECEIVED)
            # What was refused and is committed now counts as received: it no longer waits for anything.
            received = -(tally.counts[State.WAITING] + tally.counts[State.REFUSED])
        if received or refused:
            with self._mutex:
                self._settled += received + refused
            self._notify()
        return Settled(received, refused)

    def forget_tickets(self, keep: frozenset[str]) -> None:
        """Close the journals of all tickets but those in ``keep``: what is received of them goes, the rest stays."""
        with self._reading() as db:
            names = [row[0] for row in db.execute("SELECT name FROM open_journal WHERE name GLOB 'ticket:*'")]
        gone = [name for name in names if name.removeprefix("ticket:") not in keep]
        if gone:
            with self._transaction() as tally:
                for name in gone:
                    tally.close_journal(name)

    def forget_received(self, ticket: str, up_to: int) -> None:
        """Drop what is received of a ticket up to a record's number; what waits or is refused stays."""
        with self._transaction() as tally:
            tally.delete(_DROP_BEFORE, (f"ticket:{ticket}", up_to))

    # -- reading ------------------------------------------------------------------------------------------------

    def pending(
        self, limit_records: int = MAX_BATCH_RECORDS, limit_bytes: int = MAX_BATCH_BYTES, after_seq: int = 0
    ) -> tuple[Waiting, ...]:
        """Return the next records above ``after_seq`` that the hub has not answered for, in order.

        At least one is returned when there is any, then as many as fit both limits.
        """
        batch: list[Waiting] = []
        size = 0
        with self._reading() as db:
            rows = db.execute(
                "SELECT seq, encoded FROM record WHERE state = 0 AND seq > ? ORDER BY seq LIMIT ?",
                (after_seq, limit_records),
            )
            for seq, stored in rows:
                encoded = _with_seq(seq, stored)
                size += len(encoded) + 1
                if batch and size > limit_bytes:
                    break
                batch.append(Waiting(seq, encoded))
        return tuple(batch)

    def depth(self) -> Depth:
        """Return how much waits, is refused, and is stored."""
        with self._mutex:
            counts = self._counts
            return Depth(
                counts[State.WAITING], counts[State.REFUSED], self._size, self._max_bytes, settled=self._settled
            )

    def refused(self, limit: int = 500) -> tuple[Kept, ...]:
        """Return what the hub will not take and why, oldest first."""
        return self._kept("SELECT * FROM record WHERE state = 2 ORDER BY seq LIMIT ?", (limit,))

    def kept(self, seq: int) -> Kept | None:
        """Return the record of this number with where it stands, ``None`` when it is not here (or no more)."""
        return next(iter(self._kept("SELECT * FROM record WHERE seq = ?", (seq,))), None)

    def open_runs(self) -> tuple[records.RunStarted, ...]:
        """Return the runs that were started and not finished, oldest first (after a crash: what to resume)."""
        with self._reading() as db:
            rows = db.execute(
                """SELECT record.seq, encoded FROM open_journal JOIN record ON record.seq = first_seq
                    WHERE name GLOB 'run:*' ORDER BY first_seq"""
            ).fetchall()
        bodies = (codec.decode(_with_seq(*row), records.Record).body for row in rows)
        return tuple(body for body in bodies if isinstance(body, records.RunStarted))

    def run_records(self, run: str) -> tuple[records.Record, ...]:
        """Return every record of an open run in order; a finished or unknown one has none."""
        return tuple(kept.record for kept in self._journal(f"run:{run}"))

    def ticket_events(self, ticket: str) -> tuple[Kept, ...]:
        """Return what was done here on a ticket that is not yet forgotten, in order, with where each record stands."""
        return self._journal(f"ticket:{ticket}")

    # -- inside -------------------------------------------------------------------------------------------------

    def _journal(self, name: str) -> tuple[Kept, ...]:
        return self._kept(
            """SELECT record.* FROM open_journal JOIN record ON seq >= first_seq AND journal = name
                WHERE name = ? ORDER BY seq""",
            (name,),
        )

    def _kept(self, query: str, values: tuple[object, ...]) -> tuple[Kept, ...]:
        with self._reading() as db:
            rows = db.execute(query, values).fetchall()
        return tuple(
            Kept(
                codec.decode(_with_seq(seq, encoded), records.Record),
                State(state),
                reason,
                datetime.fromisoformat(refused_at) if refused_at else None,
            )
            for seq, state, _size, _journal, reason, refused_at, encoded in rows
        )

    def _refuse_overflow(self, rows: list[tuple[records.Body, bytes]]) -> None:
        is_start = any(isinstance(body, _STARTS_SOMETHING) for body, _ in rows)
        limit = self._max_bytes if is_start else int(self._max_bytes * (1 + RESERVE))
        if self._size + sum(len(encoded) for _, encoded in rows) > limit:
            raise SpoolFull(
                f"spool {self.path} holds {self._size} bytes, its maximum is {self._max_bytes}: "
                "connect the bench to the hub so that it empties, or raise the maximum"
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise describe(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[_Tally]:
        """One durable commit; on any error nothing of it remains."""
        with self._reading() as db:
            tally = _Tally(db)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield tally
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            for state, change in tally.counts.items():
                self._counts[state] += change
            self._size += tally.size

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()
