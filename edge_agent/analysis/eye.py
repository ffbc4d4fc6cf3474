"""Eye diagram and mask test of a two-level data signal (IEEE Std 2414-2020 terms)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.pulse import find_edges
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined
from protocols.quantity import Quantity
from protocols.waveform import Waveform

Floats = npt.NDArray[np.float64]
_FEWEST_EDGES = 64
_CENTRE = 0.05
"""Half width, in unit intervals, of the middle of the eye in which height and Q are taken."""


@dataclass(frozen=True, slots=True)
class Eye:
    """``unit_interval``, ``width`` and ``jitter`` (rms of the crossings) in s, ``height`` in the waveform's unit.

    ``height`` and ``width`` are the 3 σ opening; ``q`` is the distance of the levels over the sum of their standard
    deviations, at the middle of the eye; ``mask_hits`` counts the samples within the mask.
    """

    unit_interval: Quantity
    height: Answer
    width: Answer
    q: Quantity
    jitter: Quantity
    mask_hits: Quantity


def eye(
    waveform: Waveform,
    *,
    bit_rate_hz: float | None = None,
    mask_width_ui: float = 0.4,
    mask_height_percent: float = 40.0,
    accuracy: Accuracy = IDEAL,
) -> Eye | NoAnswer:
    """Return the eye of ``waveform`` with the clock recovered from all of its edges.

    ``bit_rate_hz`` is a first guess (within 5 %); without it the shortest gaps between edges give one. The mask is a
    rectangle in the middle of the eye, ``mask_width_ui`` wide and ``mask_height_percent`` of the amplitude high.

    Source: IEEE Std 2414-2020; clock by a straight line through all crossings. Units: s, the waveform's, numbers.
    Accuracy: unit interval 0.0013 ppm (aim 0.004), Q 0.04 % (aim 0.2 %), mask hits exact. Limits: two levels (NRZ);
    a clock that drifts within the record widens the eye.
    """
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    at = edges.middle.at
    if at.size < _FEWEST_EDGES:
        return NoAnswer(f"the record has {at.size} edges; an eye needs at least {_FEWEST_EDGES}")
    guess = _shortest_gap(at) if bit_rate_hz is None else 1.0 / (bit_rate_hz * waveform.sample_interval_s)
    clock = _recovered(at, guess)
    if isinstance(clock, NoAnswer):
        return clock
    interval, first, residual = clock
    seconds = waveform.sample_interval_s
    jitter = math.sqrt(float(residual @ residual) / (at.size - 2))
    codes, levels = edges.waveform.codes, edges.levels
    begin, end = int(at[0]) + 1, int(at[-1]) + 1
    # Crossings are at phase 0, the middle of the eye at 0.5.
    phase = ((np.arange(begin, end) - first) / interval) % 1.0
    values = codes[begin:end].astype(np.float64)
    offset = np.abs(phase - 0.5)
    middle = values[offset <= _CENTRE]
    ones, zeros = middle[middle > levels.fraction(0.5)], middle[middle <= levels.fraction(0.5)]
    if min(ones.size, zeros.size) < 8:
        return NoAnswer("too few samples in the middle of the eye; use a higher sample rate")
    spread = float(ones.std() + zeros.std())
    distance = float(ones.mean() - zeros.mean())
    if spread == 0.0:
        return NoAnswer("the levels have no noise: Q is not bounded")
    inside = (offset <= 0.5 * mask_width_ui) & (
        np.abs(values - levels.fraction(0.5)) <= 0.005 * mask_height_percent * levels.amplitude
    )
    scale, fewest = edges.waveform.scale, min(ones.size, zeros.size)
    u_interval = max(jitter, edges.instant_uncertainty_s() / seconds) / _spread_of_numbers(at, first, interval)
    height = (distance - 3.0 * spread) * scale
    width = (interval - 6.0 * jitter) * seconds
    u_jitter = jitter * seconds / math.sqrt(2.0 * at.size)
    closed = NoAnswer("the eye is closed")
    unit_interval = interval * seconds
    return Eye(
        unit_interval=Quantity(unit_interval, "s", combined(u_interval * seconds, accuracy.of_time(unit_interval))),
        height=Quantity(
            height,
            waveform.unit,
            combined(3.0 * spread * scale / math.sqrt(2.0 * fewest), accuracy.of_difference(height)),
        )
        if height > 0
        else closed,
        width=Quantity(width, "s", combined(6.0 * u_jitter, accuracy.of_time(width))) if width > 0 else closed,
        q=Quantity(distance / spread, "1", distance / spread / math.sqrt(2.0 * middle.size)),
        jitter=Quantity(jitter * seconds, "s", u_jitter),
        mask_hits=Quantity(float(np.count_nonzero(inside)), "1", 0.0),
    )


def _shortest_gap(at: Floats) -> float:
    """Return the mean of the shortest gaps between edges: one unit interval of a coded signal."""
    gaps = np.sort(np.diff(at))
    shortest = float(np.median(gaps[: max(gaps.size // 16, 4)]))
    return float(gaps[gaps < 1.5 * shortest].mean())


def _recovered(at: Floats, guess: float) -> tuple[float, float, Floats] | NoAnswer:
    """Return unit interval, first crossing and residuals of the straight line through all crossings, in samples.

    Gaps are counted from edge to edge first, so that a small error of the guess does not add up.
    """
    counts = np.rint(np.diff(at) / guess)
    if counts.min() < 1 or np.abs(np.diff(at) / guess - counts).mean() > 0.15:
        return NoAnswer("the edges do not lie on the grid of one bit rate")
    number = np.concatenate([[0.0], np.cumsum(counts)])
    centred = number - number.mean()
    interval = float(centred @ (at - at.mean())) / float(centred @ centred)
    first = float(at.mean()) - interval * float(number.mean())
    return interval, first, at - first - interval * number


def _spread_of_numbers(at: Floats, first: float, interval: float) -> float:
    number = np.rint((at - first) / interval)
    return float(number.std()) * math.sqrt(at.size)
