"""Jitter of a clock: time interval error, period and cycle-to-cycle jitter (IEEE Std 2414-2020)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.pulse import find_edges
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_FEWEST_EDGES = 32


@dataclass(frozen=True, slots=True)
class Jitter:
    """RMS jitter of the rising edges in s, freed of what noise divided by the slope adds; ``tie_pp`` is not freed.

    ``tie`` is the deviation from the best constant-rate clock, ``period`` of a period from the mean one, ``cycle`` of a
    period from the one before. ``slope_noise`` is what was taken off a single edge.
    """

    tie: Answer
    period: Answer
    cycle: Answer
    tie_pp: Quantity
    slope_noise: Quantity
    edge_count: Quantity


def jitter(waveform: Waveform, *, accuracy: Accuracy = IDEAL) -> Jitter | NoAnswer:
    """Return the jitter of the rising 50 % instants of ``waveform``; a clock with at least 32 of them is needed.

    Source: IEEE Std 2414-2020, time interval error; noise over slope is taken off. Units: s; ``edge_count`` is a
    number. Accuracy: 0.3 % of 0.05 sample rms at σ 0.5 LSB (aim 10 %). Limits: 32 rising edges; periods alike
    within 20 %; jitter below the slope's own noise is no number.
    """
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    rising = edges.transitions.rising
    interval = edges.waveform.sample_interval_s
    times = edges.middle.at[rising] * interval
    if times.size < _FEWEST_EDGES:
        return NoAnswer(f"the record has {times.size} rising edges; jitter needs at least {_FEWEST_EDGES}")
    periods = np.diff(times)
    if periods.std() > 0.2 * periods.mean():
        return NoAnswer("the edges do not come at regular intervals: this is no clock")
    noise_s = edges.noise * interval
    sensitivity = edges.middle.sensitivity[rising[:: edges.middle.stride]]
    noise_variance = float(np.mean((sensitivity * noise_s) ** 2))
    deviations = tie(times)
    u_step = math.sqrt(noise_variance)
    return Jitter(
        tie=_freed(deviations, 1.0, noise_variance, accuracy, lost=2),
        period=_freed(periods - periods.mean(), 2.0, noise_variance, accuracy, lost=1),
        cycle=_freed(np.diff(periods), 6.0, noise_variance, accuracy, lost=0),
        tie_pp=Quantity(float(np.ptp(deviations)), "s", combined(math.sqrt(2.0) * u_step)),
        slope_noise=Quantity(u_step, "s", u_step / math.sqrt(2.0 * times.size)),
        edge_count=Quantity(float(times.size), "1", 0.0),
    )


def tie(times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the deviations of edge times, shape (k,), from their least-squares straight line over the edge number."""
    number = np.arange(times_s.size) - (times_s.size - 1) / 2
    centred = times_s - times_s.mean()
    return np.asarray(centred - number * (float(number @ centred) / float(number @ number)))


def _freed(
    deviations: npt.NDArray[np.float64], edges_per_value: float, noise_variance: float, accuracy: Accuracy, *, lost: int
) -> Answer:
    """Return the rms of ``deviations`` without slope noise, or why none is left."""
    free = deviations.size - lost
    variance = float(deviations @ deviations) / free
    noise = edges_per_value * noise_variance
    # Neighbouring values share edges, so fewer are independent than there are.
    u_variance = variance * math.sqrt(2.0 * edges_per_value / free)
    left = variance - noise
    if left <= 2.0 * u_variance:
        limit = math.sqrt(max(left, 0.0) + 2.0 * u_variance)
        return NoAnswer(f"hidden below the noise of the edges: less than {limit:.2g} s rms")
    value = math.sqrt(left)
    # The noise of the edges is itself known to about 5 %.
    u = combined(u_variance / (2 * value), 0.1 * noise / (2 * value), accuracy.of_time(value))
    return Quantity(value, "s", u)
