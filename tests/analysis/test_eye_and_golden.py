"""Eye diagrams of PRBS7 and comparison with good units."""

from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import gaussian_edge, reason, value

from edge_agent.analysis.eye import eye
from edge_agent.analysis.golden import delay_samples, golden_comparison
from protocols.waveform import Waveform

UI = 20.013


def prbs7(bits: int) -> np.ndarray:
    """x^7 + x^6 + 1, period 127."""
    state, out = 0x7F, []
    for _ in range(bits):
        new = ((state >> 6) ^ (state >> 5)) & 1
        state = (state << 1 | new) & 0x7F
        out.append(new)
    return np.array(out)


def data_signal(n: int, sigma: float) -> Waveform:
    bits = prbs7(int(n / UI) + 2)
    level = np.concatenate([[bits[0]], bits]).astype(float)
    i = np.arange(n, dtype=float)
    bit = (i / UI).astype(int)
    # The nearest two boundaries shape each sample.
    y = level[bit + 1].copy()
    for near in (0, 1):
        boundary = (bit + near) * UI
        step = level[bit + near + 1] - level[bit + near]
        edge = gaussian_edge(i - boundary, 5.0)
        y += step * (edge - (i >= boundary))
    noisy = 40 + 160 * y + np.random.default_rng(3).normal(0, sigma, n)
    return Waveform("TX", noisy.round().astype(np.uint8), 1e-9)


def test_eye_of_prbs7() -> None:
    sigma = 4.0
    found = eye(data_signal(1_000_000, sigma))
    assert value(found.unit_interval) == pytest.approx(UI * 1e-9, rel=1e-6)
    assert abs(found.unit_interval.value - UI * 1e-9) < 4 * found.unit_interval.standard_uncertainty
    exact = 160 / (2 * np.hypot(sigma, 1 / np.sqrt(12)))
    assert value(found.q) == pytest.approx(exact, rel=0.005)
    assert value(found.mask_hits) == 0
    assert value(found.height) == pytest.approx(160 - 6 * sigma, rel=0.02)


def test_mask_hits_are_counted_exactly() -> None:
    clean = data_signal(100_000, 1.0)
    codes = clean.codes.copy()
    spots = [round((k + 0.5) * UI) for k in (100, 900, 2500, 4000)]
    codes[spots] = 120
    found = eye(replace(clean, codes=codes), bit_rate_hz=1.01e9 / UI)
    assert value(found.mask_hits) == len(spots)


def test_what_has_no_eye() -> None:
    assert "at least 64" in reason(eye(data_signal(1000, 1.0)))
    gaps = np.random.default_rng(2).uniform(10, 90, 400).astype(int)
    codes = np.repeat(np.arange(400) % 2 * 200, gaps).astype(np.uint8)
    assert "grid of one bit rate" in reason(eye(Waveform("x", codes, 1e-9)))


def fourier_shift(x: np.ndarray, samples: float) -> np.ndarray:
    ramp = np.exp(-2j * np.pi * np.fft.rfftfreq(x.size) * samples)
    return np.fft.irfft(np.fft.rfft(x) * ramp, x.size)


def test_alignment_of_fourier_shifted_noise_at_40_db() -> None:
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = 8192
        spectrum = np.fft.rfft(rng.normal(0, 1, n))
        spectrum[int(0.35 * n) :] = 0
        x = np.fft.irfft(spectrum, n)
        delay = rng.uniform(-20, 20)
        noise = x.std() * 0.01
        seen = fourier_shift(x, delay) + rng.normal(0, noise, n)
        errors.append(delay_samples(seen, x + rng.normal(0, noise, n)) - delay)
    assert np.sqrt(np.mean(np.square(errors))) < 3e-4


def unit(seed: int, fault: float = 0.0) -> Waveform:
    """A start-up of a good unit: its own amplitude, trigger instant and noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(4000, dtype=float) - 1500 - rng.uniform(-3, 3)
    x = 3.3 * gaussian_edge(t, 300.0) - 3.3 * gaussian_edge(t - 1500, 300.0)
    x += fault * np.exp(-((t - 700) ** 2) / 800) + rng.normal(0, 0.01, t.size)
    return Waveform(f"unit {seed}", x, 1e-6)


def test_a_good_unit_matches_and_a_faulty_one_does_not() -> None:
    good = [unit(seed) for seed in range(8)]
    verdicts = [golden_comparison([unit(100 + seed), *good], false_reject=0.01).matches for seed in range(60)]
    assert sum(verdicts) >= 57
    bad = golden_comparison([unit(200, fault=0.15), *good], false_reject=0.01)
    assert not bad.matches
    assert value(bad.worst) > value(bad.limit)
    assert value(bad.worst_at) == pytest.approx(2200e-6, abs=20e-6)
    assert value(golden_comparison([replace(unit(5), name="same"), *good]).delay) == pytest.approx(0, abs=4e-6)


def test_too_few_good_units() -> None:
    assert "at least 3 good units" in reason(golden_comparison([unit(1), unit(2)]))
    short = replace(unit(1), codes=unit(1).codes[:100])
    assert "differ in length" in reason(golden_comparison([short, unit(2), unit(3), unit(4)]))
