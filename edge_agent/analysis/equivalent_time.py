"""Transition durations of repeated fast edges by equivalent-time sampling: many edges show one edge in fine steps."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.transitions import Floats, Indices

MOST_SAMPLES = 10.0
"""From here on interpolation within one edge is as good, and less noisy."""
_FEWEST_EDGES = 64
_FEWEST_POINTS = 16
_MOST_JITTER = 0.05
"""Root-mean-square deviation of the edges from their grid, in samples, that blurs the common edge too much."""
_REACH = 4.0
"""Half windows that the instant may lie from where interpolation puts it."""
_HALF_WINDOW = 0.03
"""Of the duration: narrow enough to stay beside the corner of an RC edge, 0.05 durations before its 10 % instant."""


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages of several transitions through one reference level ``threshold`` (in codes); arrays of shape (k,).

    ``index`` is the sample before each, ``at`` its instant by interpolation, in samples.
    """

    threshold: float
    index: Indices
    at: Floats


def duration(codes: npt.NDArray[Any], first: Passages, middle: Floats, last: Passages) -> tuple[float, float] | None:
    """Return the mean time from ``first`` to ``last`` in samples and the standard deviation of that mean.

    All edges are laid over each other on the even grid of their 50 % instants ``middle``, and a straight line through
    the samples close to each reference level gives its instant. ``None`` where the edges are few, slow, not on a
    grid, or always meet the samples in the same phase.
    """
    guess = abs(float(np.mean(last.at - first.at)))
    if middle.size < _FEWEST_EDGES or guess > MOST_SAMPLES:
        return None
    grid = _grid(middle)
    if grid is None:
        return None
    ends = [_end(codes, passages, grid, _HALF_WINDOW * guess) for passages in (first, last)]
    if ends[0] is None or ends[1] is None:
        return None
    (begin, u_begin), (end, u_end) = ends[0], ends[1]
    return abs(end - begin), math.hypot(u_begin, u_end)


def _end(codes: npt.NDArray[Any], passages: Passages, grid: Floats, half: float) -> tuple[float, float] | None:
    places = passages.index[:, None] + np.arange(-1, 3)
    heights = codes.take(places, mode="clip").astype(np.float64) - passages.threshold
    return _instant((places - grid[:, None]).ravel(), heights.ravel(), float(np.mean(passages.at - grid)), half)


def _grid(at: Floats) -> Floats | None:
    """Return the even grid through the instants ``at``, some of which may be missing; ``None`` if they are on none."""
    period = float(np.median(np.diff(at)))
    number = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(at) / period))])
    centred = number - number.mean()
    period = float(centred @ at) / float(centred @ centred)
    grid: Floats = at.mean() + period * centred
    return grid if float(np.std(at - grid)) <= _MOST_JITTER else None


def _instant(times: Floats, heights: Floats, start: float, half: float) -> tuple[float, float] | None:
    """Return when a line through the samples (``times``, ``heights``) close to 0 passes it, and how sure that is."""
    at = start
    # What the line can come to need is some of the samples; where it leaves them there is no common edge anyway.
    some = np.flatnonzero(np.abs(times - start) <= _REACH * half)
    times, heights = times[some], heights[some]
    for _ in range(4):
        if abs(at - start) > (_REACH - 1) * half:
            return None
        near = np.abs(times - at) <= half
        if np.count_nonzero(near) < _FEWEST_POINTS:
            return None
        x, y = times[near] - at, heights[near]
        spread = float(np.std(x))
        if spread < 0.25 * half:
            return None
        slope = float(np.mean((x - x.mean()) * y)) / spread**2
        if slope == 0.0:
            return None
        at += float(x.mean() - y.mean() / slope)
    residual = y - y.mean() - slope * (x - x.mean())
    return at, float(np.std(residual)) / abs(slope) / x.size**0.5
