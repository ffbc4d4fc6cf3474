"""All SQL about events."""

from collections.abc import Iterator

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.events.models import Event

_CHAIN_LOCK = 7_238_112_001


def lock_chain_head(session: Session) -> str | None:
    """Return the newest event's hash, keeping other writers from appending until this transaction ends.

    SQLite has one writer anyway; PostgreSQL takes an advisory lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    return session.scalar(select(Event.hash).order_by(Event.id.desc()).limit(1))


def all_events(session: Session) -> Iterator[Event]:
    """Give every event, the oldest first, a thousand at a time."""
    yield from session.scalars(select(Event).order_by(Event.id).execution_options(yield_per=1000))


def timeline(session: Session, record: tuple[str, str], cursor: str | None, limit: int) -> list[Event]:
    """Return events of one record, the newest first, one more than ``limit`` when there are more."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1])
    return list(session.scalars(after_cursor(statement, [Event.id], [int], cursor, limit)))
