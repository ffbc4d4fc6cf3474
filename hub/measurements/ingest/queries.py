"""All SQL of the ingest besides the bulk inserts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.core.database import Table
from hub.measurements.models import DeadLetter, Record, RefusedRecord, Run, Spool


def _insert_new(session: Session, model: type[Table], values: dict[str, Any] | list[dict[str, Any]]) -> Insert:
    """Return an INSERT that leaves rows alone which are there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).values(values).on_conflict_do_nothing()
    return sqlite.insert(model).values(values).on_conflict_do_nothing()


def lock_spool(session: Session, bench: str, epoch: str, at: datetime) -> int:
    """Return the row number of a spool, made when new, locked so that no other worker takes its records meanwhile."""
    wanted = select(Spool.id).where(Spool.bench == bench, Spool.epoch == epoch).with_for_update()
    spool_id = session.scalar(wanted)
    if spool_id is None:
        session.execute(_insert_new(session, Spool, {"bench": bench, "epoch": epoch, "first_seen_at": at}))
        spool_id = session.execute(wanted).scalar_one()
    return spool_id


def committed_numbers(session: Session, spool_id: int, first: int, last: int) -> set[int]:
    """Return the sequence numbers from ``first`` to ``last`` that are committed."""
    statement = select(Record.seq).where(Record.spool_id == spool_id, Record.seq.between(first, last))
    return set(session.scalars(statement))


def refused_numbers(session: Session, spool_id: int, first: int, last: int) -> dict[int, str]:
    """Return the refused sequence numbers from ``first`` to ``last`` with their reasons."""
    statement = select(RefusedRecord.seq, RefusedRecord.reason).where(
        RefusedRecord.spool_id == spool_id, RefusedRecord.seq.between(first, last)
    )
    return {row.seq: row.reason for row in session.execute(statement)}


def known_before(session: Session, spool_id: int, seq: int, window: int) -> int:
    """Return how many of the ``window`` numbers before ``seq`` are committed or refused."""
    count = 0
    for model in (Record, RefusedRecord):
        statement = select(func.count()).where(model.spool_id == spool_id, model.seq.between(seq - window, seq - 1))
        count += session.scalar(statement) or 0
    return count


def run_numbers(session: Session, bench: str, keys: Collection[str]) -> dict[str, int]:
    """Return the row number of each of a bench's runs; a run not heard of before gets an empty row."""
    wanted = select(Run.key, Run.id).where(Run.bench == bench, Run.key.in_(keys))
    found = {row.key: row.id for row in session.execute(wanted)}
    missing = sorted(set(keys) - found.keys())
    if missing:
        rows = [{"bench": bench, "key": key, "suspects": [], "resumes": [], "instruments": []} for key in missing]
        session.execute(_insert_new(session, Run, rows))
        found = {row.key: row.id for row in session.execute(wanted)}
    return found


def keep_refused(session: Session, spool_id: int, seq: int, *, at: datetime, reason: str, body: bytes) -> None:
    """Keep a refused record once."""
    values = {"spool_id": spool_id, "seq": seq, "received_at": at, "reason": reason, "body": body}
    session.execute(_insert_new(session, RefusedRecord, values))


def keep_dead_letter(session: Session, letter: DeadLetter, most: int) -> None:
    """Keep an unreadable message, or count it when it came before; at most the newest ``most`` are kept."""
    known = session.scalar(
        select(DeadLetter).where(DeadLetter.sha256 == letter.sha256, DeadLetter.topic == letter.topic).with_for_update()
    )
    if known is not None:
        known.times += 1
        known.last_at = letter.last_at
        return
    session.add(letter)
    session.flush()
    session.execute(delete(DeadLetter).where(DeadLetter.id <= letter.id - most))
