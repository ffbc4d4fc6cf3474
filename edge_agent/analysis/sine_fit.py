"""Least-squares sine fits with known (3-parameter) and unknown (4-parameter) frequency (IEEE Std 1057-2017)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.fourier import cheap_length, peak_of
from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.samples import problem
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_MOST_ITERATIONS = 30
_FEWEST_PERIODS = 1.5
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SineFit:
    """``amplitude``·cos(2π·``frequency``·t + ``phase``) + ``offset``, t from the record's own time zero.

    ``amplitude`` (peak), ``offset`` and ``residual_rms`` in the waveform's unit, ``phase`` in rad (-π … π), ``sinad``
    in dB, ``enob`` in bit. The uncertainties are the Cramér-Rao bounds for a white residual, and the instrument's.
    """

    frequency: Quantity
    amplitude: Quantity
    phase: Quantity
    offset: Quantity
    residual_rms: Quantity
    sinad: Quantity
    enob: Quantity


@dataclass(frozen=True, slots=True)
class _Fit:
    """In-phase and quadrature amplitude about the record's middle, offset, residual rms; codes and radians a sample."""

    omega: float
    cosine: float
    sine: float
    offset: float
    residual: float

    @property
    def amplitude(self) -> float:
        return math.hypot(self.cosine, self.sine)


def sine_fit_3(waveform: Waveform, *, frequency_hz: float, accuracy: Accuracy = IDEAL) -> SineFit | NoAnswer:
    """Fit amplitude, phase and offset at a known ``frequency_hz`` (below half the sample rate)."""
    refusal = problem(waveform, 8)
    if refusal:
        return refusal
    omega = 2 * math.pi * frequency_hz * waveform.sample_interval_s
    if not 0 < omega < math.pi:
        return NoAnswer(f"{frequency_hz:g} Hz is not between zero and half the sample rate")
    fit = _at_frequency(waveform.codes.astype(np.float64), omega)
    return _result(waveform, fit, accuracy, free_frequency=False)


def sine_fit_4(
    waveform: Waveform, *, frequency_hz: float | None = None, accuracy: Accuracy = IDEAL
) -> SineFit | NoAnswer:
    """Fit frequency, amplitude, phase and offset, beginning at ``frequency_hz`` (the strongest line if ``None``).

    ``NoAnswer`` when there is no line to begin with, or the fit leaves the bin in which it began.

    Source: IEEE Std 1057-2017, annex A. Units: Hz, rad, dB, bit, the waveform's. Accuracy: frequency 1e-15 of
    itself without noise (1 M points), else the Cramér-Rao bound. Limits: 1.5 periods, 2 samples a period, one sine.
    """
    refusal = problem(waveform, 16)
    if refusal:
        return refusal
    codes = waveform.codes.astype(np.float64)
    n = codes.size
    begin = _strongest_line(codes) if frequency_hz is None else frequency_hz * waveform.sample_interval_s
    if isinstance(begin, NoAnswer):
        return begin
    if not _FEWEST_PERIODS <= begin * n <= n / 2 - 0.5:
        return NoAnswer("fewer than two periods in the record, or fewer than two samples a period")
    omega = first = 2 * math.pi * begin
    fit = _at_frequency(codes, omega)
    for _ in range(_MOST_ITERATIONS):
        if fit.amplitude == 0.0:
            return NoAnswer("the signal is constant")
        step = _frequency_step(codes, fit)
        omega += step
        if not abs(omega - first) < 2 * math.pi / n:
            return NoAnswer("the sine fit does not converge: the signal is no single sine")
        fit = _at_frequency(codes, omega)
        if abs(step) < 1e-15 * omega + 1e-13 * 2 * math.pi / n:
            break
    if fit.residual > 0.7 * fit.amplitude:
        return NoAnswer("the signal is no sine: the residual is as large as the fit")
    return _result(waveform, fit, accuracy, free_frequency=True)


def _strongest_line(codes: Floats) -> float | NoAnswer:
    """Return the frequency of the strongest line in cycles a sample, within a tenth of a bin (Hann window)."""
    from scipy import fft

    n = cheap_length(codes.size)
    part = codes[:n] - codes[:n].mean()
    window = 0.5 - 0.5 * np.cos(np.arange(n) * (2 * math.pi / n))
    power = np.abs(fft.rfft(part * window)) ** 2
    inner = power[1:-1]
    if inner.size == 0 or not inner.max() > 0:
        return NoAnswer("the signal is constant")
    return peak_of(power, 1 + int(np.argmax(inner)))[0] / n


def _basis(n: int, omega: float) -> tuple[Floats, Floats]:
    """Return cosine and sine of ``omega`` about the record's middle, shapes (n,).

    Built by the addition theorem from blocks of 1,024, which costs a fifth of n cosines and keeps 1e-15.
    """
    block = 1024
    rows = -(-n // block)
    fine = omega * np.arange(block)
    coarse = omega * (np.arange(rows) * float(block) - (n - 1) / 2)
    cos_f, sin_f, cos_c, sin_c = np.cos(fine), np.sin(fine), np.cos(coarse)[:, None], np.sin(coarse)[:, None]
    return (cos_c * cos_f - sin_c * sin_f).ravel()[:n], (sin_c * cos_f + cos_c * sin_f).ravel()[:n]


def _solve(columns: list[Floats], codes: Floats) -> Floats:
    """Return the least-squares coefficients by normal equations (the columns are well separated)."""
    matrix = np.array([[float(a @ b) for b in columns] for a in columns])
    right = np.array([float(a @ codes) for a in columns])
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])


def _at_frequency(codes: Floats, omega: float) -> _Fit:
    cosine, sine = _basis(codes.size, omega)
    a, b, c = (float(x) for x in _solve([cosine, sine, np.ones(codes.size)], codes))
    residual = codes - a * cosine - b * sine - c
    return _Fit(omega, a, b, c, math.sqrt(float(residual @ residual) / codes.size))


def _frequency_step(codes: Floats, fit: _Fit) -> float:
    """Return the Gauss-Newton correction of ``fit.omega``."""
    n = codes.size
    cosine, sine = _basis(n, fit.omega)
    time = np.arange(n) - (n - 1) / 2
    slope = time * (fit.sine * cosine - fit.cosine * sine) / n
    residual = codes - fit.cosine * cosine - fit.sine * sine - fit.offset
    return float(_solve([cosine, sine, np.ones(n), slope], residual)[3]) / n


def _result(waveform: Waveform, fit: _Fit, accuracy: Accuracy, *, free_frequency: bool) -> SineFit | NoAnswer:
    n, scale, interval = waveform.codes.size, waveform.scale, waveform.sample_interval_s
    amplitude, residual = fit.amplitude * abs(scale), fit.residual * abs(scale)
    if amplitude == 0.0:
        return NoAnswer("the signal is constant")
    frequency = fit.omega / (2 * math.pi * interval)
    ratio = residual / amplitude
    # Cramér-Rao bounds of a sine in white noise.
    u_frequency = math.sqrt(24.0) * ratio / (2 * math.pi * n**1.5 * interval) if free_frequency else 0.0
    u_phase = ratio * math.sqrt(2.0 / n)
    # From the middle of the record, where phase and frequency are independent, to its time zero.
    to_zero = -waveform.start_s - (n - 1) / 2 * interval
    middle_phase = math.atan2(-fit.sine * scale, fit.cosine * scale)
    phase = math.remainder(middle_phase + 2 * math.pi * frequency * to_zero, 2 * math.pi)
    offset = fit.offset * scale + waveform.offset
    sinad = math.inf if residual == 0 else 20 * math.log10(amplitude / math.sqrt(2.0) / residual)
    u_db = 20 / math.log(10) / math.sqrt(2.0 * n)
    unit = waveform.unit
    return SineFit(
        frequency=Quantity(frequency, "Hz", combined(u_frequency, accuracy.of_time(frequency))),
        amplitude=Quantity(amplitude, unit, combined(residual * math.sqrt(2.0 / n), accuracy.of_difference(amplitude))),
        phase=Quantity(phase, "rad", combined(u_phase, 2 * math.pi * u_frequency * to_zero)),
        offset=Quantity(offset, unit, combined(residual / math.sqrt(n), accuracy.of_level(offset))),
        residual_rms=Quantity(
            residual, unit, combined(residual / math.sqrt(2.0 * n), accuracy.of_difference(residual))
        ),
        sinad=Quantity(sinad, "dB", u_db),
        enob=Quantity((sinad - 10 * math.log10(1.5)) / (20 * math.log10(2.0)), "bit", u_db / (20 * math.log10(2.0))),
    )
