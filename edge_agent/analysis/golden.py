"""A record against those of good units: alignment below a sample, and an envelope learned from the good ones."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.samples import problem
from protocols.quantity import Quantity
from protocols.waveform import Waveform

Floats = npt.NDArray[np.float64]
_FEWEST_GOOD = 3
_ROUNDS = 3
_POOL = 16
"""Samples whose scatter is pooled: neighbours share their noise, and Student's t needs degrees of freedom."""


@dataclass(frozen=True, slots=True)
class GoldenComparison:
    """``delay`` (s) against the good units, ``worst`` deviation and ``limit`` in standard deviations, % ``outside``.

    ``matches`` is true when no sample is beyond the limit, which a good unit fails at the stated false-reject rate.
    """

    matches: bool
    worst: Quantity
    limit: Quantity
    outside: Quantity
    worst_at: Quantity
    delay: Quantity


def delay_samples(record: Floats, reference: Floats) -> float:
    """Return by how many samples ``record`` comes later than ``reference``, both shape (n,), by their cross spectrum.

    The highest correlation gives whole samples; the slope of the phase, weighted by power, the rest.
    """
    from scipy import fft

    n = record.size
    window = np.hanning(n + 2)[1:-1]
    target = fft.rfft((reference - reference.mean()) * window)
    total = 0.0
    frequency = 2 * math.pi * np.arange(target.size) / n
    for turn in range(_ROUNDS + 1):
        moved = shifted(record, -total) if turn else record
        cross = fft.rfft((moved - moved.mean()) * window) * np.conj(target)
        if turn == 0:
            place = int(np.argmax(fft.irfft(cross, n)))
            total = float(place - n if place > n // 2 else place)
            continue
        weight, phase = np.abs(cross), np.angle(cross)
        total -= float((weight * frequency) @ phase) / float((weight * frequency) @ frequency)
    return total


def golden_comparison(
    waveforms: tuple[Waveform, ...] | list[Waveform], *, false_reject: float = 0.001, accuracy: Accuracy = IDEAL
) -> GoldenComparison | NoAnswer:
    """Compare the first waveform with the others, records of good units taken at the same settings.

    The envelope is mean ± t·s·√(1 + 1/N) at each sample, s pooled over 16 neighbours, t of Student such that a good
    unit has any of its samples outside with a chance of at most ``false_reject`` (Bonferroni).

    Source: Student's prediction interval with Bonferroni's bound; delay by phase slope. Units: numbers of standard
    deviations, %, s. Accuracy: alignment 0.0002 sample rms at 40 dB (aim 0.0003); the false-reject rate is what is
    asked for. Limits: three good units at the same settings; pooled spread assumes that neighbours vary alike.
    """
    if len(waveforms) < 1 + _FEWEST_GOOD:
        return NoAnswer(f"the envelope needs at least {_FEWEST_GOOD} good units")
    for waveform in waveforms:
        refusal = problem(waveform, 64)
        if refusal:
            return NoAnswer(f"{waveform.name}: {refusal.reason}")
    if len({waveform.codes.size for waveform in waveforms}) > 1:
        return NoAnswer("the records differ in length; take all of them at the same settings")
    from scipy.special import stdtrit

    device, *good = (waveform.values() for waveform in waveforms)
    first = good[0]
    aligned = np.array([shifted(one, -delay_samples(one, first)) for one in good])
    mean = aligned.mean(axis=0)
    delay = delay_samples(device, mean)
    # The shift joins the record's ends; what it brought in takes no part.
    margin = min(math.ceil(abs(delay)) + 8, mean.size // 4)
    inner = slice(margin, mean.size - margin)
    number = len(good)
    scatter = _pooled(aligned.var(axis=0, ddof=1)[inner])
    spread = np.sqrt(np.maximum(scatter, 1e-30)) * math.sqrt(1 + 1 / number)
    deviation = np.abs(shifted(device, -delay) - mean)[inner] / spread
    freedom = (number - 1) * _POOL
    limit = -float(stdtrit(freedom, false_reject / 2 / deviation.size))
    place = int(np.argmax(deviation))
    interval = waveforms[0].sample_interval_s
    worst_at = waveforms[0].start_s + (place + margin) * interval
    return GoldenComparison(
        matches=bool(deviation[place] <= limit),
        worst=Quantity(float(deviation[place]), "1", 1.0),
        limit=Quantity(limit, "1", 0.0),
        outside=Quantity(100.0 * float(np.mean(deviation > limit)), "%", 0.0),
        worst_at=Quantity(worst_at, "s", interval),
        delay=Quantity(delay * interval, "s", combined(0.01 * interval, accuracy.of_time(delay * interval))),
    )


def _pooled(variance: Floats) -> Floats:
    kernel = np.full(_POOL, 1.0 / _POOL)
    padded: Any = np.pad(variance, (_POOL // 2, _POOL - 1 - _POOL // 2), mode="edge")
    return np.asarray(np.convolve(padded, kernel, mode="valid"))


def shifted(values: Floats, samples: float) -> Floats:
    """Return ``values`` delayed by ``samples`` (Fourier shift: the record's ends are joined)."""
    from scipy import fft

    ramp = np.exp(-2j * math.pi * fft.rfftfreq(values.size) * samples)
    return np.asarray(fft.irfft(fft.rfft(values) * ramp, values.size))
