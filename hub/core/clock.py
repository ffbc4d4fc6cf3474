"""The hub's clock: always UTC, and one place to read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator

_told: ContextVar[datetime | None] = ContextVar("told_time", default=None)


def now() -> datetime:
    """Return the current time in UTC, with microseconds; within ``at``, the time that was told."""
    return _told.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let this context believe that it is ``moment`` (aware): for history that is made up, and for tests."""
    token = _told.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _told.reset(token)


def day_or_none(text: str) -> str | None:
    """Return a day as ``2026-01-31``; ``None`` for what is no day of the calendar, e.g. the 31st of February."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


ToldDay = Annotated[date | None, BeforeValidator(lambda told: day_or_none(told) if isinstance(told, str) else told)]
"""A day as a bench once told it and the database keeps it; what no calendar has is not known."""


def rfc3339(at: datetime) -> str:
    """Return ``at`` as RFC 3339 in UTC with six decimals (``2026-01-31T08:00:00.000000Z``): sorts like time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
