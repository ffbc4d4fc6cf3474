"""Emissivity, registration and thermal time constant."""

import math
from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.radiometry import LONG_WAVE, corrected, time_constant
from edge_agent.analysis.registration import registration, shifted
from edge_agent.analysis.thermal import hot_spots_against
from protocols.waveform import ThermalImage, Waveform


@settings(max_examples=50, deadline=None)
@given(st.floats(0.5, 1.0), st.floats(-10, 60), st.floats(10, 150))
def test_emissivity_forward_and_inverse(emissivity, reflected, surface) -> None:
    signal = emissivity * LONG_WAVE.signal(surface) + (1 - emissivity) * LONG_WAVE.signal(reflected)
    apparent = np.full((8, 8), LONG_WAVE.celsius(signal), np.float32)
    found = corrected(ThermalImage(apparent, 1.0), emissivity=emissivity, reflected_c=reflected)
    assert found.temperatures_c == pytest.approx(surface, abs=0.008)
    again = corrected(found, emissivity=1.0, reflected_c=20.0)
    assert again.temperatures_c == pytest.approx(apparent, abs=0.008)


def test_emissivity_that_cannot_be_corrected() -> None:
    image = ThermalImage(np.full((8, 8), 30.0, np.float32), 1.0)
    assert "surroundings" in reason(corrected(image, emissivity=0.01, reflected_c=20.0))
    unknown = replace(image, emissivity=0.9)
    assert "unknown reflected" in reason(corrected(unknown, emissivity=0.5, reflected_c=20.0))
    cold = corrected(image, emissivity=0.1, reflected_c=60.0)
    assert np.isnan(cold.temperatures_c).all()


def test_time_constant_with_forty_seconds_of_readings() -> None:
    errors = []
    for seed in range(20):
        t = np.arange(0, 40, 0.1)
        noise = np.random.default_rng(seed).normal(0, 0.04, t.size)
        readings = 25 + 60 * (1 - np.exp(-t / 35)) + noise
        found = time_constant(Waveform("U2", readings, 0.1, unit="Cel"))
        errors.append(value(found.tau) / 35 - 1)
        assert abs(found.tau.value - 35) < 4 * found.tau.standard_uncertainty
        assert value(found.final) == pytest.approx(85, abs=1)
    # The bound for this noise: what the stated uncertainty says.
    assert np.std(errors) == pytest.approx(found.tau.standard_uncertainty / 35, rel=0.6)
    assert np.std(errors) < 0.005


def test_no_approach_no_time_constant() -> None:
    t = np.arange(0, 40, 0.1)
    noise = np.random.default_rng(1).normal(0, 0.04, t.size)
    assert "watch it longer" in reason(time_constant(Waveform("x", 25 + 0.5 * t + noise, 0.1)))
    assert "watch it longer" in reason(time_constant(Waveform("x", 25 + noise, 0.1)))


def scene(seed: int, rows: int = 192, columns: int = 256) -> np.ndarray:
    y, x = np.mgrid[0:rows, 0:columns]
    rng = np.random.default_rng(seed)
    field = np.full((rows, columns), 25.0)
    for _ in range(25):
        row, column = rng.uniform(30, rows - 30), rng.uniform(30, columns - 30)
        sigma, rise = rng.uniform(2, 9), rng.uniform(2, 30)
        field += rise * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return field


def test_registration_of_fourier_shifts() -> None:
    errors = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        golden = scene(seed)
        down, right = rng.uniform(-6, 6, 2)
        moved = shifted(golden, down, right) + rng.normal(0, 0.05, golden.shape)
        seen = golden + rng.normal(0, 0.05, golden.shape)
        found = registration(
            ThermalImage(moved.astype(np.float32), 0.95), reference=ThermalImage(seen.astype(np.float32), 0.95)
        )
        errors += [value(found.down) - down, value(found.right) - right]
        assert value(found.correlation) > 0.9
    assert math.sqrt(np.mean(np.square(errors))) < 0.021


def test_a_board_laid_down_a_little_elsewhere_is_compared_all_the_same() -> None:
    golden = scene(3)
    y, x = np.mgrid[0:192, 0:256]
    faulty = golden + 15 * np.exp(-((y - 100) ** 2 + (x - 90) ** 2) / 8)
    seen = shifted(faulty, 3.4, -4.7) + np.random.default_rng(1).normal(0, 0.05, golden.shape)
    image, reference = (ThermalImage(one.astype(np.float32), 0.95) for one in (seen, golden))
    assert value(hot_spots_against(image, reference=reference, threshold_k=3.0).count) > 1
    found = hot_spots_against(image, reference=reference, threshold_k=3.0, align=True)
    assert value(found.count) == 1
    assert (value(found.row), value(found.column)) == (pytest.approx(100, abs=1), pytest.approx(90, abs=1))
    assert value(found.rise) == pytest.approx(15.0, abs=0.5)


def test_images_that_cannot_be_registered() -> None:
    a, b = (ThermalImage(np.random.default_rng(s).normal(25, 1, (64, 64)).astype(np.float32), 1.0) for s in (1, 2))
    assert "same scene" in reason(registration(a, reference=b))
    flat = ThermalImage(np.full((64, 64), 25.0, np.float32), 1.0)
    assert "nothing to hold on to" in reason(registration(a, reference=flat))
    assert "of one size" in reason(registration(a, reference=ThermalImage(np.zeros((64, 32), np.float32), 1.0)))
