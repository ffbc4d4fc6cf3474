"""Synthetic signals whose parameters are known exactly, for the tests of edge_agent.analysis."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity
from protocols.waveform import Waveform

Floats = npt.NDArray[np.float64]
LN9 = math.log(9.0)


def erf(x: Floats) -> Floats:
    from scipy.special import erf as exact

    return exact(x)


def trapezoid_edge(t: Floats, duration: float) -> Floats:
    """0 to 1, 50 % at t = 0, 10-90 % ``duration``."""
    return np.clip(t / (duration / 0.8) + 0.5, 0.0, 1.0)


def gaussian_edge(t: Floats, duration: float) -> Floats:
    return 0.5 * (1 + erf(t * (2 * 0.9061938024368232) / duration))


def rc_edge(t: Floats, duration: float) -> Floats:
    tau = duration / LN9
    return np.where(t < 0, 0.0, 1 - np.exp(-np.maximum(t, 0.0) / tau))


def pulses(edge: Callable[[Floats, float], Floats], n: int, period: float, width: float, duration: float) -> Floats:
    """A train of pulses 0 … 1 that begins low; times in samples."""
    i = np.arange(n, dtype=np.float64)
    phase = i % period
    start = 0.25 * period
    return edge(phase - start, duration) - edge(phase - start - width, duration)


def second_order_edge(t: Floats, zeta: float, omega: float) -> Floats:
    t = np.maximum(t, 0.0)
    damped = omega * math.sqrt(1 - zeta**2)
    ring = np.cos(damped * t) + zeta / math.sqrt(1 - zeta**2) * np.sin(damped * t)
    return 1 - np.exp(-zeta * omega * t) * ring


def jittered_clock(n: int, period: float, jitter: float, duration: float, seed: int) -> Floats:
    """A square clock 0 … 1 of Gaussian edges; each rising edge is moved by its own normal deviate."""
    rng = np.random.default_rng(seed)
    k = np.arange(-3, int(n / period) + 4)
    rise, fall = k * period + rng.normal(0, jitter, k.size), (k + 0.5) * period
    i = np.arange(n, dtype=np.float64)
    here = (i / period).astype(int) + 3
    y = np.zeros(n)
    for near in (-1, 0, 1):
        y += gaussian_edge(i - rise[here + near], duration) - gaussian_edge(i - fall[here + near], duration)
    return y


def digitise(values: Floats, bits: int = 8, low: float = 0.1, high: float = 0.9, sigma_lsb: float = 0.0) -> Waveform:
    """``values`` 0 … 1 as codes of an ideal converter, 1 V a code, 1 s a sample; ``low`` … ``high`` of its range."""
    full = 2**bits
    codes = (low + (high - low) * values) * full
    if sigma_lsb:
        codes = codes + np.random.default_rng(7).normal(0, sigma_lsb, codes.size)
    dtype: Any = np.uint8 if bits <= 8 else np.int16
    limit = np.iinfo(dtype)
    return Waveform("test", np.clip(np.round(codes), limit.min, limit.max).astype(dtype), 1.0)


def value(answer: Any) -> float:
    """The number of an answer, or an assertion with the reason."""
    assert isinstance(answer, Quantity), answer
    return answer.value


def reason(answer: Any) -> str:
    assert isinstance(answer, NoAnswer), answer
    return answer.reason
