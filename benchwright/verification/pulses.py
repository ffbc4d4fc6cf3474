"""Levels, edges, clocks, eyes and rails."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchwright.verification.case import Case, Found, absolute, number, relative
from edge_agent.analysis.current_step import esr_and_capacitance, inrush
from edge_agent.analysis.eye import eye
from edge_agent.analysis.frequency import frequency_error
from edge_agent.analysis.jitter import jitter
from edge_agent.analysis.levels import state_levels
from edge_agent.analysis.pulse import pulse_parameters
from edge_agent.analysis.rail import rail
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.samples import code_deviation, code_mean
from edge_agent.analysis.sequencing import sequencing
from edge_agent.analysis.stability import allan_deviation
from protocols.waveform import Waveform

Floats = npt.NDArray[np.float64]
Edge = Callable[[Floats], Floats]
_DURATION = 4.0
_PERIOD = 1000.37


def field(result: Any, name: str) -> Any:
    """Return one field of a result, or the reason why there is no result."""
    return result if isinstance(result, NoAnswer) else getattr(result, name)


def digitised(values: Floats, bits: int, sigma_lsb: float = 0.0, low: float = 0.1, high: float = 0.9) -> Waveform:
    """Return 0 … 1 as codes of an ideal converter, one sample a second."""
    codes = (low + (high - low) * values) * 2**bits + np.random.default_rng(7).normal(0, sigma_lsb, values.size)
    return Waveform("case", codes.round().astype(np.uint8 if bits <= 8 else np.int16), 1.0)


def _gaussian(t: Floats) -> Floats:
    from scipy.special import erf

    shape: Floats = 0.5 * (1 + erf(t * 1.8123876048736465 / _DURATION))
    return shape


def _trapezoid(t: Floats) -> Floats:
    return np.clip(0.8 * t / _DURATION + 0.5, 0.0, 1.0)


def _rc(t: Floats) -> Floats:
    return 1 - np.exp(-np.maximum(t, 0.0) * math.log(9.0) / _DURATION)


def _duration(edge: Edge) -> Found:
    phase = np.mod(np.arange(400_000.0), _PERIOD) - 250
    return relative(
        _DURATION, field(pulse_parameters(digitised(edge(phase) - edge(phase - 500), 14)), "rise_time"), 100
    )


def _overshoot(bits: int, sigma_lsb: float) -> Found:
    zeta, omega = 0.3, 0.1
    damped = math.sqrt(1 - zeta**2)

    def step(t: Floats) -> Floats:
        t = omega * np.maximum(t, 0.0)
        return 1 - np.exp(-zeta * t) * (np.cos(damped * t) + zeta / damped * np.sin(damped * t))

    phase = np.mod(np.arange(200_000.0), 2000.3819)
    wave = digitised(step(phase - 50) - step(phase - 1050), bits, sigma_lsb, 0.3, 0.7)
    return absolute(100 * math.exp(-math.pi * zeta / damped), field(pulse_parameters(wave), "overshoot"))


def _jitter() -> Found:
    n, period, sigma = 300_000, 50.37, 0.05
    i = np.arange(n, dtype=float)
    k = (i / period).astype(int) + 3
    moved = np.random.default_rng(5).normal(0, sigma, int(n / period) + 10)
    numbers = np.arange(moved.size) - 3
    y = np.zeros(n)
    for near in (-1, 0, 1):
        rise = numbers[k + near] * period + moved[k + near]
        y += _gaussian((i - rise) / 0.9) - _gaussian((i - (numbers[k + near] + 0.5) * period) / 0.9)
    return relative(sigma, field(jitter(digitised(y, 8, 0.5, 0.2, 0.8)), "tie"), 100)


def _levels() -> Found:
    clean = np.where(np.arange(100_000) % 1000 < 500, 30.37, 201.81)
    codes = (clean + np.random.default_rng(1).normal(0, 1.2, clean.size)).round().astype(np.uint8)
    return absolute(201.81, field(state_levels(Waveform("case", codes, 1e-6)), "high"))


_UI = 20.013


def _prbs_eye(*, planted: bool = False) -> Any:
    n, state = 1_000_000, 0x7F
    bits = [0]
    for _ in range(int(n / _UI) + 2):
        new = ((state >> 6) ^ (state >> 5)) & 1
        state = (state << 1 | new) & 0x7F
        bits.append(new)
    level, i = np.array(bits, float), np.arange(n, dtype=float)
    bit = (i / _UI).astype(int)
    y = level[bit + 1].copy()
    for near in (0, 1):
        t = i - (bit + near) * _UI
        y += (level[bit + near + 1] - level[bit + near]) * (_gaussian(0.8 * t) - (t >= 0))
    codes = (40 + 160 * y + np.random.default_rng(3).normal(0, 4.0, n)).round().astype(np.uint8)
    if planted:
        codes[[round((k + 0.5) * _UI) for k in (100, 900, 2500, 4000)]] = 120
    return eye(Waveform("case", codes, 1e-9))


def _quality() -> Found:
    return relative(160 / (2 * math.hypot(4.0, 12**-0.5)), field(_prbs_eye(), "q"), 100)


def _ripple() -> Found:
    n, rate = 1_000_000, 1e9
    i = np.arange(n)
    triangle = 25e-3 * (4 * np.abs((i * 100e3 / rate) % 1.0 - 0.5) - 1)
    x = 3.3 + triangle + 20e-3 * np.sin(2 * np.pi * 0.15 * i) + np.random.default_rng(4).normal(0, 2e-3, n)
    found = rail(Waveform("case", x, 1 / rate), bandwidth_hz=20e6)
    return relative(math.sqrt(25e-3**2 / 3 + 2e-3**2 * 20e6 / 0.5e9), field(found, "ripple_rms"), 100)


def _i2t() -> Found:
    t = np.arange(40_000) * 1e-6
    current = np.where(t >= 5e-3, 8.0 * np.exp(-(t - 5e-3) / 2e-3), 0.0)
    wave = Waveform("case", np.round(current / 0.05).astype(np.uint8), 1e-6, unit="A", scale=0.05)
    return relative(8.0**2 * 2e-3 / 2, field(inrush(wave), "i2t"), 100)


def _sequence() -> Found:
    i = np.arange(20_000, dtype=float)
    starts = (1000.3, 2000.7, 2003.1, 7000.9)
    rails = [replace(digitised(np.clip((i - s) / 40.0, 0, 1), 12), name=f"R{k}") for k, s in enumerate(starts)]
    found = sequencing(rails)
    if isinstance(found, NoAnswer) or found.order != "R0 < R1 < R2 < R3":
        return absolute(starts[-1] + 36, float("nan"))
    errors = [abs(number(time) - start - 36) for time, start in zip(found.times, starts, strict=True)]
    return Found(starts[-1] + 36, number(found.times[-1]), max(errors))


def _crystal() -> Found:
    answers = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        turn = 2 * np.pi * 0.1 * (1 + 37e-6) * np.arange(10_000) + rng.uniform(0, 6)
        codes = (128 + 110 * np.sin(turn) + rng.normal(0, 1.5, turn.size)).round().astype(np.uint8)
        wave = Waveform("case", codes, 1 / 80e6)
        answers.append(number(field(frequency_error(wave, nominal_hz=8e6, time_base_ppm=25), "error")))
    return Found(37.0, float(np.mean(answers)), math.sqrt(float(np.mean((np.array(answers) - 37.0) ** 2))))


def _capacitor(name: str, truth: float) -> Found:
    t = (np.arange(5000) - 500) * 1e-6
    clean = np.where(t >= 0, 0.1 * (35e-3 + t / 470e-6), 0.0)
    wave = Waveform("case", clean + np.random.default_rng(2).normal(0, 200e-6, 5000), 1e-6)
    return relative(truth, field(esr_and_capacitance(wave, current_a=0.1), name), 100)


def _numacc4() -> Found:
    data = np.array([10000000.2] + [10000000.1, 10000000.3] * 500)
    return relative(0.1, code_deviation(data, code_mean(data)))


def _allan() -> Found:
    numbers, state = [], 1234567890
    for _ in range(1000):
        numbers.append(state / 2147483647)
        state = 16807 * state % 2147483647
    return relative(9.159953e-2, allan_deviation(np.array(numbers), 10))


CASES = (
    Case("standard deviation", "NIST StRD NumAcc4", "1", 1e-8, "relative", _numacc4),
    Case("Allan deviation", "NIST SP 1065 test suite, m = 10, overlapping", "1", 1e-6, "relative", _allan),
    Case("ESR", "0.1 A step, 200 µV noise", "Ohm", 1.0, "%", lambda: _capacitor("esr", 35e-3)),
    Case("capacitance", "0.1 A step, 200 µV noise", "F", 1.0, "%", lambda: _capacitor("capacitance", 470e-6)),
    Case("state levels", "two levels, σ 1.2 LSB", "LSB", 0.1, "LSB", _levels),
    Case("transition duration", "trapezoid, 4 samples an edge", "s", 0.5, "%", lambda: _duration(_trapezoid)),
    Case("transition duration", "Gaussian, 4 samples an edge", "s", 0.5, "%", lambda: _duration(_gaussian)),
    Case("transition duration", "RC, 4 samples an edge", "s", 0.5, "%", lambda: _duration(_rc)),
    Case("overshoot", "second order, ζ 0.3, 8 bit", "%", 0.6, "pp", lambda: _overshoot(8, 0.0)),
    Case("overshoot", "second order, ζ 0.3, 12 bit, σ 0.5 LSB", "%", 0.02, "pp", lambda: _overshoot(12, 0.5)),
    Case("jitter (TIE)", "Gaussian, 0.05 sample, σ 0.5 LSB", "s", 10.0, "%", _jitter),
    Case("rail ripple, 20 MHz", "triangle, 150 MHz spur, noise", "V", 0.5, "%", _ripple),
    Case("inrush I²t", "8 A exp(−t/2 ms), 8 bit", "A2.s", 0.5, "%", _i2t),
    Case("sequencing", "4 ramps, worst 90 % instant", "s", 0.5, "sample", _sequence),
    Case("crystal frequency", "10,000 points, σ 1.5 LSB, rms of 30", "[ppm]", 0.165, "ppm", _crystal),
    Case(
        "eye: unit interval", "PRBS7, 20.013 samples", "s", 0.004, "ppm",
        lambda: relative(_UI * 1e-9, field(_prbs_eye(), "unit_interval"), 1e6),
    ),
    Case("eye: Q", "PRBS7, σ 4 LSB", "1", 0.2, "%", _quality),
    Case(
        "eye: mask hits", "4 planted samples", "1", 0.0, "1",
        lambda: absolute(4, field(_prbs_eye(planted=True), "mask_hits")),
    ),
)  # fmt: skip
