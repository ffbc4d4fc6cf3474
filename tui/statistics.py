"""Statistics of readings as they come, and their course as a line of characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Statistics:
    """``deviation`` is the sample standard deviation, 0 for a single reading."""

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float


def statistics(values: Sequence[float]) -> Statistics | None:
    """Return the statistics of ``values``; ``None`` without any."""
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    squares = math.fsum((one - mean) ** 2 for one in values)
    deviation = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else 0.0
    return Statistics(len(values), min(values), max(values), mean, deviation)


def trend(values: Sequence[float | None], width: int, height: int, least_span: float = 0.0) -> Content:
    """Return the newest ``width`` readings as columns, ``height`` lines high, from smallest to largest.

    The scale spans at least ``least_span`` (the uncertainty of the readings), so that noise is no change.

    A reading without a value (an overload) is a gap.
    """
    shown = list(values)[-width:]
    known = [one for one in shown if one is not None]
    if not known or height < 1:
        return Content("\n" * max(height - 1, 0))
    low, high = min(known), max(known)
    if high - low < least_span:
        middle = (low + high) / 2
        low, high = middle - least_span / 2, middle + least_span / 2
    steps = height * len(_BLOCKS)
    levels = [
        0 if one is None else steps // 2 if high == low else 1 + round((one - low) / (high - low) * (steps - 1))
        for one in shown
    ]
    lines = []
    for line in reversed(range(height)):
        base = line * len(_BLOCKS)
        lines.append(
            "".join(" " if level <= base else _BLOCKS[min(level - base, len(_BLOCKS)) - 1] for level in levels)
        )
    return Content.styled("\n".join(lines), "$primary")
