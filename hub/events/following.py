"""Followers of the event table: whatever reacts to events reads on from its own mark.

Events get their numbers in the order of their commits (there is one writer at a time), so none can appear behind a
mark. A reaction and the move of its mark commit together: whatever dies when, each event is followed exactly once.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.events.models import Event, EventMark


def follow(session: Session, name: str, limit: int = 200) -> Sequence[Event]:
    """Return the next events that ``name`` has not followed, and move its mark behind them.

    Its first row is written by the migration that brings the follower, so that it begins where its feature did.
    """
    mark = session.scalar(select(EventMark).where(EventMark.name == name).with_for_update())
    if mark is None:
        mark = EventMark(name=name, event_id=0)
        session.add(mark)
    found = session.scalars(select(Event).where(Event.id > mark.event_id).order_by(Event.id).limit(limit)).all()
    if found:
        mark.event_id = found[-1].id
    return found


def behind(session: Session, name: str) -> bool:
    """Return whether there are events that ``name`` has not followed."""
    mark = select(EventMark.event_id).where(EventMark.name == name).scalar_subquery()
    return bool(session.scalar(select(select(Event.id).where(Event.id > func.coalesce(mark, 0)).exists())))


def skip_all(session: Session, names: Iterable[str]) -> None:
    """Let these followers go on behind the newest event: what is there is history that nobody is to react to."""
    newest = session.scalar(select(func.max(Event.id))) or 0
    for name in names:
        session.merge(EventMark(name=name, event_id=newest))
