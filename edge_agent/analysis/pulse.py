"""Pulse parameters of a two-level signal (IEEE Std 181-2011, clauses 5.3 to 5.5)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis import equivalent_time
from edge_agent.analysis.equivalent_time import Passages
from edge_agent.analysis.levels import CodeLevels, code_levels, level_uncertainty
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import problem, quantisation_step, rising_scale
from edge_agent.analysis.transitions import REFERENCES, Indices, Instants, Transitions, instants, transitions
from protocols.quantity import Quantity
from protocols.waveform import Waveform

FEWEST_SAMPLES_AN_EDGE = 2.0
"""Below this a transition duration is a guess."""
WARN_SAMPLES_AN_EDGE = 4.0
"""Down to this the cubic interpolation of a band-limited edge is within 0.5 %."""
_FEWEST_FOR_NOISE = 64
_MOST_EDGES = 4096
"""Durations and noise are means; so many edges, spread over the record, tell them as well as all do."""
_IRREGULAR = 0.2
"""Relative spread of periods or widths above which the signal is not a regular pulse train."""


@dataclass(frozen=True, slots=True)
class PulseParameters:
    """Means over all transitions of the record.

    Levels in the waveform's unit, durations in s between 50 % instants (transition durations: 10 % to 90 %),
    ``duty``, ``overshoot`` and ``undershoot`` in %: overshoot above the high state after rising transitions, undershoot
    below the low state after falling ones, both of the amplitude. ``warning`` is empty when there is none.
    """

    low: Quantity
    high: Quantity
    amplitude: Quantity
    rise_time: Answer
    fall_time: Answer
    overshoot: Answer
    undershoot: Answer
    period: Answer
    frequency: Answer
    positive_width: Answer
    negative_width: Answer
    duty: Answer
    transition_count: Quantity
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Edges:
    """Transitions of one record with their 50 % instants: what pulse, jitter and settling analysis begin with.

    ``noise`` is the standard deviation of a sample in codes, not below that of quantisation.
    """

    waveform: Waveform
    levels: CodeLevels
    transitions: Transitions
    middle: Instants
    noise: float

    def times_s(self, *, rising: bool) -> npt.NDArray[np.float64]:
        """Return the 50 % instants of rising or falling transitions in s, shape (k,)."""
        at = self.middle.at[self.transitions.in_direction(rising=rising)]
        return np.asarray(self.waveform.start_s + at * self.waveform.sample_interval_s)

    def instant_uncertainty_s(self) -> float:
        """Return the standard uncertainty of a single 50 % instant from noise and quantisation, in s."""
        if self.middle.sensitivity.size == 0:
            return 0.0
        return self.noise * float(np.median(self.middle.sensitivity)) * self.waveform.sample_interval_s


def find_edges(waveform: Waveform) -> Edges | NoAnswer:
    """Return the transitions of ``waveform``; ``NoAnswer`` when it does not stand on two levels."""
    refusal = problem(waveform, 16)
    if refusal:
        return refusal
    waveform = rising_scale(waveform)
    levels = code_levels(waveform.codes)
    if isinstance(levels, NoAnswer):
        return levels
    found = transitions(waveform.codes, levels)
    middle = instants(waveform.codes, found.index_50, levels.fraction(0.5))
    return Edges(waveform, levels, found, middle, _noise(waveform, levels, found))


def _noise(waveform: Waveform, levels: CodeLevels, found: Transitions) -> float:
    """Return the standard deviation of a sample in codes.

    Taken from second differences about the middle of up to 4,096 pulses, where the tails of the transitions, which
    widen the modes of the histogram, have died away; from the histogram when there are few pulses.
    """
    floor = quantisation_uncertainty(quantisation_step(waveform) / waveform.scale)
    if found.count < _FEWEST_FOR_NOISE:
        return max(levels.sigma_low, levels.sigma_high, floor)
    chosen = np.arange(0, found.count - 1, max(1, found.count // _MOST_EDGES))
    begin, end = found.index_50[chosen], found.index_50[chosen + 1]
    centre, spacing = (begin + end + 1) // 2, np.maximum((end - begin) // 8, 1)
    left, here, right = (waveform.codes.take(centre + k * spacing, mode="clip").astype(np.float64) for k in (-1, 0, 1))
    return max(math.sqrt(float(np.mean((left - 2 * here + right) ** 2)) / 6.0), floor)


def edge_times(waveform: Waveform) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | NoAnswer:
    """Return the 50 % instants in s of the rising and of the falling transitions, shapes (k,) and (m,)."""
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    return edges.times_s(rising=True), edges.times_s(rising=False)


def pulse_parameters(waveform: Waveform, *, accuracy: Accuracy = IDEAL) -> PulseParameters | NoAnswer:
    """Return the pulse parameters of ``waveform``; ``NoAnswer`` when it has no two levels or no transition.

    Uncertainties: scatter over the record's edges, noise and quantisation divided by the slope, the interpolation's
    own error (grows as the edge has fewer samples), and the instrument's ``accuracy``.

    Source: IEEE Std 181-2011, 5.3 to 5.5. Units: levels in the waveform's, times in s, frequency in Hz, duty and
    aberrations in %. Accuracy: transition durations 0.1 % at 4 samples an edge (trapezoid, Gaussian, RC), overshoot
    0.3 pp at 8 bit and 0.01 pp at 12 bit, period 1e-5 %, duty 0.001 pp. Limits: 2 samples an edge for a duration (a
    warning below 4), two transitions for a period, periods and widths alike within 20 %.
    """
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    if edges.transitions.count == 0:
        return NoAnswer("the record has no complete transition between the two levels")
    scale, unit, levels = edges.waveform.scale, waveform.unit, edges.levels
    step = quantisation_uncertainty(quantisation_step(waveform))
    low, high = (level * scale + edges.waveform.offset for level in (levels.low, levels.high))
    rise, fall = (_durations(edges, rising) for rising in (True, False))
    flat = _stands_still(edges)
    u_state = 0.0 if flat else _STATES_OF_NO_STANDSTILL * (high - low)
    u_low = combined(level_uncertainty(levels.sigma_low, levels.count_low) * scale, u_state, step)
    u_high = combined(level_uncertainty(levels.sigma_high, levels.count_high) * scale, u_state, step)
    period, positive, negative, duty = _timing(edges, _between_samples(edges, rise, fall, flat=flat), accuracy)
    fewest = min((d.samples for d in (rise, fall) if d.samples), default=math.inf)
    return PulseParameters(
        low=Quantity(low, unit, combined(u_low, accuracy.of_level(low))),
        high=Quantity(high, unit, combined(u_high, accuracy.of_level(high))),
        amplitude=Quantity(high - low, unit, combined(u_low, u_high, accuracy.of_difference(high - low))),
        rise_time=_duration_answer(edges, rise, accuracy),
        fall_time=_duration_answer(edges, fall, accuracy),
        overshoot=_aberration(edges, rise, rising=True),
        undershoot=_aberration(edges, fall, rising=False),
        period=period,
        frequency=_reciprocal(period),
        positive_width=positive,
        negative_width=negative,
        duty=duty,
        transition_count=Quantity(float(edges.transitions.count), "1", 0.0),
        warning=_warning(fewest, flat=flat),
    )


def _warning(samples_an_edge: float, *, flat: bool) -> str:
    if samples_an_edge < WARN_SAMPLES_AN_EDGE:
        return f"only {samples_an_edge:.2g} samples an edge; use a higher sample rate"
    return "" if flat else "the signal never stands still: its levels are where it dwells longest"


def _stands_still(edges: Edges) -> bool:
    """Return whether the record dwells on its states: a sine spends at most a quarter of its time near each.

    Looked at are up to 65,536 samples, all over the record; what noise does is told from neighbouring ones.
    """
    codes, levels = edges.waveform.codes, edges.levels
    beginning = codes[:_LOOKED_AT].astype(np.float64)
    noise = float(np.median(np.abs(np.diff(beginning, 2)))) / (0.6745 * math.sqrt(6.0))
    near = max(0.02 * levels.amplitude, 3.0 * noise, quantisation_step(edges.waveform) / edges.waveform.scale)
    looked = codes[:: max(1, -(-codes.size // _LOOKED_AT))].astype(np.float64)
    upper = looked > levels.fraction(0.5)
    shares = (
        float(np.mean(np.abs(part - level) <= near))
        for part, level in ((looked[upper], levels.high), (looked[~upper], levels.low))
        if part.size
    )
    return min(shares, default=1.0) > _SHARE_OF_A_STANDSTILL


@dataclass(frozen=True, slots=True)
class _Duration:
    """Mean 10-90 % duration of one direction in samples, and the scatter of that mean."""

    samples: float
    scatter: float
    noise: float
    count: int
    in_equivalent_time: bool = False


def _durations(edges: Edges, rising: bool) -> _Duration:
    of_direction = _spread(edges.transitions, rising, _MOST_EDGES)
    count = of_direction.size
    if count == 0:
        return _Duration(0.0, 0.0, 0.0, 0)
    codes, levels = edges.waveform.codes, edges.levels
    indices = (edges.transitions.index_10, edges.transitions.index_90)
    first, last = (
        instants(codes, index[of_direction], levels.fraction(part))
        for index, part in zip(indices, (REFERENCES[0], REFERENCES[2]), strict=True)
    )
    passages = (
        Passages(levels.fraction(part), index[of_direction], found.at)
        for part, index, found in zip((REFERENCES[0], REFERENCES[2]), indices, (first, last), strict=True)
    )
    common = equivalent_time.duration(codes, next(passages), edges.middle.at[of_direction], next(passages))
    if common is not None:
        return _Duration(common[0], common[1], 0.0, count, in_equivalent_time=True)
    durations = np.abs(last.at - first.at)
    scatter = float(durations.std()) / math.sqrt(count)
    sensitivity = math.hypot(float(np.median(first.sensitivity)), float(np.median(last.sensitivity)))
    return _Duration(float(durations.mean()), scatter, edges.noise * sensitivity / math.sqrt(count), count)


def _spread(found: Transitions, rising: bool, most: int) -> Indices:
    """Return which transitions of one direction are looked at: not many more than ``most``, all over the record."""
    every_other = found.in_direction(rising=rising)
    number = len(range(found.count)[every_other])
    return np.arange(every_other.start, found.count, 2 * max(1, math.ceil(number / most)))


def _duration_answer(edges: Edges, duration: _Duration, accuracy: Accuracy) -> Answer:
    if duration.count == 0:
        return NoAnswer("the record has no complete transition in this direction")
    if duration.samples < FEWEST_SAMPLES_AN_EDGE:
        return NoAnswer(
            f"only {duration.samples:.2g} samples an edge: the edge is faster than this sample rate can show; "
            f"at least {FEWEST_SAMPLES_AN_EDGE:g} are needed, {WARN_SAMPLES_AN_EDGE:g} for 0.5 %"
        )
    # Worst of trapezoid, Gaussian and RC edges, computed: 2 % at 4 samples, falling with the square, and 0.2 % from
    # the state levels of edges with long tails. Equivalent time has the latter only.
    single = 0.0 if duration.in_equivalent_time else 0.02 * (WARN_SAMPLES_AN_EDGE / duration.samples) ** 2
    # Each reference level is as unsure as the states are by quantisation; the mean slope is 80 % in a duration.
    step = quantisation_uncertainty(quantisation_step(edges.waveform)) / edges.waveform.scale
    relative = math.hypot(single, 0.002, math.sqrt(2.0) * step / (0.8 * edges.levels.amplitude))
    interpolation = relative * duration.samples
    interval = edges.waveform.sample_interval_s
    value = duration.samples * interval
    u = combined(duration.scatter * interval, duration.noise * interval, interpolation * interval)
    return Quantity(value, "s", combined(u, accuracy.of_time(value)))


@dataclass(frozen=True, slots=True)
class _BetweenSamples:
    """Standard uncertainty of a 50 % instant (s) because it is interpolated, and because of the levels it stands on.

    The former does not fall with the number of edges when these meet the samples at the same places each time; where
    they are known to come at many places (equivalent time), it does. The latter never does.
    """

    instant_s: float
    levels_s: float
    averages: bool

    def of_mean(self, count: int) -> float:
        return math.hypot(self.instant_s / math.sqrt(count) if self.averages else self.instant_s, self.levels_s)


_STEP_SAMPLES = 0.8
"""Apparent 10 % to 90 % duration of a step that falls between two samples."""
_LOOKED_AT = 1 << 16
_SHARE_OF_A_STANDSTILL = 1 / 3
_STATES_OF_NO_STANDSTILL = 0.075
"""Standard uncertainty of a sine's modes against its peaks, of the amplitude (8 to 24 bit, noise up to 1 %)."""
_LEVELS_OF_TAILS = 0.001
"""By how much of its duration an edge is misplaced, because the states of edges with long tails (RC) are."""


def _between_samples(edges: Edges, *durations: _Duration, flat: bool) -> _BetweenSamples:
    """Return how well an instant between samples is known: anywhere in an interval for steps, else by the square.

    The law is the worst of trapezoid, Gaussian and RC edges, computed for 0.01 to 10 samples an edge; RC reach it.
    """
    seen = [one for one in durations if one.count]
    samples = max(min(one.samples for one in seen), _STEP_SAMPLES)
    interval = edges.waveform.sample_interval_s
    instant = interval / math.sqrt(12.0) * (_STEP_SAMPLES / samples) ** 2
    # A wrong level moves an instant by the slope, 80 % of the amplitude in a duration.
    share = _LEVELS_OF_TAILS if flat else _STATES_OF_NO_STANDSTILL / math.sqrt(2.0) / 0.8
    levels = interval * share * max(one.samples for one in seen)
    return _BetweenSamples(instant, levels, all(one.in_equivalent_time for one in seen))


def _timing(edges: Edges, between: _BetweenSamples, accuracy: Accuracy) -> tuple[Answer, Answer, Answer, Answer]:
    """Return period, positive and negative width (s) and duty (%)."""
    rising, falling = edges.times_s(rising=True), edges.times_s(rising=False)
    single = edges.instant_uncertainty_s()
    # The longer train of equal edges gives the better period.
    train = rising if rising.size >= falling.size else falling
    period: Answer = NoAnswer("the record has fewer than two transitions in the same direction")
    if train.size >= 2:
        periods = np.diff(train)
        spread = _scatter(periods)
        mean = float(train[-1] - train[0]) / periods.size
        if spread > _IRREGULAR * mean:
            period = NoAnswer("the transitions do not come at regular intervals: there is no one period")
        else:
            # Only the first and last instant enter the mean; jitter moves them as much as noise does.
            u = math.sqrt(2.0) * math.hypot(single, between.instant_s, spread / math.sqrt(2.0)) / periods.size
            period = Quantity(mean, "s", combined(u, accuracy.of_time(mean)))
    times = edges.waveform.start_s + edges.middle.at * edges.waveform.sample_interval_s
    widths = np.diff(times)
    # A width belongs to the transition that it begins with.
    positive, negative = (
        _width(widths[edges.transitions.in_direction(rising=rises)], name, single, between, accuracy)
        for rises, name in ((True, "positive"), (False, "negative"))
    )
    return period, positive, negative, _duty(period, positive)


def _scatter(values: npt.NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else 0.0


def _width(
    widths: npt.NDArray[np.float64], name: str, single: float, between: _BetweenSamples, accuracy: Accuracy
) -> Answer:
    if widths.size == 0:
        return NoAnswer(f"the record has no complete {name} pulse")
    mean, spread = float(widths.mean()), _scatter(widths)
    if spread > _IRREGULAR * mean:
        return NoAnswer(f"the {name} pulses differ in width: there is no one width")
    u = math.hypot(math.sqrt(2.0) * single, spread) / math.sqrt(widths.size)
    u = math.hypot(u, math.sqrt(2.0) * between.of_mean(widths.size))
    return Quantity(mean, "s", combined(u, accuracy.of_time(mean)))


def _duty(period: Answer, positive: Answer) -> Answer:
    if isinstance(period, NoAnswer):
        return period
    if isinstance(positive, NoAnswer):
        return positive
    value = 100.0 * positive.value / period.value
    relative = combined(
        (positive.standard_uncertainty or 0.0) / positive.value, (period.standard_uncertainty or 0.0) / period.value
    )
    return Quantity(value, "%", None if relative is None else relative * value)


def _reciprocal(period: Answer) -> Answer:
    if isinstance(period, NoAnswer):
        return period
    value = 1.0 / period.value
    return Quantity(
        value, "Hz", None if period.standard_uncertainty is None else period.standard_uncertainty * value**2
    )


_MOST_WINDOWS = 256
_ABERRATION_OF_FEW = 1e-4
"""What smoothing and level search leave at four samples an edge, of the amplitude."""
_REGION = 8
"""The post-transition aberration region is taken as this many transition durations."""


def _aberration(edges: Edges, duration: _Duration, *, rising: bool) -> Answer:
    """Return the mean excursion beyond the state after a transition, in % of the amplitude.

    Each of up to 256 regions is smoothed by a parabola a quarter of a transition duration to either side, so that the
    peak between samples is met and noise does not pass for overshoot.
    """
    if duration.count == 0:
        return NoAnswer("the record has no complete transition in this direction")
    found, codes = edges.transitions, edges.waveform.codes
    stride = max(1, int(duration.samples // 32))
    length = math.ceil(_REGION * duration.samples / stride) + 4
    ends = np.append(np.minimum(found.index_10[1:], found.index_90[1:]), codes.size - 1)
    chosen = _spread(found, rising, _MOST_WINDOWS)
    begin = (found.index_90 if rising else found.index_10)[chosen]
    index = begin[:, None] + stride * np.arange(length)
    region = codes[np.minimum(index, ends[chosen][:, None])].astype(np.float64)
    beyond = region - edges.levels.high if rising else edges.levels.low - region
    half = min(max(1, round(0.25 * duration.samples / stride)), (length - 1) // 2)
    peaks = _smoothed_peaks(beyond, half)
    amplitude = edges.levels.amplitude
    value = 100.0 * float(peaks.mean()) / amplitude
    smoothing = math.sqrt(9.0 / (4.0 * (2 * half + 1)))
    step = quantisation_uncertainty(quantisation_step(edges.waveform)) / edges.waveform.scale
    # The highest of many places is too high by noise; a parabola through a sharp corner is above every sample.
    picked = edges.noise * smoothing * math.sqrt(2.0 * math.log(max(length / (2 * half + 1), 2.0)))
    above = float(np.maximum(peaks - beyond.max(axis=1), 0.0).mean())
    samples = max(duration.samples, _STEP_SAMPLES)
    method = _ABERRATION_OF_FEW * amplitude * max(1.0, (WARN_SAMPLES_AN_EDGE / samples) ** 2)
    u = combined(float(peaks.std()) / math.sqrt(peaks.size), edges.noise * smoothing, picked, above, method, step)
    return Quantity(max(value, 0.0), "%", None if u is None else 100.0 * u / amplitude)


def _smoothed_peaks(rows: npt.NDArray[Any], half: int) -> npt.NDArray[np.float64]:
    """Return each row's highest vertex of the parabolas fitted to 2·``half`` + 1 neighbours, shape (rows,)."""
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    width = offsets.size
    second, fourth = float((offsets**2).sum()), float((offsets**4).sum())
    windows = rows.shape[1] - 2 * half
    total, first, square = (np.zeros((rows.shape[0], windows)) for _ in range(3))
    for k, offset in enumerate(offsets):
        part = rows[:, k : k + windows]
        total += part
        first += offset * part
        square += offset * offset * part
    determinant = width * fourth - second**2
    curvature = (width * square - second * total) / determinant
    slope = first / second
    centre = (fourth * total - second * square) / determinant
    place = np.argmax(centre, axis=1)
    row = np.arange(rows.shape[0])
    a, b, c = curvature[row, place], slope[row, place], centre[row, place]
    # The vertex, as long as it lies within a sample of the highest window's centre.
    inside = (a < 0) & (np.abs(b) <= 2 * np.abs(a))
    vertex = c - b**2 / np.where(inside, 4 * a, -1.0)
    result: npt.NDArray[np.float64] = np.where(inside, vertex, c)
    return result
