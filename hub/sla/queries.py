"""All SQL about service levels."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.events.models import Event


def events_of(session: Session, record: tuple[str, str]) -> Sequence[Event]:
    """Return all events of a record, the oldest first."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1])
    return session.scalars(statement.order_by(Event.id)).all()
