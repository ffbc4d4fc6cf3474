"""Frequency of a crystal or clock: least squares on all edges, or the sine fit, whichever is the surer."""

import math
from dataclasses import dataclass

import numpy as np

from edge_agent.analysis.jitter import tie
from edge_agent.analysis.pulse import Edges, find_edges
from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined, from_limit
from edge_agent.analysis.sine_fit import SineFit, sine_fit_4
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_FEWEST_EDGES = 3
_IRREGULAR = 0.2
_SURE_RATIO = 4.0


@dataclass(frozen=True, slots=True)
class FrequencyError:
    """``frequency`` in Hz; ``error`` against nominal in [ppm]; ``method`` is ``edges`` or ``sine``.

    ``record_uncertainty`` ([ppm], k = 1) is what noise, quantisation and length of the record allow, ``time_base``
    ([ppm], k = 1) what the instrument's own clock adds. Where the time base is not known, neither is the uncertainty of
    frequency and error, and ``warning`` says so.
    """

    frequency: Quantity
    error: Quantity
    record_uncertainty: Quantity
    time_base: Quantity | NoAnswer
    method: str
    warning: str = ""


def frequency_error(
    waveform: Waveform,
    *,
    nominal_hz: float,
    time_base_ppm: float | None = None,
    accuracy: Accuracy = IDEAL,
) -> FrequencyError | NoAnswer:
    """Return the frequency of ``waveform`` and its error against ``nominal_hz``.

    ``time_base_ppm`` is the tolerance ± of the instrument's time base; without it that of ``accuracy`` is used.
    ``NoAnswer`` when there is neither a regular train of edges nor a sine.

    Source: least squares over the edges, or the 4-parameter sine fit (IEEE Std 1057-2017). Units: Hz and ppm.
    Accuracy: 0.10 ppm rms with 10,000 points of 8 bit at σ 1.5 LSB, near the Cramér-Rao bound. Limits: the
    instrument's time base is usually the larger doubt and is in ``error``.
    """
    if not (math.isfinite(nominal_hz) and nominal_hz > 0):
        return NoAnswer(f"the nominal frequency must be above zero, not {nominal_hz:g} Hz")
    candidates = [found for found in (_by_edges(waveform), _by_sine(waveform)) if isinstance(found, _Estimate)]
    if not candidates:
        return NoAnswer("the record holds neither a regular train of edges nor a sine")
    best = min(candidates, key=lambda one: one.uncertainty_hz)
    if len(candidates) == 2:
        # Two methods that contradict each other mean a signal that is neither.
        edges, sine = candidates
        tolerance = _SURE_RATIO * math.hypot(edges.uncertainty_hz, sine.uncertainty_hz) + 0.01 * best.frequency_hz
        if abs(edges.frequency_hz - sine.frequency_hz) > tolerance:
            best = edges
    time_base = from_limit(time_base_ppm * 1e-6) if time_base_ppm is not None else accuracy.time_base
    known = time_base_ppm is not None or accuracy.time_base > 0
    value = best.frequency_hz
    u = combined(best.uncertainty_hz, time_base * value) if known else None
    return FrequencyError(
        frequency=Quantity(value, "Hz", u),
        error=Quantity((value / nominal_hz - 1.0) * 1e6, "[ppm]", None if u is None else u / nominal_hz * 1e6),
        record_uncertainty=Quantity(best.uncertainty_hz / value * 1e6, "[ppm]"),
        time_base=Quantity(time_base * 1e6, "[ppm]") if known else NoAnswer("the time base's tolerance is not given"),
        method=best.method,
        warning="" if known else "the time base of the instrument is not known: the error may be its own",
    )


@dataclass(frozen=True, slots=True)
class _Estimate:
    frequency_hz: float
    uncertainty_hz: float
    method: str


def _by_edges(waveform: Waveform) -> _Estimate | NoAnswer:
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    trains = [_line(edges, rising=rising) for rising in (True, False)]
    good = [one for one in trains if isinstance(one, _Estimate)]
    if not good:
        return NoAnswer("too few regular edges")
    # Rising and falling edges have their own delay but one period: two estimates, weighted by their certainty.
    weights = [1.0 / one.uncertainty_hz**2 for one in good]
    mean = sum(w * one.frequency_hz for w, one in zip(weights, good, strict=True)) / sum(weights)
    return _Estimate(mean, 1.0 / math.sqrt(sum(weights)), "edges")


def _line(edges: Edges, *, rising: bool) -> _Estimate | NoAnswer:
    """Return the frequency by a straight line through edge times over edge number."""
    at = edges.middle.at[edges.transitions.rising == rising]
    if at.size < _FEWEST_EDGES:
        return NoAnswer("too few edges")
    periods = np.diff(at)
    if periods.std() > _IRREGULAR * periods.mean():
        return NoAnswer("irregular edges")
    number = np.arange(at.size) - (at.size - 1) / 2
    period = float(number @ (at - at.mean())) / float(number @ number)
    residual = tie(at)
    scatter = math.sqrt(float(residual @ residual) / (at.size - 2))
    # The edges cannot be surer than noise and quantisation divided by their slope.
    single = max(scatter, edges.instant_uncertainty_s() / edges.waveform.sample_interval_s, 1e-9)
    u_period = single / math.sqrt(float(number @ number))
    interval = edges.waveform.sample_interval_s
    return _Estimate(1.0 / (period * interval), u_period / (period**2 * interval), "edges")


def _by_sine(waveform: Waveform) -> _Estimate | NoAnswer:
    fit = sine_fit_4(waveform)
    if not isinstance(fit, SineFit):
        return fit
    floor = 1e-15 * fit.frequency.value
    return _Estimate(fit.frequency.value, max(fit.frequency.standard_uncertainty or 0.0, floor), "sine")
