"""What the other groups leave: means, periods, settling, load steps, impedances, audio, hot spots."""

import math

import numpy as np
import numpy.typing as npt

from benchwright.verification.case import Case, Found, absolute, relative
from benchwright.verification.pulses import digitised, field
from edge_agent.analysis.audio import thd_plus_noise
from edge_agent.analysis.current_step import load_step
from edge_agent.analysis.pulse import pulse_parameters
from edge_agent.analysis.response import response
from edge_agent.analysis.settling import settling
from edge_agent.analysis.statistics import statistics
from edge_agent.analysis.thermal import hot_spots_against
from protocols.waveform import ThermalImage, Waveform

Floats = npt.NDArray[np.float64]
_PERIOD, _WIDTH = 1000.37, 400.19
_REACTANCE = -1 / (2 * math.pi * 1e3 * 1e-6)


def _mean() -> Found:
    data = np.array([10000000.2] + [10000000.1, 10000000.3] * 500)
    return relative(10000000.2, field(statistics(Waveform("case", data, 1.0)), "mean"))


def _train(name: str, truth: float, factor: float) -> Found:
    """Pulses with edges of 8 samples that begin anywhere between two samples."""
    phase = np.mod(np.arange(400_000.0) + 0.29, _PERIOD)
    shape = np.clip((phase - 100) / 8, 0, 1) - np.clip((phase - 100 - _WIDTH) / 8, 0, 1)
    return relative(truth, field(pulse_parameters(digitised(shape, 8, 0.5)), name), factor)


def _second_order(t: Floats, zeta: float, omega: float) -> Floats:
    damped = math.sqrt(1 - zeta**2)
    t = omega * np.maximum(t, 0.0)
    return np.asarray(1 - np.exp(-zeta * t) * (np.cos(damped * t) + zeta / damped * np.sin(damped * t)))


def _settling() -> Found:
    """The truth is read off the same curve a thousand times finer."""
    zeta, omega, band = 0.3, 0.02, 0.05
    fine = np.arange(0.0, 900.0, 1e-3)
    curve = _second_order(fine, zeta, omega)
    last = fine[np.flatnonzero(np.abs(curve - 1) > band)[-1]]
    half = fine[np.flatnonzero(curve >= 0.5)[0]]
    phase = np.mod(np.arange(200_000.0), 4000.37)
    wave = digitised(_second_order(phase - 50, zeta, omega) - _second_order(phase - 2050, zeta, omega), 14)
    return absolute(float(last - half), field(settling(wave, tolerance_percent=100 * band), "duration"))


def _recovery() -> Found:
    """5 V that drops by 200 mV and comes back to -50 mV with τ = 200 samples; the band is 1 % of that."""
    t = np.arange(20_000.0) - 4000.31
    volts = 5.0 - np.where(t > 0, 0.05 + 0.15 * np.exp(-np.maximum(t, 0) / 200), 0.0)
    wave = Waveform("case", np.round(volts / 1e-4).astype(np.int32), 1.0, scale=1e-4)
    return absolute(200 * math.log(0.15 / 0.0495), field(load_step(wave, band_percent=1.0), "recovery"))


def _impedance(name: str, truth: float) -> Found:
    """47 Ω in series with 1 µF at 1 kHz: the current first, then the voltage, 12 bits each."""
    t = np.arange(50_000) * 1e-6
    turn = 2 * math.pi * 1e3 * t
    magnitude, angle = math.hypot(47, _REACTANCE), math.atan2(_REACTANCE, 47)
    current = np.round(1900 * np.cos(turn)).astype(np.int16)
    voltage = np.round(1900 * np.cos(turn + angle)).astype(np.int16)
    waves = [
        Waveform("i", current, 1e-6, unit="A", scale=1e-5),
        Waveform("u", voltage, 1e-6, scale=1e-5 * magnitude),
    ]
    found = field(response(waves, frequency_hz=1e3), name)
    return relative(truth, found, 100) if name == "gain" else absolute(truth, found)


def _thd_n() -> Found:
    t = np.arange(96_000) / 96e3
    values = np.cos(2 * math.pi * 997 * t) + 1e-3 * np.cos(2 * math.pi * 2991 * t + 1)
    values += 0.05 * np.cos(2 * math.pi * 30e3 * t) + np.random.default_rng(1).normal(0, 5e-4, t.size)
    rest = 1e-3**2 / 2 + 5e-4**2 * (20_000 - 20) / 48_000
    return absolute(
        10 * math.log10(rest / (0.5 + rest)), field(thd_plus_noise(Waveform("case", values, 1 / 96e3)), "thd_n")
    )


def _hot_spot() -> Found:
    """A part 6 K too warm on a board in a room 2 K warmer than the good one's."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:192, 0:256]
    board = 25 + 12 * np.exp(-((y - 60) ** 2 + (x - 150) ** 2) / 120)
    warm = board + 2 + 6 * np.exp(-((y - 100) ** 2 + (x - 90) ** 2) / 50)
    image, golden = (
        ThermalImage((one + rng.normal(0, 0.05, one.shape)).astype(np.float32), 0.95) for one in (warm, board)
    )
    return absolute(6.0, field(hot_spots_against(image, reference=golden, threshold_k=3.0), "rise"))


CASES = (
    Case("mean", "NIST StRD NumAcc4", "1", 1e-14, "relative", _mean),
    Case("period", "trapezoid, 8 bit, σ 0.5 LSB", "s", 1e-3, "%", lambda: _train("period", _PERIOD, 100)),
    Case("duty", "trapezoid, 8 bit, σ 0.5 LSB", "%", 0.01, "%", lambda: _train("duty", 100 * _WIDTH / _PERIOD, 100)),
    Case("settling, ± 5 %", "second order, ζ 0.3, 14 bit", "s", 0.5, "sample", _settling),
    Case("load step: recovery", "exponential, 1 % band", "s", 1.0, "sample", _recovery),
    Case(
        "impedance: magnitude", "47 Ω and 1 µF at 1 kHz", "V/A", 0.01, "%",
        lambda: _impedance("gain", math.hypot(47, _REACTANCE)),
    ),
    Case(
        "impedance: phase", "47 Ω and 1 µF at 1 kHz", "deg", 0.01, "deg",
        lambda: _impedance("phase", math.degrees(math.atan2(_REACTANCE, 47))),
    ),
    Case("THD+N, 20 Hz to 20 kHz", "third harmonic −60 dB, noise, 30 kHz beside", "dB", 0.1, "dB", _thd_n),
    Case("hot spot against golden", "6 K, room 2 K warmer, 50 mK noise", "K", 0.2, "K", _hot_spot),
)  # fmt: skip
