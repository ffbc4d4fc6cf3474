"""Days of a place as numbers that a database can compute: days since 1970-01-01 on the wall clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of time, until an exclusive moment, in which a place's clock is ``offset_s`` ahead of UTC."""

    until: datetime
    offset_s: int


def segments(since: datetime, until: datetime, zone: ZoneInfo) -> list[Segment]:
    """Return the spans of constant offset from ``since`` to ``until``; one, where clocks are never changed."""
    found: list[Segment] = []
    for at, following in _steps(since, until):
        offset = _offset(at, zone)
        if found and found[-1].offset_s == offset:
            found[-1] = Segment(following, offset)
        elif found:
            change = _change(at - timedelta(days=1), at, zone)
            found[-1] = Segment(change, found[-1].offset_s)
            found.append(Segment(following, offset))
        else:
            found.append(Segment(following, offset))
    return found


def _steps(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    at = since
    while at < until:
        following = min(at + timedelta(days=1), until)
        yield at, following
        at = following


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - an aware moment has one
    return int(offset.total_seconds())


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return when the offset changes between two moments, to the second."""
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high.replace(microsecond=0)


def day_of(number: int) -> date:
    """Return the day that a number stands for."""
    return _FIRST + timedelta(days=number)


def week_of(day: date) -> str:
    """Return the ISO 8601 week of a day, e.g. ``2026-W48``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"
