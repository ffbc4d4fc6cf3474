"""Control charts of repeated measurements of the same thing: whether a bench is as it was (Q7). Pure.

Shewhart's charts with the constants of ISO 7870-2 (ASTM E2587): X-bar and R for subgroups of 2 to 10 readings, and
individuals with moving ranges for single ones. Limits are three standard deviations from the mean, the standard
deviation being that within subgroups (or between neighbours).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isclose
from statistics import fmean

D2 = {2: 1.128, 3: 1.693, 4: 2.059, 5: 2.326, 6: 2.534, 7: 2.704, 8: 2.847, 9: 2.970, 10: 3.078}
"""Mean range of n normal values, in standard deviations."""
A2 = {2: 1.880, 3: 1.023, 4: 0.729, 5: 0.577, 6: 0.483, 7: 0.419, 8: 0.373, 9: 0.337, 10: 0.308}
D3 = {2: 0.0, 3: 0.0, 4: 0.0, 5: 0.0, 6: 0.0, 7: 0.076, 8: 0.136, 9: 0.184, 10: 0.223}
D4 = {2: 3.267, 3: 2.574, 4: 2.282, 5: 2.114, 6: 2.004, 7: 1.924, 8: 1.864, 9: 1.816, 10: 1.777}
"""Limits of the mean about the grand mean, and of the range, in mean ranges."""
FEWEST = 8
"""Points below which limits mean nothing."""
RUN = 8
"""So many points in a row on one side of the centre are a shift (Western Electric)."""
ROUNDING = 1e-12
"""Relative distance below which a point lies on a line: no instrument resolves that."""


@dataclass(frozen=True, slots=True)
class Line:
    """One chart: its points in time order, centre and control limits; ``signals`` are numbers of points (from 0)."""

    points: tuple[float, ...]
    centre: float
    low: float
    high: float
    beyond: tuple[int, ...] = field(default=())
    """Points beyond the limits."""
    shifted: tuple[int, ...] = field(default=())
    """Points that end a run of eight or more on one side of the centre."""

    @property
    def in_control(self) -> bool:
        """Whether nothing but chance shows."""
        return not self.beyond and not self.shifted


@dataclass(frozen=True, slots=True)
class ControlChart:
    """Means (or individual values) and ranges (or moving ranges) of subgroups; ``sigma`` is that within them."""

    subgroup: int
    location: Line
    spread: Line
    sigma: float

    @property
    def in_control(self) -> bool:
        """Whether both charts are."""
        return self.location.in_control and self.spread.in_control


def control_chart(subgroups: Sequence[Sequence[float]]) -> ControlChart:
    """Return the chart of subgroups of equal size, oldest first; raise ``ValueError`` in one sentence."""
    if len(subgroups) < FEWEST:
        raise ValueError(f"{len(subgroups)} points are too few for control limits; take at least {FEWEST}")
    size = len(subgroups[0])
    if any(len(one) != size for one in subgroups):
        raise ValueError("the subgroups differ in size")
    if size == 1:
        return _individuals([one[0] for one in subgroups])
    if size not in A2:
        raise ValueError(f"a subgroup of {size} readings has no constants; take 2 to {max(A2)}")
    ranges = [max(one) - min(one) for one in subgroups]
    mean_range = fmean(ranges)
    means = [fmean(one) for one in subgroups]
    centre, half = fmean(means), A2[size] * mean_range
    location = _line(means, centre, centre - half, centre + half)
    spread = _line(ranges, mean_range, D3[size] * mean_range, D4[size] * mean_range)
    return ControlChart(size, location, spread, mean_range / D2[size])


def _individuals(values: Sequence[float]) -> ControlChart:
    moving = [abs(b - a) for a, b in pairwise(values)]
    mean_range = fmean(moving)
    centre, half = fmean(values), 3.0 * mean_range / D2[2]
    location = _line(values, centre, centre - half, centre + half)
    # A moving range is shared by two points, so that runs of them mean nothing: only its limit is looked at.
    spread = _line(moving, mean_range, 0.0, D4[2] * mean_range, runs=False)
    return ControlChart(1, location, spread, mean_range / D2[2])


def _line(points: Sequence[float], centre: float, low: float, high: float, *, runs: bool = True) -> Line:
    beyond = tuple(number for number, one in enumerate(points) if not _about(low, one) <= one <= _about(high, one))
    shifted = []
    length, before = 0, 0
    for number, one in enumerate(points if runs else ()):
        side = (one > _about(centre, one)) - (one < _about(centre, one))
        length = length + 1 if side and side == before else 1 if side else 0
        before = side
        if length >= RUN:
            shifted.append(number)
    return Line(tuple(points), centre, low, high, beyond, tuple(shifted))


def _about(line: float, point: float) -> float:
    """Return the point where only rounding parts it from the line: the mean of equal readings may be an ulp off."""
    return point if isclose(line, point, rel_tol=ROUNDING) else line
