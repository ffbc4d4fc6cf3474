"""All SQL about events."""

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.events.models import Event


def chain_head(session: Session) -> str | None:
    """Return the newest event's hash; it stays the newest, for there is one writer at a time."""
    return session.scalar(select(Event.hash).order_by(Event.id.desc()).limit(1))


def all_events(session: Session) -> Iterator[Event]:
    """Give every event, the oldest first, a thousand at a time."""
    found = session.scalars(select(Event).order_by(Event.id).execution_options(yield_per=1000))
    with closing(found):  # a caller may stop early, and PostgreSQL keeps the rest at the server
        yield from found


def timeline(session: Session, record: tuple[str, str], cursor: str | None, limit: int) -> list[Event]:
    """Return events of one record, the newest first, one more than ``limit`` when there are more."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1])
    return list(session.scalars(after_cursor(statement, [Event.id], [int], cursor, limit)))
