"""A measured value against its limits, with its expanded uncertainty, as one line of characters."""

import math

from textual.content import Content

from protocols.messages.records import Limits, Verdict

STYLES = {Verdict.PASS: "$text-success", Verdict.FAIL: "$text-error", Verdict.UNDECIDED: "$text-warning"}


def limit_bar(
    value: float,
    limits: Limits | None,
    standard_uncertainty: float | None,
    width: int,
    verdict: Verdict = Verdict.NONE,
) -> Content:
    """Return ``width`` cells: ``├`` and ``┤`` are the limits, ``●`` the value, ``━`` its expanded uncertainty (k = 2).

    A value beyond the scale is an arrow at its end. Without limits there is nothing to draw.
    """
    scale = _scale(value, limits)
    if scale is None or width < 8 or not math.isfinite(value):
        return Content(" " * max(width, 0))
    low, high = scale
    style = STYLES.get(verdict, "$text-primary")
    cells = [("·", "$text-muted")] * width

    def place(number: float) -> int:
        return round((number - low) / (high - low) * (width - 1))

    first = 0 if limits is None or limits.low is None else place(limits.low)
    last = width - 1 if limits is None or limits.high is None else place(limits.high)
    for cell in range(first, last + 1):
        cells[cell] = ("─", "$text-success")
    if standard_uncertainty is not None:
        reach = 2 * standard_uncertainty
        for cell in range(max(place(value - reach), 0), min(place(value + reach), width - 1) + 1):
            cells[cell] = ("━", style)
    if limits is not None and limits.low is not None:
        cells[first] = ("├", "$text-success")
    if limits is not None and limits.high is not None:
        cells[last] = ("┤", "$text-success")
    where = place(value)
    mark = "◀" if where < 0 else "▶" if where >= width else "●"
    cells[min(max(where, 0), width - 1)] = (mark, f"{style} bold")
    return Content.assemble(*cells)


def _scale(value: float, limits: Limits | None) -> tuple[float, float] | None:
    """Return the ends of the scale: the limits and a third of their distance on both sides."""
    if limits is None or (limits.low is None and limits.high is None):
        return None
    if limits.low is not None and limits.high is not None:
        margin = (limits.high - limits.low) / 3 or abs(limits.high) or 1.0
        return limits.low - margin, limits.high + margin
    limit = limits.high if limits.low is None else limits.low
    reach = abs(limit or 0.0) or abs(value) or 1.0
    if limit is None or limits.high is None:
        return (limit or 0.0) - reach / 2, (limit or 0.0) + reach
    return limit - reach, limit + reach / 2
