"""All SQL about events."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.events.models import Event

_INSERT = insert(Event.__table__)  # type: ignore[attr-defined]
"""A plain row, as each change adds one: an object in the session would cost twice as much."""
_EVENT = Event.__table__.c  # type: ignore[attr-defined]
_NEWEST_HASH = select(_EVENT.hash).order_by(_EVENT.id.desc()).limit(1)


def chain_head(session: Session) -> str | None:
    """Return the newest event's hash; it stays the newest, for there is one writer at a time."""
    return session.scalar(_NEWEST_HASH)


def add(session: Session, values: Mapping[str, Any]) -> int:
    """Add one event and return its number."""
    result: Any = session.execute(_INSERT, values)
    return int(result.inserted_primary_key[0])


def add_all(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events in this order, in one statement."""
    session.execute(_INSERT, list(rows))


def all_events(session: Session) -> Iterator[Event]:
    """Give every event, the oldest first, a thousand at a time."""
    found = session.scalars(select(Event).order_by(Event.id).execution_options(yield_per=1000))
    with closing(found):  # a caller may stop early, and PostgreSQL keeps the rest at the server
        yield from found


def timeline(session: Session, record: tuple[str, str], cursor: str | None, limit: int) -> list[Event]:
    """Return events of one record, the newest first, one more than ``limit`` when there are more."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1])
    return list(session.scalars(after_cursor(statement, [Event.id], [int], cursor, limit)))


def events_after(session: Session, after: int, limit: int) -> Sequence[Event]:
    """Return the events behind one, the oldest first."""
    return session.scalars(select(Event).where(Event.id > after).order_by(Event.id).limit(limit)).all()


def newest(session: Session) -> Event | None:
    """Return the newest event."""
    return session.scalar(select(Event).order_by(Event.id.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What to list; absent members do not restrict. A kind may be a family: ``ticket.*``."""

    kinds: tuple[str, ...] = ()
    record_type: str | None = None
    record: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def events(
    session: Session, visible: ColumnElement[bool] | None, wanted: EventFilter, cursor: str | None, limit: int
) -> Sequence[Event]:
    """Return visible events, the newest first, one more than ``limit`` when there are more."""
    statement = select(Event)
    if visible is not None:
        statement = statement.where(visible)
    if wanted.kinds:
        statement = statement.where(or_(*(_of_kind(kind) for kind in wanted.kinds)))
    for column, value in (
        (Event.record_type, wanted.record_type),
        (Event.record_id, wanted.record),
        (Event.actor_id, wanted.actor),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(Event.recorded_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Event.recorded_at < wanted.until)
    return session.scalars(after_cursor(statement, [Event.id], [int], cursor, limit)).all()


def _of_kind(kind: str) -> ColumnElement[bool]:
    if kind.endswith(".*"):
        return Event.kind.startswith(kind.removesuffix("*"), autoescape=True)
    return Event.kind == kind
