"""State levels by the histogram mode method (IEEE 181)."""

import math

import numpy as np
import pytest
from analysis_signals import reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.levels import state_levels
from protocols.waveform import Waveform


def two_levels(n: int, low: float, high: float, sigma: float, seed: int = 1) -> Waveform:
    rng = np.random.default_rng(seed)
    clean = np.where(np.arange(n) % 1000 < 500, low, high)
    return Waveform("x", np.round(clean + rng.normal(0, sigma, n)).astype(np.uint8), 1e-6)


@pytest.mark.parametrize("n", [100_000, 2_000_000])
def test_exact_case_within_a_tenth_of_a_step(n: int) -> None:
    found = state_levels(two_levels(n, 30.37, 201.81, 1.2))
    assert value(found.low) == pytest.approx(30.37, abs=0.1)
    assert value(found.high) == pytest.approx(201.81, abs=0.1)
    assert value(found.noise) == pytest.approx(math.hypot(1.2, 1 / math.sqrt(12)), rel=0.05)


def test_uncertainty_covers_the_error() -> None:
    inside = 0
    for seed in range(40):
        found = state_levels(two_levels(20_000, 30.37, 201.81, 1.2, seed))
        inside += abs(found.low.value - 30.37) <= 2 * found.low.standard_uncertainty
    assert 33 <= inside <= 40


def test_a_rare_state_is_not_missed() -> None:
    codes = np.full(5_000_000, 10, np.uint8)
    codes[2_000_300:2_000_700] = 200
    assert value(state_levels(Waveform("reset", codes, 1e-6)).high) == 200.0


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        (np.full(1000, 7, np.uint8), "constant"),
        (np.random.default_rng(1).normal(100, 9, 50_000).round().astype(np.uint8), "two|apart"),
        (np.random.default_rng(1).normal(0, 1, 2000), "two"),
        ((np.arange(100_000) % 1000).astype(np.int16), "two"),
        (np.where(np.arange(1000) % 100 < 50, 100, 101).astype(np.uint8), "quantisation steps apart"),
        (np.where(np.arange(1000) == 500, 200, 10).astype(np.uint8), "fewer than 8 samples"),
        (np.append(np.linspace(-2.24, 2.32, 58), np.full(20, 0.1)), "two separate modes"),  # a plateau in a ramp
        (np.array([1.0, math.nan] * 100), "without a value"),
        (np.zeros(3, np.uint8), "at least"),
    ],
)
def test_no_second_level_no_answer(codes: np.ndarray, why: str) -> None:
    import re

    assert re.search(why, reason(state_levels(Waveform("x", codes, 1e-6))))


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-100, 100), st.booleans())
def test_levels_follow_scale_and_offset(scale: float, offset: float, inverted: bool) -> None:
    plain = two_levels(5000, 30, 200, 1.2)
    scaled = Waveform("x", plain.codes, 1e-6, scale=-scale if inverted else scale, offset=offset)
    a, b = state_levels(plain), state_levels(scaled)
    ends = (a.high, a.low) if inverted else (a.low, a.high)
    for was, now in zip(ends, (b.low, b.high), strict=True):
        assert now.value == pytest.approx(was.value * scaled.scale + offset, rel=1e-6, abs=1e-3 * scale)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(200, 20_000), st.floats(2, 40))
def test_noise_alone_never_has_two_levels(seed: int, n: int, sigma: float) -> None:
    codes = np.random.default_rng(seed).normal(0, sigma, n).round().astype(np.int16)
    reason(state_levels(Waveform("noise", codes, 1e-6)))
