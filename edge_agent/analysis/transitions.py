"""Where a two-level signal passes from one state to the other (IEEE Std 181-2011, 5.3), found in blocks of codes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.levels import CodeLevels
from edge_agent.analysis.samples import places

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

REFERENCES = (0.1, 0.5, 0.9)
"""Reference levels of a transition as parts of the amplitude (IEEE 181: 10 %, 50 %, 90 %)."""

_HALF, _SIXTH = np.float32(0.5), np.float32(1 / 6)
_MOST_SENSITIVITIES = 4096
_BLOCK = 1 << 18
"""Samples compared at a time: four arrays of a byte each stay in the second cache."""
_AT_ONCE = 1 << 13
"""Crossings interpolated at a time: the intermediate arrays stay in the cache."""


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where the record passes one threshold: between samples ``index`` and ``index + 1``; shapes (k,), in order."""

    index: Indices
    upward: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Instants:
    """Interpolated instants of crossings in samples, shape (k,), and how a sample's noise moves some of them.

    ``sensitivity`` is the standard deviation of the instant, in samples, for white noise of one code, of each
    ``stride``-th crossing from the first on; the stride is odd, so that both directions are among them.
    """

    at: Floats
    sensitivity: Floats
    stride: int = 1


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

    def in_direction(self, *, rising: bool) -> slice:
        """Return which of the transitions rise, or fall: every other one."""
        return slice(0 if self.count and bool(self.rising[0]) == rising else 1, None, 2)


def crossings(codes: npt.NDArray[Any], threshold: float) -> Crossings:
    """Return every passage of ``codes``, shape (n,), through ``threshold``; a code is above if it is greater."""
    return _steps(codes, (threshold,)).crossings(1)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Where samples ``index`` and ``index + 1`` are above different numbers of thresholds; shapes (k,), in order."""

    index: Indices
    before: npt.NDArray[np.uint8]
    after: npt.NDArray[np.uint8]

    def crossings(self, number: int) -> Crossings:
        """Return the passages through the threshold ``number`` (1 is the lowest)."""
        upward = self.after >= number
        places = np.flatnonzero(upward != (self.before >= number))
        return Crossings(self.index[places], upward[places])

    def one_by_one(self) -> Transitions | None:
        """Return the transitions where each passes all three thresholds in turn, in steps of one: most records do."""
        if self.index.size == 0 or self.index.size % 3:
            return None
        first_rises = bool(self.after[0] == 1)
        expected = (0, 1, 2, 3) if first_rises else (3, 2, 1, 0)
        if (int(self.before[0]), *self.after[:3].tolist()) != expected:
            return None
        # 1, 2, 3 and 2, 1, 0 in turn: each and the third after it make 3.
        if not (self.after[:-3] + self.after[3:] == 3).all():
            return None
        count = self.index.size // 3
        rising = np.zeros(count, np.bool_)
        rising[0 if first_rises else 1 :: 2] = True
        begin, middle, end = self.index[0::3], self.index[1::3], self.index[2::3]
        index_10, index_90 = begin.copy(), end.copy()
        falls = slice(1 if first_rises else 0, None, 2)
        index_10[falls], index_90[falls] = end[falls], begin[falls]
        return Transitions(rising, index_10, middle.copy(), index_90)


def _steps(codes: npt.NDArray[Any], thresholds: tuple[float, ...]) -> _Steps:
    """Find the passages of ``codes`` through ascending ``thresholds`` in one pass over the samples."""
    if codes.dtype.kind in "iu":
        ends = np.iinfo(codes.dtype)
        thresholds = tuple(min(max(math.floor(one), int(ends.min)), int(ends.max)) for one in thresholds)
    above = np.empty(min(_BLOCK, codes.size) + 1, np.uint8)
    further, changed = np.empty(above.size, np.bool_), np.empty(above.size - 1, np.uint8)
    found: list[tuple[Indices, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]] = []
    for start in range(0, codes.size - 1, _BLOCK):
        block = codes[start : start + _BLOCK + 1]
        size = block.size
        np.greater(block, thresholds[0], out=above[:size].view(np.bool_))
        for threshold in thresholds[1:]:
            np.greater(block, threshold, out=further[:size])
            above[:size] += further[:size].view(np.uint8)
        np.bitwise_xor(above[1:size], above[: size - 1], out=changed[: size - 1])
        at = places(changed[: size - 1])
        before, after = above.take(at), above[1:].take(at)
        at += start
        found.append((at, before, after))
    if not found:
        return _Steps(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.uint8))
    return _Steps(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def transitions(codes: npt.NDArray[Any], levels: CodeLevels) -> Transitions:
    """Return the complete transitions of ``codes``, shape (n,).

    A transition leads from below 10 % to above 90 % of the amplitude or back, so noise and ringing at one reference
    level make no false ones. Of several passages through 10 % or 90 % the innermost count, of 50 % the middle one.
    """
    steps = _steps(codes, tuple(levels.fraction(part) for part in REFERENCES))
    if (usual := steps.one_by_one()) is not None:
        return usual
    at_10, at_50, at_90 = (steps.crossings(number) for number in (1, 2, 3))
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
    line at 4 samples an edge. The root is refined by Newton's method from the linear one and kept within its interval,
    in single precision: the part of a sample is good to 1e-7.
    """
    at, slopes = np.empty(index.size), np.empty(index.size, np.float32)
    for start in range(0, index.size, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        parts, slopes[some] = _parts(codes, index[some], threshold)
        np.add(index[some], parts, out=at[some])
    stride = (index.size // _MOST_SENSITIVITIES) | 1
    weights = _lagrange_weights(at[::stride] - index[::stride])
    return Instants(at, np.sqrt(weights) / slopes[::stride], stride)


def _parts(codes: npt.NDArray[Any], index: Indices, threshold: float) -> tuple[Singles, Singles]:
    """Return the parts of a sample after ``index`` at which ``threshold`` is passed, and the slopes there (> 0)."""
    # Differences of short integers are exact in single precision; others lose their common part first.
    kind = np.float32 if codes.dtype.itemsize <= 2 else np.float64
    # Places beyond the record take the sample at its end, for the moment.
    before, here, there, after = (
        np.subtract(codes.take(index + k, mode="clip"), threshold, dtype=kind).astype(np.float32, copy=False)
        for k in (-1, 0, 1, 2)
    )
    if (first := index == 0).any():
        before[first] = 2 * here[first] - there[first]
    if (last := index + 2 >= codes.size).any():
        after[last] = 2 * there[last] - here[last]
    # Coefficients of the cubic in x, 0 at ``here`` and 1 at ``there``.
    step = there - here
    c2 = (before + there) * _HALF - here
    c3 = (after - before) * _SIXTH - step * _HALF
    c1 = step - c2 - c3
    cubic, rising = (c3, c2, c1, here), (3 * c3, 2 * c2, c1)
    # A slope of zero sends x out of its interval, or makes it no number: those take the straight line below.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = _within(-here / step)
        for _ in range(3):
            move = _polynomial(cubic, x)
            move /= _polynomial(rising, x)
            x = _within(np.subtract(x, move, out=move))
        height = np.abs(step)
        found = np.abs(_polynomial(cubic, x)) <= 1e-5 * height
        slope = np.abs(_polynomial(rising, x))
        if not found.all():
            x = np.where(found, x, np.where(step == 0, 0.0, _within(-here / step)))
            slope = np.where(found, slope, height)
    # A flat spot makes the local slope meaningless; half the chord bounds it.
    slope = np.maximum(slope, _HALF * height)
    if not slope.all():
        slope[slope == 0] = np.inf
    return x, slope


def _polynomial(coefficients: tuple[Singles, ...], x: Singles) -> Singles:
    """Return the value of polynomials at ``x``, shape (k,), the coefficient of the highest power first."""
    value = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    value += coefficients[-1]
    return value


def _within(x: Singles) -> Singles:
    """Return ``x`` kept in 0 … 1, in place: several times as fast as ``numpy.clip`` on short arrays."""
    return np.minimum(np.maximum(x, 0.0, out=x), 1.0, out=x)


def _lagrange_weights(x: Floats) -> Floats:
    """Return the sum of squares of the four Lagrange weights at ``x`` (0 … 1): the noise gain of the interpolation."""
    a, b, c, d = x + 1, x, x - 1, x - 2
    weights: Floats = (b * c * d / 6) ** 2 + (a * c * d / 2) ** 2 + (a * b * d / 2) ** 2 + (a * b * c / 6) ** 2
    return weights
