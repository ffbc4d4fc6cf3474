"""Which backups are kept: the newest of each of the last days, weeks and months."""

from collections.abc import Callable, Sequence
from datetime import datetime


def kept(moments: Sequence[datetime], *, days: int, weeks: int, months: int) -> set[datetime]:
    """Return those of ``moments`` to keep: the newest of each of the last so many days (weeks, months) that have one.

    The newest of all is always kept.
    """
    newest_first = sorted(moments, reverse=True)
    found = set(newest_first[:1])
    periods: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (days, lambda at: at.date()),
        (weeks, lambda at: at.isocalendar()[:2]),
        (months, lambda at: (at.year, at.month)),
    )
    for count, period in periods:
        seen: set[object] = set()
        for at in newest_first:
            if len(seen) < count and period(at) not in seen:
                seen.add(period(at))
                found.add(at)
    return found
