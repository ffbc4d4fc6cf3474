"""Where a two-level signal passes from one state to the other (IEEE Std 181-2011, 5.3), found in blocks of codes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.levels import CodeLevels
from edge_agent.analysis.samples import BLOCK

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REFERENCES = (0.1, 0.5, 0.9)
"""Reference levels of a transition as parts of the amplitude (IEEE 181: 10 %, 50 %, 90 %)."""

_AT_ONCE = 1 << 13
"""Crossings interpolated at a time: the intermediate arrays stay in the cache."""


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where the record passes one threshold: between samples ``index`` and ``index + 1``; shapes (k,), in order."""

    index: Indices
    upward: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Instants:
    """Interpolated instants of crossings in samples, and how a sample's noise moves each; shapes (k,).

    ``sensitivity`` is the standard deviation of the instant, in samples, for white noise of one code.
    """

    at: Floats
    sensitivity: Floats


@dataclass(frozen=True, slots=True)
class Transitions:
    """Complete transitions in order, rising and falling in turn; shapes (k,); ``index_*`` as in ``Crossings``."""

    rising: npt.NDArray[np.bool_]
    index_10: Indices
    index_50: Indices
    index_90: Indices

    @property
    def count(self) -> int:
        """Number of transitions."""
        return self.rising.size


def crossings(codes: npt.NDArray[Any], threshold: float) -> Crossings:
    """Return every passage of ``codes``, shape (n,), through ``threshold``; a code is above if it is greater."""
    if codes.dtype.kind in "iu":
        ends = np.iinfo(codes.dtype)
        threshold = min(max(math.floor(threshold), int(ends.min)), int(ends.max))
    above = np.empty(min(BLOCK, codes.size) + 1, dtype=bool)
    changed = np.empty(above.size - 1, dtype=bool)
    found: list[Indices] = []
    for start in range(0, codes.size - 1, BLOCK):
        block = codes[start : start + BLOCK + 1]
        size = block.size
        np.greater(block, threshold, out=above[:size])
        np.not_equal(above[1:size], above[: size - 1], out=changed[: size - 1])
        found.append(np.flatnonzero(changed[: size - 1]) + start)
    index = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    # Passages alternate, so the first tells the direction of all.
    upward = np.zeros(index.size, dtype=bool)
    if index.size:
        upward[0 if codes[index[0] + 1] > threshold else 1 :: 2] = True
    return Crossings(index, upward)


def transitions(codes: npt.NDArray[Any], levels: CodeLevels) -> Transitions:
    """Return the complete transitions of ``codes``, shape (n,).

    A transition leads from below 10 % to above 90 % of the amplitude or back, so noise and ringing at one reference
    level make no false ones. Of several passages through 10 % or 90 % the innermost count, of 50 % the middle one.
    """
    at_10, at_50, at_90 = (crossings(codes, levels.fraction(part)) for part in REFERENCES)
    return _clean(at_10, at_50, at_90) or _sorted_out(float(codes[0]), levels, at_10, at_50, at_90)


def _clean(at_10: Crossings, at_50: Crossings, at_90: Crossings) -> Transitions | None:
    """Return the transitions where each passes every level once and the record begins in a state, else ``None``."""
    rising = at_50.upward
    if not rising.size == at_10.index.size == at_90.index.size:
        return None
    if not ((rising == at_10.upward).all() and (rising == at_90.upward).all()):
        return None
    begin, end = np.minimum(at_10.index, at_90.index), np.maximum(at_10.index, at_90.index)
    in_order = (begin <= at_50.index).all() and (at_50.index <= end).all() and (end[:-1] <= begin[1:]).all()
    right_way = ((at_10.index <= at_90.index) == rising) | (begin == end)
    return Transitions(rising, at_10.index, at_50.index, at_90.index) if in_order and right_way.all() else None


def _sorted_out(first: float, levels: CodeLevels, at_10: Crossings, at_50: Crossings, at_90: Crossings) -> Transitions:
    """Return the transitions where noise or ringing passes a level more than once."""
    into_high, into_low = at_90.index[at_90.upward], at_10.index[~at_10.upward]
    index = np.concatenate([into_high, into_low])
    high = np.zeros(index.size, dtype=bool)
    high[: into_high.size] = True
    order = np.argsort(index, kind="stable")
    index, high = index[order], high[order]
    entered = np.ones(index.size, dtype=bool)
    entered[1:] = high[1:] != high[:-1]
    if index.size and (first > levels.fraction(0.9)) == high[0] and (first <= levels.fraction(0.1)) != high[0]:
        entered[0] = False  # the record begins in this state
    elif index.size and levels.fraction(0.1) < first <= levels.fraction(0.9):
        entered[0] = False  # the record begins within a transition
    index, rising = index[entered], high[entered]
    outer_10 = _last_before(at_10, index, upward=True)
    outer_90 = _last_before(at_90, index, upward=False)
    index_10 = np.where(rising, outer_10, index)
    index_90 = np.where(rising, index, outer_90)
    begin, end = np.minimum(index_10, index_90), np.maximum(index_10, index_90)
    first_50 = np.searchsorted(at_50.index, begin, side="left")
    last_50 = np.searchsorted(at_50.index, end, side="right") - 1
    index_50 = at_50.index[(first_50 + last_50) // 2] if index.size else index
    return Transitions(rising, index_10, index_50, index_90)


def _last_before(passages: Crossings, index: Indices, *, upward: bool) -> Indices:
    """Return for each of ``index`` the last passage in one direction at or before it (itself where there is none)."""
    candidates = passages.index[passages.upward == upward]
    if candidates.size == 0:
        return index
    place = np.searchsorted(candidates, index, side="right") - 1
    return np.where(place >= 0, candidates[np.maximum(place, 0)], index)


def instants(codes: npt.NDArray[Any], index: Indices, threshold: float) -> Instants:
    """Return when ``codes`` pass ``threshold`` between samples ``index`` and ``index + 1``, by cubic interpolation.

    The cubic through the four nearest samples (linear at the ends of the record) is 10 times closer than a straight
    line at 4 samples an edge. The root is refined by Newton's method from the linear one and kept within its interval.
    """
    if index.size == 0:
        return Instants(np.empty(0), np.empty(0))
    parts = [_instants(codes, index[start : start + _AT_ONCE], threshold) for start in range(0, index.size, _AT_ONCE)]
    return Instants(np.concatenate([one.at for one in parts]), np.concatenate([one.sensitivity for one in parts]))


def _instants(codes: npt.NDArray[Any], index: Indices, threshold: float) -> Instants:
    last = codes.size - 1
    before, here, there, after = (
        codes[np.clip(index + k, 0, last)].astype(np.float64) - threshold for k in (-1, 0, 1, 2)
    )
    before = np.where(index > 0, before, 2 * here - there)
    after = np.where(index + 2 <= last, after, 2 * there - here)
    # Coefficients of the cubic in x, 0 at ``here`` and 1 at ``there``.
    c2 = (before + there) / 2 - here
    c3 = (after - before) / 6 + (here - there) / 2
    c1 = there - here - c2 - c3
    step = there - here
    x = np.clip(-here / np.where(step == 0, 1.0, step), 0.0, 1.0)
    linear = x
    for _ in range(3):
        slope = c1 + x * (2 * c2 + 3 * x * c3)
        value = here + x * (c1 + x * (c2 + x * c3))
        x = np.clip(x - value / np.where(slope == 0, np.inf, slope), 0.0, 1.0)
    missed = np.abs(here + x * (c1 + x * (c2 + x * c3))) > 1e-6 * np.abs(step)
    x = np.where(missed, linear, x)
    slope = np.abs(np.where(missed, step, c1 + x * (2 * c2 + 3 * x * c3)))
    weights = _lagrange_weights(x)
    # A flat spot makes the local slope meaningless; half the chord bounds it.
    slope = np.maximum(slope, 0.5 * np.abs(step))
    return Instants(index + x, np.sqrt(weights) / np.where(slope == 0, np.inf, slope))


def _lagrange_weights(x: Floats) -> Floats:
    """Return the sum of squares of the four Lagrange weights at ``x`` (0 … 1): the noise gain of the interpolation."""
    a, b, c, d = x + 1, x, x - 1, x - 2
    return (b * c * d / 6) ** 2 + (a * c * d / 2) ** 2 + (a * b * d / 2) ** 2 + (a * b * c / 6) ** 2
