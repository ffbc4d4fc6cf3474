"""State levels of a two-level signal by the histogram mode method (IEEE Std 181-2011, 5.2)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import blocks, problem, quantisation_step, rising_scale
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_SAMPLED = 1 << 17
"""A histogram of so many samples places a level within 0.01 of the noise; longer records are sampled in blocks."""
_MOST_CODES = 1 << 16
_FLOAT_BINS = 4096
_COARSE_BINS = 256
_FEWEST_BINS = 16
_FEWEST_STEPS = 4
_FEWEST_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class CodeLevels:
    """State levels in codes; ``sigma_*`` is the noise about each, ``count_*`` the samples that were averaged."""

    low: float
    high: float
    sigma_low: float
    sigma_high: float
    count_low: float
    count_high: float
    least: float
    greatest: float
    """Extremes of the whole record."""

    @property
    def amplitude(self) -> float:
        """High minus low state, in codes."""
        return self.high - self.low

    def fraction(self, part: float) -> float:
        """Return the code at ``part`` (0 … 1) of the way from the low to the high state: a reference level."""
        return self.low + part * self.amplitude


@dataclass(frozen=True, slots=True)
class StateLevels:
    """The two states of a signal, in the waveform's unit; ``noise`` is the larger standard deviation about them."""

    low: Quantity
    high: Quantity
    amplitude: Quantity
    noise: Quantity


def state_levels(waveform: Waveform, *, accuracy: Accuracy = IDEAL) -> StateLevels | NoAnswer:
    """Return low and high state and amplitude of ``waveform``; ``NoAnswer`` if it has no two distinct levels.

    Source: IEEE Std 181-2011, 5.2 (histogram modes). Units: the waveform's, for all fields. Accuracy: 0.001 LSB of
    a level at σ 1.2 LSB (aim 0.1 LSB). Limits: 16 samples, of which 8 on each level; levels at least 6 σ and 4
    steps apart.
    """
    refusal = problem(waveform, 2 * _FEWEST_SAMPLES)
    if refusal:
        return refusal
    waveform = rising_scale(waveform)
    levels = code_levels(waveform.codes)
    if isinstance(levels, NoAnswer):
        return levels
    scale, offset, unit = waveform.scale, waveform.offset, waveform.unit
    low, high = levels.low * scale + offset, levels.high * scale + offset
    step = quantisation_uncertainty(quantisation_step(waveform))
    u_low, u_high = (
        math.hypot(level_uncertainty(sigma, count) * scale, _dithered(step, sigma * scale))
        for sigma, count in ((levels.sigma_low, levels.count_low), (levels.sigma_high, levels.count_high))
    )
    noise = max(levels.sigma_low, levels.sigma_high) * scale
    fewest = min(levels.count_low, levels.count_high)
    return StateLevels(
        low=Quantity(low, unit, combined(u_low, accuracy.of_level(low))),
        high=Quantity(high, unit, combined(u_high, accuracy.of_level(high))),
        amplitude=Quantity(high - low, unit, combined(u_low, u_high, accuracy.of_difference(high - low))),
        noise=Quantity(noise, unit, combined(noise / math.sqrt(2 * fewest), step, accuracy.of_difference(noise))),
    )


def level_uncertainty(sigma: float, count: float) -> float:
    """Return the standard uncertainty of a level averaged from ``count`` samples with noise ``sigma``."""
    return sigma / math.sqrt(max(count, 1.0))


def _dithered(step: float, sigma: float) -> float:
    """Return what is left of the quantisation uncertainty ``step`` once noise ``sigma`` has dithered it away.

    The bias of a rounded mean falls as exp(-2π²σ²/q²) for Gaussian noise (q = √12 · step).
    """
    if step == 0.0:
        return 0.0
    return step * math.exp(-2 * (math.pi * sigma / (step * math.sqrt(12.0))) ** 2)


def code_levels(codes: npt.NDArray[Any]) -> CodeLevels | NoAnswer:
    """Return the state levels of ``codes``, shape (n,), finite; larger codes are the higher state."""
    least, greatest = float(codes.min()), float(codes.max())
    if least == greatest:
        return NoAnswer("the signal is constant: there is no second level")
    found: CodeLevels | NoAnswer
    if codes.size > 2 * _SAMPLED:
        found = _levels_of(_histogram(_in_blocks(codes), least, greatest), least, greatest)
        if not isinstance(found, NoAnswer) and _covers(found):
            return found
    return _levels_of(_histogram(codes, least, greatest), least, greatest)


def _covers(levels: CodeLevels) -> bool:
    """Return whether the sampled levels explain the extremes of the whole record, so that no rare state was missed."""
    margin = 0.5 * levels.amplitude
    return levels.low - levels.least < margin and levels.greatest - levels.high < margin


def _in_blocks(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return 256 blocks spread over the record at uneven distances: a plain stride could beat with the signal."""
    number, length = 256, _SAMPLED // 256
    spread = np.arange(number) * (codes.size - length) / number
    uneven = (np.arange(number) * 0.6180339887498949) % 1.0 * (codes.size - length) / number
    starts = (spread + uneven).astype(np.int64)
    return np.concatenate([codes[start : start + length] for start in starts.tolist()])


@dataclass(frozen=True, slots=True)
class _Histogram:
    """Mean of the samples in each bin (ascending, empty bins left out) and their number; shapes (k,)."""

    centres: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    step: float
    """Distance of neighbouring codes; 0 for floats."""


def _histogram(codes: npt.NDArray[Any], least: float, greatest: float) -> _Histogram:
    if codes.dtype.kind in "iu" and greatest - least < _MOST_CODES:
        width = int(greatest - least) + 1
        counts = np.zeros(width, dtype=np.int64)
        for block in blocks(codes):
            counts += np.bincount(np.subtract(block, int(least), dtype=np.int64), minlength=width)
        used = np.flatnonzero(counts)
        return _Histogram(used.astype(np.float64) + least, counts[used].astype(np.float64), 1.0)
    counts_f, sums = np.zeros(_FLOAT_BINS), np.zeros(_FLOAT_BINS)
    # Halved before the difference, so that the ends of the type's range do not overflow.
    per_code = (_FLOAT_BINS - 1) / (greatest / 2 - least / 2) / 2
    for block in blocks(codes):
        values = block.astype(np.float64)
        bins = ((values - least) * per_code).astype(np.int64)
        counts_f += np.bincount(bins, minlength=_FLOAT_BINS)
        sums += np.bincount(bins, weights=values, minlength=_FLOAT_BINS)
    used = np.flatnonzero(counts_f)
    return _Histogram(sums[used] / counts_f[used], counts_f[used], 0.0)


def _levels_of(histogram: _Histogram, least: float, greatest: float) -> CodeLevels | NoAnswer:
    # Few samples in many bins would leave gaps between single samples that look like modes and valleys.
    bins = int(min(_COARSE_BINS, max(_FEWEST_BINS, histogram.counts.sum() // _FEWEST_BINS)))
    if histogram.step:
        # Bins hold a whole number of codes, or a comb of fuller and emptier bins would fake modes.
        codes_per_bin = math.ceil((greatest - least + 1) / bins)
        bins = math.ceil((greatest - least + 1) / codes_per_bin)
        index = ((histogram.centres - least) // codes_per_bin).astype(np.int64)
    else:
        index = ((histogram.centres - least) / (greatest - least) * (bins - 1)).astype(np.int64)
    coarse = np.bincount(index, weights=histogram.counts, minlength=bins)
    half = bins // 2
    bin_width = (greatest - least) / max(bins - 1, 1)
    low_bin = int(np.argmax(coarse[:half])) if half else 0
    high_bin = bins - 1 - int(np.argmax(coarse[half:][::-1]))  # of equally full ones the outermost
    most = max(0.1 * (high_bin - low_bin), 1.0)
    low, sigma_low, count_low, high, sigma_high, count_high = (
        number
        for mode in (low_bin, high_bin)
        for number in _centre(
            histogram, least + (mode + 0.5) * bin_width, min(most, 2.55 * _half_width(coarse, mode)) * bin_width
        )
    )
    if min(count_low, count_high) < _FEWEST_SAMPLES:
        return NoAnswer(f"fewer than {_FEWEST_SAMPLES} samples stand on the second level")
    amplitude = high - low
    if histogram.step and amplitude < _FEWEST_STEPS:
        return NoAnswer(f"the levels are less than {_FEWEST_STEPS} quantisation steps apart; use a finer range")
    if amplitude <= 6.0 * max(sigma_low, sigma_high) or not _has_valley(
        histogram, low, high, bin_width, min(coarse[:half].max(), coarse[half:].max())
    ):
        return NoAnswer("the histogram has no two separate modes: the signal does not stand on two levels")
    return CodeLevels(low, high, sigma_low, sigma_high, count_low, count_high, least, greatest)


def _half_width(coarse: npt.NDArray[Any], mode: int) -> int:
    """Return how many bins from ``mode`` the histogram takes to fall to half, on the wider side."""
    half = 0.5 * coarse[mode]
    right = next((i for i in range(mode + 1, coarse.size) if coarse[i] < half), coarse.size)
    left = next((i for i in range(mode - 1, -1, -1) if coarse[i] < half), -1)
    return max(right - mode, mode - left)


def _centre(histogram: _Histogram, mode: float, reach: float) -> tuple[float, float, float]:
    """Return mean, standard deviation and number of the samples around ``mode``, cut at 3 σ by iteration.

    The first σ comes from the shortest interval that holds half of the samples within ``reach`` (a robust mode), so
    that the tails of slow transitions do not pull the level.
    """
    near = np.abs(histogram.centres - mode) <= reach
    if not near.any():
        return mode, 0.0, 0.0
    centres, weights = histogram.centres[near], histogram.counts[near]
    cumulated = np.concatenate([[0.0], np.cumsum(weights)])
    last = np.searchsorted(cumulated, cumulated[:-1] + cumulated[-1] / 2, side="left") - 1
    full = last < centres.size
    widths = np.where(full, centres[np.minimum(last, centres.size - 1)] - centres, np.inf)
    # Of equally short intervals the fullest.
    best = int(np.lexsort((cumulated[:-1] - cumulated[np.minimum(last + 1, centres.size)], widths))[0])
    shortest = float(widths[best]) + histogram.step
    centre = float(centres[best]) + (shortest - histogram.step) / 2
    reach = 3.0 * shortest / 1.349
    sigma, count, most = 0.0, 0.0, 2.0 * reach
    for _ in range(6):
        near = np.abs(histogram.centres - centre) <= max(reach, 1e-12 * abs(centre))
        weights = histogram.counts[near]
        count = float(weights.sum())
        if count == 0:
            return mode, 0.0, 0.0
        offsets = histogram.centres[near] - centre
        shift = float(weights @ offsets) / count
        sigma = math.sqrt(max(float(weights @ offsets**2) / count - shift**2, 0.0))
        centre += shift
        # Not below 3/4 of a code: the neighbouring code belongs to the transition when there is no noise.
        reach = min(most, max(3.0 * sigma, 0.75 * histogram.step))
    return centre, sigma, count


def _has_valley(histogram: _Histogram, low: float, high: float, bin_width: float, mode_count: float) -> bool:
    """Return whether the middle half between the levels is much emptier than the lesser mode."""
    quarter = 0.25 * (high - low)
    middle = (histogram.centres > low + quarter) & (histogram.centres < high - quarter)
    bins = max(2 * quarter / bin_width, 1.0)
    return float(histogram.counts[middle].sum()) / bins < 0.35 * mode_count
