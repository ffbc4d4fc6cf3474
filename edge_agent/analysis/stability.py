"""Drift and Allan deviation of a series of readings (IEEE Std 1139-2022, NIST SP 1065)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.samples import problem
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_FEWEST = 8


@dataclass(frozen=True, slots=True)
class Stability:
    """``deviation``: overlapping Allan deviation at ``tau`` (s), in the readings' unit; ``drift`` in that a second."""

    deviation: Quantity
    tau: Quantity
    drift: Quantity
    spread: Quantity


def allan_deviation(readings: npt.NDArray[np.float64], averaging: int, *, overlapping: bool = True) -> float:
    """Return the Allan deviation of evenly spaced ``readings``, shape (n,), at ``averaging`` readings (SP 1065, 5.2).

    At least 2·``averaging`` readings are needed, or ``ValueError`` is raised.
    """
    if averaging < 1 or readings.size < 2 * averaging:
        raise ValueError(f"{readings.size} readings are too few for an averaging of {averaging}")
    phase = np.concatenate([[0.0], np.cumsum(readings - readings.mean())])
    if not overlapping:
        phase = phase[::averaging]
        averages = np.diff(phase) / averaging
        return math.sqrt(0.5 * float(np.mean(np.diff(averages) ** 2)))
    second = phase[2 * averaging :] - 2 * phase[averaging:-averaging] + phase[: -2 * averaging]
    return math.sqrt(float(np.mean(second**2)) / 2) / averaging


def stability(waveform: Waveform, *, tau_s: float | None = None) -> Stability | NoAnswer:
    """Return drift and Allan deviation of readings taken at even intervals; ``tau_s`` is the interval if not given.

    Source: IEEE Std 1139-2022, NIST SP 1065 (overlapping Allan deviation). Units: the readings', that a second for
    the drift, s for ``tau``. Accuracy: 5e-8 of the 1,000-point suite of SP 1065 (aim 1e-6). Limits: 8 readings at even
    intervals; ``tau_s`` up to a third of the record.
    """
    refusal = problem(waveform, _FEWEST)
    if refusal:
        return refusal
    interval = waveform.sample_interval_s
    averaging = 1 if tau_s is None else round(tau_s / interval)
    n = waveform.codes.size
    if averaging < 1 or 3 * averaging > n:
        return NoAnswer(
            f"{n} readings every {interval:g} s say nothing about {tau_s:g} s; a third of the record at most"
        )
    values = waveform.values()
    number = np.arange(n) - (n - 1) / 2
    centred = values - values.mean()
    slope = float(number @ centred) / float(number @ number)
    residual = centred - slope * number
    scatter = math.sqrt(float(residual @ residual) / (n - 2))
    deviation = allan_deviation(values, averaging)
    unit = waveform.unit
    return Stability(
        # About n / m independent differences for white noise.
        deviation=Quantity(deviation, unit, deviation / math.sqrt(max(n / averaging - 1, 1.0))),
        tau=Quantity(averaging * interval, "s", 0.0),
        drift=Quantity(slope / interval, f"{unit}/s", scatter / math.sqrt(float(number @ number)) / interval),
        spread=Quantity(float(values.std(ddof=1)), unit, float(values.std(ddof=1)) / math.sqrt(2.0 * (n - 1))),
    )
