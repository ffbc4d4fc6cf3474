"""Motor current signature: sidebands of the supply line that a fault of rotor or bearing makes (ISO 20958)."""

import math
from dataclasses import dataclass

import numpy as np

from edge_agent.analysis.fourier import MAIN_LOBE, Spectrum, blackman_harris_7, cheap_length, peak_of, power_spectrum
from edge_agent.analysis.result import Answer, NoAnswer
from edge_agent.analysis.samples import problem
from protocols.quantity import Quantity
from protocols.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Sidebands:
    """Lower and upper sideband in dB below the line (negative), and the line's frequency in Hz."""

    lower: Answer
    upper: Answer
    line: Quantity


def sidebands(waveform: Waveform, *, line_hz: float, offset_hz: float) -> Sidebands | NoAnswer:
    """Return the level of the sidebands ``offset_hz`` beside the line near ``line_hz``.

    Line and sideband must be at least 15 bins apart, so the record must last 15 / ``offset_hz``.

    Source: ISO 20958:2013, motor current signature analysis. Units: dB below the line, Hz. Accuracy: 0.012 dB at
    -50 dBc (aim 0.04 dB). Limits: 15 / ``offset_hz`` of record; slip must be known to place the bands.
    """
    refusal = problem(waveform, 256)
    if refusal:
        return refusal
    n = cheap_length(waveform.codes.size)
    bin_hz = 1.0 / (n * waveform.sample_interval_s)
    if offset_hz < (2 * MAIN_LOBE + 1) * bin_hz:
        return NoAnswer(f"sidebands {offset_hz:g} Hz from the line need a record of {15 / offset_hz:.3g} s")
    power = power_spectrum(waveform.codes[:n], blackman_harris_7(n, single=False))
    centre = _highest(power, line_hz / bin_hz, MAIN_LOBE)
    if centre is None:
        return NoAnswer(f"the line at {line_hz:g} Hz or its sidebands lie outside the spectrum")
    position, height = peak_of(power, centre)
    levels: list[Answer] = []
    for sign in (-1, 1):
        place = _highest(power, position + sign * offset_hz / bin_hz, 2)
        if place is None:
            return NoAnswer(f"the line at {line_hz:g} Hz or its sidebands lie outside the spectrum")
        around = [*power[place - 12 : place - MAIN_LOBE], *power[place + MAIN_LOBE + 1 : place + 13]]
        floor = sorted(around)[len(around) // 2]
        peak = peak_of(power, place)[1]
        if peak < 20.0 * floor:
            limit = 10 * math.log10(20.0 * max(floor, 1e-300) / height)
            levels.append(NoAnswer(f"no sideband above the noise ({limit:.0f} dB)"))
        else:
            u = 10 / math.log(10) * math.sqrt(2.0 * floor / peak)
            levels.append(Quantity(10 * math.log10(peak / height), "dB", math.hypot(u, 0.02)))
    return Sidebands(levels[0], levels[1], Quantity(position * bin_hz, "Hz", 0.02 * bin_hz))


def _highest(power: Spectrum, place: float, reach: int) -> int | None:
    """Return the highest bin within ``reach`` of ``place``; ``None`` too near to an end of the spectrum."""
    low, high = round(place) - reach, round(place) + reach + 1
    if low < 13 or high + 13 > power.size:
        return None
    return low + int(np.argmax(power[low:high]))
