"""What a current step shows: ESR and capacitance of a capacitor, inrush, the answer of a rail to a load step."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import problem, quantisation_step
from protocols.quantity import Quantity
from protocols.waveform import Waveform

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Capacitor:
    """Equivalent series resistance (Ohm) and capacitance (F)."""

    esr: Quantity
    capacitance: Quantity


@dataclass(frozen=True, slots=True)
class Inrush:
    """``i2t`` in A2.s, ``peak`` in A, ``duration`` in s during which the current is above a tenth of its peak."""

    peak: Quantity
    i2t: Quantity
    charge: Quantity
    duration: Quantity


@dataclass(frozen=True, slots=True)
class LoadStep:
    """Values before and after, largest deviation below and above, and s until the rail stays within its band."""

    before: Quantity
    after: Quantity
    undershoot: Quantity
    overshoot: Quantity
    recovery: Answer


def esr_and_capacitance(waveform: Waveform, *, current_a: float, accuracy: Accuracy = IDEAL) -> Capacitor | NoAnswer:
    """Return ESR and capacitance from the voltage while a constant ``current_a`` is switched on: v = i (ESR + t / C).

    The step must lie within the record, with at least 8 samples on either side. Straight lines before and after the
    step are extrapolated to its instant.

    Source: v = i (ESR + t / C); straight lines by least squares. Units: Ohm, F; ``current_a`` in A. Accuracy: ESR
    0.4 %, capacitance 0.03 % of 35 mΩ and 470 µF at 0.1 A and 200 µV noise (aim 1 %). Limits: 32 samples; a current
    that is constant after the step.
    """
    refusal = problem(waveform, 32)
    if refusal:
        return refusal
    if current_a == 0 or not math.isfinite(current_a):
        return NoAnswer("the current of the step must not be zero")
    values = waveform.values()
    place = _largest_jump(values)
    n = values.size
    if not 8 <= place <= n - 9:
        return NoAnswer("the step lies too near to an end of the record")
    # The sample at the step may lie on its edge.
    before = _line(np.arange(place), values[:place])
    after = _line(np.arange(place + 1, n), values[place + 1 :])
    jump = after.at(place) - before.at(place)
    u_jump = math.hypot(after.uncertainty_at(place), before.uncertainty_at(place))
    # A slope of half a sample's travel is what the instant of the step leaves open.
    u_jump = math.hypot(u_jump, 0.5 * abs(after.slope - before.slope) / math.sqrt(3.0))
    slope = (after.slope - before.slope) / waveform.sample_interval_s
    u_slope = math.hypot(after.u_slope, before.u_slope) / waveform.sample_interval_s
    if abs(slope) < 5 * u_slope or slope / current_a <= 0:
        return NoAnswer("the voltage does not rise with the current: no capacitor, or too short a record")
    if jump / current_a < -3 * u_jump / abs(current_a):
        return NoAnswer("the voltage jumps against the current: check the polarity of probe and current")
    esr, capacitance = jump / current_a, current_a / slope
    return Capacitor(
        Quantity(esr, "Ohm", combined(u_jump / abs(current_a), accuracy.of_difference(esr))),
        Quantity(
            capacitance,
            "F",
            combined(capacitance * u_slope / abs(slope), accuracy.of_difference(capacitance)),
        ),
    )


def inrush(waveform: Waveform, *, accuracy: Accuracy = IDEAL) -> Inrush | NoAnswer:
    """Return peak, I²t and charge of the inrush in ``waveform`` (A), by the trapezoidal rule over the whole record.

    Source: ∫ i² dt of fuse data sheets (IEC 60127), trapezoidal rule. Units: A, A2.s, C, s. Accuracy: 0.06 % of I²t
    at 8 bit (aim 0.5 %). Limits: 16 samples; the current must fall to a tenth of its peak within the record.
    """
    refusal = problem(waveform, 16)
    if refusal:
        return refusal
    values, interval = waveform.values(), waveform.sample_interval_s
    peak = float(np.abs(values).max())
    if peak == 0.0:
        return NoAnswer("no current flows in the record")
    above = np.flatnonzero(np.abs(values) > 0.1 * peak)
    if above[-1] == values.size - 1:
        return NoAnswer("the current has not fallen to a tenth of its peak within the record; capture a longer one")
    i2t = float(np.trapezoid(values**2, dx=interval))
    charge = float(np.trapezoid(values, dx=interval))
    step = quantisation_uncertainty(quantisation_step(waveform))
    energy = math.sqrt(float(values @ values))
    # A step at the record's resolution is known to half a sample.
    start = 0.5 * interval * peak**2 / math.sqrt(3.0)
    duration = float(above[-1] - above[0]) * interval
    # One quantisation step at a tenth of the peak, in terms of an exponential's time constant (duration / ln 10).
    u_duration = math.hypot(interval / math.sqrt(6.0), duration / math.log(10.0) * step / (0.1 * peak))
    return Inrush(
        peak=Quantity(peak, waveform.unit, combined(step, accuracy.of_level(peak))),
        i2t=Quantity(i2t, "A2.s", combined(2 * step * energy * interval, start, 2 * accuracy.of_difference(i2t))),
        charge=Quantity(
            charge,
            "C",
            combined(step * interval * math.sqrt(values.size), 0.5 * interval * peak, accuracy.of_difference(charge)),
        ),
        duration=Quantity(duration, "s", combined(u_duration, accuracy.of_time(duration))),
    )


def load_step(waveform: Waveform, *, band_percent: float = 2.0, accuracy: Accuracy = IDEAL) -> LoadStep | NoAnswer:
    """Return how a rail answers to a load step: before it, its extremes, and how long until it stays within its band.

    ``before`` is the mean of the first and ``after`` of the last eighth of the record; the band is ±``band_percent``
    of ``after``. Recovery counts from the first sample outside the band; where the rail stood outside it before the
    step as well, from where it leaves that level.

    Source: makers' guides to load transients. Units: the waveform's and s. Accuracy: a third of a sample of the
    recovery; noise for the extremes. Limits: 64 samples, an eighth of which before the step; the band must be 4
    times the noise.
    """
    refusal = problem(waveform, 64)
    if refusal:
        return refusal
    values, eighth = waveform.values(), waveform.codes.size // 8
    before, after = float(values[:eighth].mean()), float(values[-eighth:].mean())
    noise = float(values[:eighth].std())
    band = abs(after) * band_percent / 100.0
    if band <= 4.0 * noise:
        return NoAnswer(f"±{band_percent:g} % is within the noise of the rail; use a wider band")
    outside = np.flatnonzero(np.abs(values - after) > band)
    outside = outside[outside >= eighth]
    if abs(before - after) > band and outside.size:
        # The rail stood outside the band before the step as well: the answer begins where it leaves that level.
        left = np.flatnonzero(np.abs(values[eighth:] - before) > band)
        outside = outside[outside >= eighth + left[0]] if left.size else outside[:0]
    recovery: Answer = Quantity(0.0, "s", waveform.sample_interval_s)
    if outside.size and outside[-1] >= values.size - eighth:
        recovery = NoAnswer("the rail does not settle within the record; capture a longer one")
    elif outside.size:
        duration = float(outside[-1] + 1 - outside[0]) * waveform.sample_interval_s
        recovery = Quantity(duration, "s", combined(waveform.sample_interval_s, accuracy.of_time(duration)))
    unit, u_mean = waveform.unit, noise / math.sqrt(eighth)
    lowest, highest = float(values[eighth:].min()), float(values[eighth:].max())
    under, over = max(min(before, after) - lowest, 0.0), max(highest - max(before, after), 0.0)
    return LoadStep(
        before=Quantity(before, unit, combined(u_mean, accuracy.of_level(before))),
        after=Quantity(after, unit, combined(u_mean, accuracy.of_level(after))),
        undershoot=Quantity(under, unit, combined(noise, accuracy.of_difference(under))),
        overshoot=Quantity(over, unit, combined(noise, accuracy.of_difference(over))),
        recovery=recovery,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A least-squares straight line over the sample number."""

    centre: float
    mean: float
    slope: float
    u_mean: float
    u_slope: float

    def at(self, place: float) -> float:
        return self.mean + self.slope * (place - self.centre)

    def uncertainty_at(self, place: float) -> float:
        return math.hypot(self.u_mean, self.u_slope * (place - self.centre))


def _line(places: npt.NDArray[Any], values: Floats) -> _Line:
    centre, mean = float(places.mean()), float(values.mean())
    number = places - centre
    spread = float(number @ number)
    slope = float(number @ values) / spread
    residual = values - mean - slope * number
    scatter = math.sqrt(float(residual @ residual) / max(values.size - 2, 1))
    return _Line(centre, mean, slope, scatter / math.sqrt(values.size), scatter / math.sqrt(spread))


def _largest_jump(values: Floats) -> int:
    """Return where two neighbouring windows' straight lines break apart most (means of 1/64 of the record)."""
    width = max(4, values.size // 64)
    total = np.concatenate([[0.0], np.cumsum(values - values.mean())])
    means = (total[width:] - total[:-width]) / width
    jump = np.abs(means[width:] - means[:-width])
    rough = int(np.argmax(jump)) + width
    # Exactly: the split that leaves least scatter about two lines, near the rough place.
    begin = max(0, rough - 3 * width)
    scatter = _scatter(values[begin : rough + 3 * width])
    first, last = max(4, rough - width) - begin, min(values.size - 4, rough + width + 1) - begin
    near = scatter[first:last]
    return begin + first + int(np.argmin(near)) if near.size and np.isfinite(near).any() else rough


def _scatter(values: Floats) -> Floats:
    """Return the squared residual about two straight lines that meet at each place, shape (n,); inf near the ends.

    Sums over the samples before a place are the differences of running sums, so that all places take one pass.
    """
    n = values.size
    total = np.full(n, np.inf)
    if n < 7:
        return total
    centred = values - values.mean()
    number = np.arange(n, dtype=np.float64)
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (centred, number * centred, centred**2)]
    place = np.arange(3, n - 2)
    scatter = np.zeros(place.size)
    for before in (True, False):
        count = (place if before else n - place).astype(np.float64)
        plain, moment, square = (one[place] if before else one[-1] - one[place] for one in sums)
        middle = (count - 1) / 2 + (0 if before else place)
        slope = moment - middle * plain
        scatter += square - plain**2 / count - slope**2 / (count * (count**2 - 1) / 12)
    total[place] = scatter
    return total
