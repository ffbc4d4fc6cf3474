"""Start-up sequencing of several rails: when each reaches a part of its final value, and in which order."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_agent.analysis.pulse import find_edges
from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.transitions import instants
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Sequencing:
    """``order`` names the rails as they came up, separated by `` < ``; ``shortest_gap`` and ``total`` in s."""

    order: str
    shortest_gap: Quantity
    total: Quantity
    times: tuple[Quantity, ...] = ()
    """Instant of each rail, in the order of the input."""


def sequencing(
    waveforms: tuple[Waveform, ...] | list[Waveform], *, percent: float = 90.0, accuracy: Accuracy = IDEAL
) -> Sequencing | NoAnswer:
    """Return when each of two or more rails first rises through ``percent`` of its swing.

    Source: IEEE Std 181-2011 reference levels on each rail. Units: s; ``percent`` of each rail's swing. Accuracy:
    0.01 sample of the worst of four 90 % instants (aim 0.5 sample). Limits: each rail must rise within the record;
    all share one time axis.
    """
    if len(waveforms) < 2:
        return NoAnswer("sequencing needs at least two rails")
    times = []
    for waveform in waveforms:
        edges = find_edges(waveform)
        if isinstance(edges, NoAnswer):
            return NoAnswer(f"{waveform.name}: {edges.reason}")
        rising = np.flatnonzero(edges.transitions.rising)
        if rising.size == 0:
            return NoAnswer(f"{waveform.name} does not come up within the record")
        codes, level = edges.waveform.codes, edges.levels.fraction(percent / 100.0)
        first = rising[0]
        after = edges.transitions.index_10[first]
        above = codes[after:] > level
        if not above.any():
            return NoAnswer(f"{waveform.name} does not reach {percent:g} % within the record")
        index = np.array([after + int(np.argmax(above)) - 1])
        at = instants(codes, index, level)
        interval = waveform.sample_interval_s
        time = waveform.start_s + float(at.at[0]) * interval
        u = edges.noise * float(at.sensitivity[0]) * interval
        times.append(Quantity(time, "s", combined(u, 0.1 * interval)))
    ranked = sorted(range(len(times)), key=lambda k: times[k].value)
    gaps = [
        (times[b].value - times[a].value, combined(times[a].standard_uncertainty, times[b].standard_uncertainty))
        for a, b in pairwise(ranked)
    ]
    gap, u_gap = min(gaps)
    first_time, last_time = times[ranked[0]], times[ranked[-1]]
    total = last_time.value - first_time.value
    u_total = combined(first_time.standard_uncertainty, last_time.standard_uncertainty, accuracy.of_time(total))
    return Sequencing(
        order=" < ".join(waveforms[k].name for k in ranked),
        shortest_gap=Quantity(gap, "s", combined(u_gap, accuracy.of_time(gap))),
        total=Quantity(total, "s", u_total),
        times=tuple(times),
    )
