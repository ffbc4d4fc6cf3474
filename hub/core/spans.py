"""Spans of time that are asked for."""

from datetime import datetime

from hub.core.i18n import both
from hub.core.problems import INVALID_REQUEST, FieldError, Problem

_BACKWARDS = both("it is not after the time since which is asked", "须晚于起始时间")


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
