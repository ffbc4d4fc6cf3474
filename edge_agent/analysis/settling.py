"""Settling duration after rising transitions (IEEE Std 181-2011, 5.3.4)."""

from dataclasses import dataclass

import numpy as np

from edge_agent.analysis.pulse import Edges, find_edges
from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.transitions import crossings, instants
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Settling:
    """Mean ``duration`` (s) from the 50 % instant of a rising transition to the last entry into the band."""

    duration: Quantity
    pulse_count: Quantity


def settling(waveform: Waveform, *, tolerance_percent: float = 2.0, accuracy: Accuracy = IDEAL) -> Settling | NoAnswer:
    """Return how long the signal takes to stay within ±``tolerance_percent`` of the amplitude about its high state.

    ``tolerance_percent`` (0 … 10) must be above the noise: within it there is no last entry, only the last noise peak.

    Source: IEEE Std 181-2011, 5.3.4. Units: ``duration`` in s. Accuracy: a third of a sample (second order, ζ 0.3).
    Limits: the signal must settle before the pulse or the record ends.
    """
    edges = find_edges(waveform)
    if isinstance(edges, NoAnswer):
        return edges
    band = tolerance_percent / 100.0 * edges.levels.amplitude
    if not 0.0 < tolerance_percent <= 10.0 or band < 4.0 * edges.levels.sigma_high or band < 1.0 * _code_step(edges):
        return NoAnswer(
            f"±{tolerance_percent:g} % of the amplitude is within the noise or one quantisation step; "
            "use a wider tolerance (at most 10 %) or a finer range"
        )
    durations = _durations(edges, band)
    if durations.size == 0:
        return NoAnswer("no rising transition settles before the record or the pulse ends")
    interval = edges.waveform.sample_interval_s
    value = float(durations.mean()) * interval
    # One sample of doubt where the last ripple only just touches the band.
    u = combined(float(durations.std()) * interval / durations.size**0.5, interval, edges.instant_uncertainty_s())
    return Settling(
        Quantity(value, "s", combined(u, accuracy.of_time(value))), Quantity(float(durations.size), "1", 0.0)
    )


def _code_step(edges: Edges) -> float:
    return 1.0 if edges.waveform.codes.dtype.kind in "iu" else 0.0


def _durations(edges: Edges, band: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the settling durations of all rising transitions in samples, shape (k,)."""
    codes, high, found = edges.waveform.codes, edges.levels.high, edges.transitions
    below, above = crossings(codes, high - band), crossings(codes, high + band)
    entries = [
        instants(codes, below.index[below.upward], high - band).at,
        instants(codes, above.index[~above.upward], high + band).at,
    ]
    inward = np.sort(np.concatenate(entries))
    # The pulse ends where the signal leaves the band for the falling transition.
    leaving = below.index[~below.upward]
    durations = []
    for k in np.flatnonzero(found.rising):
        begin = edges.middle.at[k]
        end = float(codes.size)
        if k + 1 < found.count:
            place = int(np.searchsorted(leaving, found.index_90[k + 1], side="right")) - 1
            end = float(leaving[place]) if place >= 0 else float(found.index_90[k + 1])
        last = int(np.searchsorted(inward, end, side="right")) - 1
        if last >= 0 and inward[last] > begin:
            durations.append(inward[last] - begin)
    return np.array(durations)
