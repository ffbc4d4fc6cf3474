"""The bench's copy of its tickets: it is there when the network is not, and what was done here stands beside it."""

import logging
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from edge_agent.spool import Kept, Spool, State
from protocols.messages import codec
from protocols.messages.control import Desired, WorkItem
from protocols.messages.dossiers import Dossier, FaultName, dossiers_of, faults_of
from protocols.messages.records import HANDING_OVER, Record, TicketEvent

log = logging.getLogger(__name__)

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS desired
        (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, message BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS handed_over
        (ticket TEXT PRIMARY KEY, at TEXT NOT NULL, item BLOB NOT NULL, record BLOB NOT NULL) STRICT""",
)
REMEMBERED = 50
"""Tickets that were handed over here and left the list, the newest: so many are remembered."""

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
        """Store ``desired`` durably when it is newer; return whether it was. Raises ``WorklistError``."""
        with self._mutex:
            if self._desired is not None and desired.revision <= self._desired.revision:
                return False
            kept = frozenset(item.ticket for item in desired.worklist)
            try:
                self._remember_handed_over(kept)
                self._db.execute(
                    "INSERT OR REPLACE INTO desired VALUES (1, ?, ?)", (desired.revision, codec.encode(desired))
                )
            except sqlite3.Error as error:
                raise WorklistError(f"worklist {self._path} cannot be written ({error}): free space on it") from error
            self._desired = desired
        self._spool.forget_tickets(kept)
        return True

    def _remember_handed_over(self, kept: frozenset[str]) -> None:
        """Note down which tickets leave the list because they were handed over here; forget those that came back."""
        for item in () if self._desired is None else self._desired.worklist:
            if item.ticket not in kept and (event := _hand_over(self._spool.ticket_events(item.ticket))) is not None:
                row = (item.ticket, event.record.at.isoformat(), codec.encode(item), codec.encode(event.record))
                self._db.execute("INSERT OR REPLACE INTO handed_over VALUES (?, ?, ?, ?)", row)
        self._db.executemany("DELETE FROM handed_over WHERE ticket = ?", [(ticket,) for ticket in kept])
        self._db.execute(
            "DELETE FROM handed_over WHERE ticket NOT IN (SELECT ticket FROM handed_over ORDER BY at DESC LIMIT ?)",
            (REMEMBERED,),
        )

    def handed_over(self) -> tuple[Ticket, ...]:
        """Return the tickets that were handed over here and left the list, the newest first; with that event alone."""
        with self._mutex:
            rows = self._db.execute("SELECT item, record FROM handed_over ORDER BY at DESC").fetchall()
        refused = [one.record for one in self._spool.refused()]
        records = ((codec.decode(item, WorkItem), codec.decode(record, Record)) for item, record in rows)
        return tuple(Ticket(item, (Kept(record, State.RECEIVED),)) for item, record in records if record not in refused)

    def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets in the hub's order."""
        items = () if self._desired is None else self._desired.worklist
        dossiers = {} if self._desired is None else dossiers_of(self._desired)
        return tuple(Ticket(item, self._spool.ticket_events(item.ticket), dossiers.get(item.ticket)) for item in items)

    def faults(self) -> tuple[FaultName, ...]:
        """Return the fault taxonomy as the hub told it last."""
        return () if self._desired is None else faults_of(self._desired)

    def ticket(self, ticket: str) -> Ticket | None:
        """Return one ticket, ``None`` when it is not on this bench's list."""
        for item in () if self._desired is None else self._desired.worklist:
            if item.ticket == ticket:
                return Ticket(item, self._spool.ticket_events(ticket))
        return None

    def record(self, event: TicketEvent) -> int:
        """Keep what the technician did: durable at once, sent when there is a hub. Raises ``SpoolError``."""
        return self._spool.append(event)


def _hand_over(events: tuple[Kept, ...]) -> Kept | None:
    """Return the event by which a ticket was handed over, ``None`` when it was not, or was taken again since."""
    for kept in reversed(events):
        action = kept.record.body.action if isinstance(kept.record.body, TicketEvent) else ""
        if kept.state is not State.REFUSED and action in {"taken", *HANDING_OVER}:
            return kept if action in HANDING_OVER else None
    return None


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
