"""Emissivity and reflected temperature (ISO 18434-1), and the thermal time constant of a part."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.samples import problem
from edge_agent.analysis.thermal import pixel_noise
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage, Waveform

ZERO_C_K = 273.15
_MOST_READINGS = 16_384


@dataclass(frozen=True, slots=True)
class Planck:
    """A camera's calibration: signal = ``r`` / (exp(``b`` / T) - ``f``), T in K. ``r`` cancels in a correction."""

    b: float = 1428.0
    f: float = 1.0
    r: float = 1.0

    def signal(self, celsius: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
        """Return the signal of a black body, same shape as ``celsius``."""
        return np.asarray(self.r / (np.exp(self.b / (np.asarray(celsius) + ZERO_C_K)) - self.f))

    def celsius(self, signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the temperature of a black body with this ``signal`` (> 0), same shape."""
        return np.asarray(self.b / np.log(self.r / signal + self.f) - ZERO_C_K)


LONG_WAVE = Planck()
"""A typical 8-14 µm microbolometer camera."""


def corrected(
    image: ThermalImage, *, emissivity: float, reflected_c: float, planck: Planck = LONG_WAVE
) -> ThermalImage | NoAnswer:
    """Return ``image`` for a surface of ``emissivity`` that mirrors surroundings of ``reflected_c``.

    The emissivity and reflected temperature that the image was made with are undone first. A pixel that would be
    colder than absolute zero allows becomes NaN.
    """
    if not (0.05 <= emissivity <= 1.0 and 0.05 <= image.emissivity <= 1.0):
        return NoAnswer("below an emissivity of 0.05 a surface shows its surroundings, not itself")
    signal = planck.signal(image.temperatures_c.astype(np.float64))
    if image.emissivity < 1.0:
        before = image.reflected_c
        if before is None:
            return NoAnswer("the image was made for an emissivity below 1 with an unknown reflected temperature")
        signal = image.emissivity * signal + (1 - image.emissivity) * planck.signal(before)
    surface = (signal - (1 - emissivity) * planck.signal(reflected_c)) / emissivity
    surface = np.where(surface > 0, surface, np.nan)
    temperatures = planck.celsius(surface).astype(np.float32)
    return replace(image, temperatures_c=temperatures, emissivity=emissivity, reflected_c=reflected_c)


@dataclass(frozen=True, slots=True)
class Surface:
    """Temperatures of a surface of known emissivity (Cel); ``correction`` is what it adds at the hottest pixel (K)."""

    maximum: Quantity
    minimum: Quantity
    mean: Quantity
    correction: Quantity


def surface_temperature(
    image: ThermalImage, *, emissivity: float, reflected_c: float, accuracy: Accuracy = IDEAL
) -> Surface | NoAnswer:
    """Return the temperatures of ``image`` for a surface of ``emissivity`` that mirrors ``reflected_c`` (ISO 18434-1).

    Source: ISO 18434-1, Planck's law in the R/B/F form. Units: Cel, K, ``emissivity`` as a part of 1. Accuracy:
    within 0.008 K of the forward model at ε 0.95; what is not known of ε and of the surroundings comes on top and
    is larger. Limits: ε from 0.05; Planck constants of a typical 8-14 µm camera.
    """
    found = corrected(image, emissivity=emissivity, reflected_c=reflected_c)
    if isinstance(found, NoAnswer):
        return found
    valid = found.temperatures_c[np.isfinite(found.temperatures_c)].astype(np.float64)
    if valid.size == 0:
        return NoAnswer("no pixel can have this emissivity: all are colder than the reflected part allows")
    hottest = np.unravel_index(int(np.nanargmax(found.temperatures_c)), found.temperatures_c.shape)
    noise = pixel_noise(found.temperatures_c)
    highest, lowest, mean = float(valid.max()), float(valid.min()), float(valid.mean())
    correction = highest - float(image.temperatures_c[hottest])
    return Surface(
        maximum=Quantity(highest, "Cel", combined(noise, accuracy.of_level(highest))),
        minimum=Quantity(lowest, "Cel", combined(noise, accuracy.of_level(lowest))),
        mean=Quantity(mean, "Cel", combined(noise / math.sqrt(valid.size), accuracy.of_level(mean))),
        correction=Quantity(correction, "K", accuracy.of_difference(correction)),
    )


@dataclass(frozen=True, slots=True)
class TimeConstant:
    """``tau`` (s) and the ``final`` value (Cel) that the part approaches; ``rise`` (K) from the first reading to it."""

    tau: Quantity
    final: Quantity
    rise: Quantity


def time_constant(waveform: Waveform) -> TimeConstant | NoAnswer:
    """Return the time constant of temperatures (Cel) that approach a final value exponentially.

    ``NoAnswer`` when the readings do not approach anything, or the record is shorter than half the time constant.

    Source: least squares of one exponential (Gauss-Newton). Units: s, Cel, K. Accuracy: 0.11 % rms of τ 35 s from
    40 s at 10 Hz and 40 mK noise (aim 0.2 %). Limits: 16 readings; half a time constant of record; one time
    constant only; of more than 16,384 readings the means of blocks.
    """
    refusal = problem(waveform, 16)
    if refusal:
        return refusal
    # Of long records the means of equal blocks: a part changes little within a block, and the noise falls as well.
    block = -(-waveform.codes.size // _MOST_READINGS)
    values = waveform.values()[: waveform.codes.size // block * block].reshape(-1, block).mean(axis=1)
    n = values.size
    t = np.arange(n, dtype=np.float64) * (waveform.sample_interval_s * block)
    duration = float(t[-1])
    taus = duration * np.geomspace(0.02, 20.0, 121)
    best = int(np.argmin([_fit(t, values, tau)[1] for tau in taus]))
    tau = float(taus[best])
    for _ in range(40):
        coefficients, _residual = _fit(t, values, tau)
        decay = np.exp(-t / tau)
        basis = np.column_stack([np.ones(n), decay, coefficients[1] * decay * t / tau**2])
        step = float(np.linalg.lstsq(basis, values - basis[:, :2] @ coefficients, rcond=None)[0][2])
        tau += max(min(step, 0.5 * tau), -0.5 * tau)
        if abs(step) < 1e-10 * tau:
            break
    coefficients, residual = _fit(t, values, tau)
    decay = np.exp(-t / tau)
    basis = np.column_stack([np.ones(n), decay, coefficients[1] * decay * t / tau**2])
    covariance = np.linalg.pinv(basis.T @ basis) * residual / max(n - 3, 1)
    u_final, u_rise, u_tau = (math.sqrt(max(float(covariance[k, k]), 0.0)) for k in range(3))
    if not (math.isfinite(tau) and 0 < tau <= 2 * duration and u_tau < 0.2 * tau):
        return NoAnswer("the temperature does not approach a final value within the record; watch it longer")
    return TimeConstant(
        Quantity(tau, "s", u_tau),
        Quantity(float(coefficients[0]), "Cel", u_final),
        Quantity(-float(coefficients[1]), "K", u_rise),
    )


def _fit(
    t: npt.NDArray[np.float64], values: npt.NDArray[np.float64], tau: float
) -> tuple[npt.NDArray[np.float64], float]:
    """Return final value and amplitude for one time constant, and the squared residual."""
    basis = np.column_stack([np.ones(t.size), np.exp(-t / tau)])
    coefficients = np.linalg.lstsq(basis, values, rcond=None)[0]
    rest = values - basis @ coefficients
    return coefficients, float(rest @ rest)
