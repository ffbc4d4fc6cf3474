"""The bench's copy of its tickets: it is there when the network is not, and what was done here stands beside it."""

import logging
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from edge_agent.spool import Kept, Spool, SpoolError, State
from protocols.messages import codec
from protocols.messages.control import Desired, WorkItem
from protocols.messages.dossiers import Dossier, FaultName, dossiers_of, faults_of
from protocols.messages.records import Record, TicketEvent, hand_over_in

log = logging.getLogger(__name__)

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS desired
        (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, message BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS handed_over
        (ticket TEXT PRIMARY KEY, at TEXT NOT NULL, item BLOB NOT NULL, record BLOB NOT NULL) STRICT""",
)
REMEMBERED = 50
"""Tickets that were handed over here and left the list, the newest: so many are remembered."""

_ASSIGNED = "assigned"
"""The state of a ticket that came to a bench and that nobody has taken."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class WorklistError(Exception):
    """The worklist cannot be stored: one sentence with the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of this bench: as the hub knows it, and what was done here (waiting, received or refused)."""

    item: WorkItem
    events: tuple[Kept, ...]
    dossier: Dossier | None = None


class Worklist:
    """The newest desired state in a file of its own; thread-safe.

    The file is a copy of what the hub holds, so a damaged one is begun anew and filled by the next message.
    """

    def __init__(self, path: Path, spool: Spool) -> None:
        self._path = path
        self._spool = spool
        self._mutex = threading.Lock()
        try:
            self._db, self._desired = _open(path)
        except (sqlite3.DatabaseError, codec.MessageError) as error:
            if not isinstance(error, codec.MessageError) and getattr(error, "sqlite_errorcode", None) not in _DAMAGED:
                raise WorklistError(f"worklist {path} cannot be opened ({error}): check owner and mode") from error
            log.warning("the worklist %s is damaged (%s); it is begun anew and the hub will fill it", path, error)
            for ending in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            self._db, self._desired = _open(path)

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._db.close()

    @property
    def desired(self) -> Desired | None:
        """What the hub wants, ``None`` before it has ever said so."""
        return self._desired

    @property
    def revision(self) -> int:
        """Revision in force; 0 before the first."""
        return 0 if self._desired is None else self._desired.revision

    def apply(self, desired: Desired) -> bool:
        """Store ``desired`` durably when it is newer; return whether it was.

        Raises ``WorklistError`` and ``SpoolError``: the list before is in force then.
        """
        with self._mutex:
            if self._desired is not None and desired.revision <= self._desired.revision:
                return False
            kept = frozenset(item.ticket for item in desired.worklist)
            left = self._left_by_hand_over(kept)
            self._forget_earlier_work(desired)  # first: were it not done after a kill, nobody could take the ticket
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._remember_handed_over(left, kept)
                    self._db.execute(
                        "INSERT OR REPLACE INTO desired VALUES (1, ?, ?)", (desired.revision, codec.encode(desired))
                    )
            except sqlite3.Error as error:
                raise WorklistError(f"worklist {self._path} cannot be written ({error}): free space on it") from error
            self._desired = desired
        try:
            self._spool.forget_tickets(kept)
        except SpoolError as error:  # the list is in force all the same, and whoever shows it has to hear of it
            log.error("what was done on tickets that left is not forgotten yet, the next list does it: %s", error)
        return True

    def _forget_earlier_work(self, desired: Desired) -> None:
        """Forget what was done on tickets before they came here anew: what the hub has of it, it has got over.

        One can leave and come back while the hub cannot be reached: then it never leaves the list in between. A note
        changes no state, so it tells nothing.
        """
        for item in desired.worklist:
            if item.state != _ASSIGNED:
                continue
            earlier = [
                kept.record.seq
                for kept in self._spool.ticket_events(item.ticket)
                if kept.state is State.RECEIVED
                and isinstance(kept.record.body, TicketEvent)
                and kept.record.body.action != "note"
            ]
            if earlier:
                self._spool.forget_received(item.ticket, earlier[-1])

    def _items(self) -> tuple[WorkItem, ...]:
        return () if self._desired is None else self._desired.worklist

    def _left_by_hand_over(self, kept: frozenset[str]) -> list[tuple[WorkItem, Record]]:
        """Return the tickets that leave the list because they were handed over here, each with that event."""
        leaving = [item for item in self._items() if item.ticket not in kept]
        events = ((item, _hand_over(self._spool.ticket_events(item.ticket))) for item in leaving)
        return [(item, event.record) for item, event in events if event is not None]

    def _remember_handed_over(self, left: list[tuple[WorkItem, Record]], kept: frozenset[str]) -> None:
        """Note down the tickets that leave the list by a hand-over; forget those that came back."""
        self._db.executemany(
            "INSERT OR REPLACE INTO handed_over VALUES (?, ?, ?, ?)",
            [(item.ticket, record.at.isoformat(), codec.encode(item), codec.encode(record)) for item, record in left],
        )
        self._db.executemany("DELETE FROM handed_over WHERE ticket = ?", [(ticket,) for ticket in kept])
        self._db.execute(
            "DELETE FROM handed_over WHERE ticket NOT IN (SELECT ticket FROM handed_over ORDER BY at DESC LIMIT ?)",
            (REMEMBERED,),
        )

    def handed_over(self) -> tuple[Ticket, ...]:
        """Return the tickets that were handed over here and left the list, the newest first; with that event alone.

        What the file no longer tells is left out and logged: the list does without it. Raises ``SpoolError``.
        """
        try:
            with self._mutex:
                rows = self._db.execute("SELECT item, record FROM handed_over ORDER BY at DESC").fetchall()
        except sqlite3.Error as error:
            log.error("the worklist %s does not tell what was handed over here (%s): check its disk", self._path, error)
            return ()
        found = []
        for item, record in rows:
            try:
                ticket, kept = codec.decode(item, WorkItem), self._as_it_stands(codec.decode(record, Record))
            except codec.MessageError as error:
                log.error("a ticket that was handed over here cannot be read in %s: %s", self._path, error)
                continue
            if kept.state is not State.REFUSED:
                found.append(Ticket(ticket, (kept,)))
        return tuple(found)

    def _as_it_stands(self, record: Record) -> Kept:
        """Return a record with where it stands: what the spool has no more, the hub has received."""
        kept = self._spool.kept(record.seq)
        # A spool that was begun anew gives the number to another record.
        return kept if kept is not None and kept.record == record else Kept(record, State.RECEIVED)

    def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets in the hub's order."""
        dossiers = {} if self._desired is None else dossiers_of(self._desired)
        return tuple(
            Ticket(item, self._spool.ticket_events(item.ticket), dossiers.get(item.ticket)) for item in self._items()
        )

    def faults(self) -> tuple[FaultName, ...]:
        """Return the fault taxonomy as the hub told it last."""
        return () if self._desired is None else faults_of(self._desired)

    def ticket(self, ticket: str) -> Ticket | None:
        """Return one ticket, ``None`` when it is not on this bench's list."""
        for item in self._items():
            if item.ticket == ticket:
                return Ticket(item, self._spool.ticket_events(ticket))
        return None

    def record(self, event: TicketEvent) -> int:
        """Keep what the technician did: durable at once, sent when there is a hub. Raises ``SpoolError``."""
        return self._spool.append(event)


def _hand_over(events: tuple[Kept, ...]) -> Kept | None:
    """Return the event by which a ticket was handed over, as far as the hub has not refused it."""
    return hand_over_in(
        (kept.record.body.action, kept)
        for kept in events
        if isinstance(kept.record.body, TicketEvent) and kept.state is not State.REFUSED
    )


def _open(path: Path) -> tuple[sqlite3.Connection, Desired | None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        db.execute("PRAGMA synchronous = FULL")
        for table in _SCHEMA:
            db.execute(table)
        row = db.execute("SELECT message FROM desired").fetchone()
        return db, None if row is None else codec.decode(row[0], Desired)
    except (sqlite3.Error, codec.MessageError):
        db.close()
        raise
