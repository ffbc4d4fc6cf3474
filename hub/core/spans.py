"""Spans of time that are asked for."""

from datetime import datetime, timedelta

from hub.core.clock import now
from hub.core.i18n import both
from hub.core.problems import INVALID_REQUEST, FieldError, Problem

_BACKWARDS = both("it is not after the time since which is asked", "须晚于起始时间")
_TO_COME = both(
    "it is not before now; give an earlier time, or the end of the span, too", "须早于当前时间；或同时填写截止时间"
)


def require_forwards(**spans: tuple[datetime | None, datetime | None]) -> None:
    """Raise the invalid-request problem for each span that is over before it begins: it would be an empty answer.

    A span goes by the name of the query's parameter that ends it: ``until=(since, until)``.
    """
    errors = [
        FieldError(f"query:{name}", _BACKWARDS)
        for name, (since, until) in spans.items()
        if since is not None and until is not None and until <= since
    ]
    if errors:
        raise Problem(INVALID_REQUEST, errors=errors, count=len(errors))


def whole_span(since: datetime | None, until: datetime | None, days: int) -> tuple[datetime, datetime]:
    """Return beginning and end of the span of ``since`` and ``until``; left out: so many days, and until now.

    Raises the invalid-request problem for a span that is over before it begins, by the parameter that was given.
    """
    require_forwards(until=(since, until))
    last = until or now()
    if since is not None and since >= last:
        raise Problem(INVALID_REQUEST, errors=[FieldError("query:since", _TO_COME)], count=1)
    return since or last - timedelta(days=days), last
