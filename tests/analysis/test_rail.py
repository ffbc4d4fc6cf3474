"""Rails: mean, ripple and noise by Parseval, dropouts of an intermittent rail."""

import math
from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.rail import Rail, dropouts, rail
from edge_agent.analysis.result import Accuracy
from edge_agent.analysis.samples import code_deviation, code_mean
from protocols.captures.sigrok import read_sr
from protocols.captures.sigrok_write import write_sr
from protocols.quantity import Quantity
from protocols.waveform import Capture, Waveform

FS = 1e9


def triangle(n: int, frequency: float, peak: float) -> np.ndarray:
    phase = (np.arange(n) * frequency / FS) % 1.0
    return peak * (4 * np.abs(phase - 0.5) - 1)


def test_triangle_with_spur_and_noise_within_20_mhz() -> None:
    n, sigma = 1_000_000, 2e-3
    noise = np.random.default_rng(4).normal(0, sigma, n)
    spur = 20e-3 * np.sin(2 * np.pi * 150e6 / FS * np.arange(n))
    x = 3.3 + triangle(n, 100e3, 25e-3) + spur + noise
    found = rail(Waveform("3V3", x, 1 / FS), bandwidth_hz=20e6)
    in_band = sigma**2 * 20e6 / (FS / 2)
    assert value(found.mean) == pytest.approx(3.3, abs=1e-5)
    assert value(found.ripple_rms) == pytest.approx(math.sqrt(25e-3**2 / 3 + in_band), rel=0.005)
    assert value(found.noise_rms) == pytest.approx(math.sqrt(in_band), rel=0.03)
    assert value(found.ripple_frequency) == pytest.approx(100e3, rel=1e-3)
    assert 50e-3 < value(found.ripple_pp) < 50e-3 + 8 * math.sqrt(in_band)


def test_rms_without_noise_is_exact() -> None:
    n = 1_000_000
    spur = 20e-3 * np.sin(2 * np.pi * 150e6 / FS * np.arange(n))
    found = rail(Waveform("3V3", 5.0 + triangle(n, 100e3, 25e-3) + spur, 1 / FS), bandwidth_hz=20e6)
    assert value(found.ripple_rms) == pytest.approx(25e-3 / math.sqrt(3), rel=1e-5)
    assert value(found.ripple_pp) == pytest.approx(50e-3, rel=0.02)


def test_full_bandwidth_is_the_plain_standard_deviation() -> None:
    codes = np.random.default_rng(5).integers(90, 140, 50_000).astype(np.uint8)
    found = rail(Waveform("x", codes, 1e-9, scale=0.01, offset=-1.0), bandwidth_hz=1e9)
    assert value(found.ripple_rms) == pytest.approx(0.01 * codes.std(), rel=1e-4)
    assert value(found.ripple_pp) == pytest.approx(0.49)
    assert value(found.mean) == pytest.approx(0.01 * codes.mean() - 1)
    assert (found.minimum.value, found.maximum.value) == pytest.approx((-0.1, 0.39))
    assert "no periodic ripple" in reason(found.ripple_frequency)


def test_ripple_on_eight_bit_samples() -> None:
    n = 250_000
    x = 3.3 + 0.15 * np.sin(2 * np.pi * 120e3 * np.arange(n) * 4e-9)
    codes = np.round((x - 2.5) / 0.01).astype(np.uint8)
    found = rail(Waveform("3V3", codes, 4e-9, scale=0.01, offset=2.5), accuracy=Accuracy(gain=0.01, offset=0.02))
    assert value(found.ripple_pp) == pytest.approx(0.30, abs=3 * found.ripple_pp.standard_uncertainty)
    assert value(found.ripple_rms) == pytest.approx(0.15 / math.sqrt(2), rel=0.005)
    assert value(found.ripple_frequency) == pytest.approx(120e3, rel=1e-4)
    assert found.mean.standard_uncertainty == pytest.approx(math.hypot(0.033, 0.02), rel=0.05)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_ripple_follows_scale_and_ignores_offset(scale, offset) -> None:
    codes = np.random.default_rng(6).normal(0, 300, 4096).round().astype(np.int16)
    plain = rail(Waveform("x", codes, 1e-8), bandwidth_hz=10e6)
    other = rail(Waveform("x", codes, 1e-8, scale=-scale, offset=offset), bandwidth_hz=10e6)
    for name in ("ripple_pp", "ripple_rms", "noise_rms"):
        assert value(getattr(other, name)) == pytest.approx(value(getattr(plain, name)) * scale, rel=1e-5)
    assert value(other.mean) == pytest.approx(-scale * value(plain.mean) + offset)


def test_numacc4_mean_and_deviation_to_eight_digits() -> None:
    # NIST StRD NumAcc4: 10000000.2, then 500 pairs of 10000000.1 and 10000000.3; certified 10000000.2 and 0.1.
    data = np.array([10000000.2] + [10000000.1, 10000000.3] * 500)
    mean = code_mean(data)
    assert -math.log10(abs(mean - 10000000.2) / 10000000.2 + 1e-16) >= 8
    assert -math.log10(abs(code_deviation(data, mean) - 0.1) / 0.1) >= 8


def test_no_answer_for_no_record() -> None:
    assert "at least" in reason(rail(Waveform("x", np.zeros(10), 1e-6)))
    assert "too short for this bandwidth" in reason(rail(Waveform("x", np.arange(1000.0), 1e-9), bandwidth_hz=1e3))


def intermittent(gaps: list[tuple[int, int]], n: int = 100_000, sigma: float = 0.03) -> Waveform:
    x = np.full(n, 3.3)
    for begin, end in gaps:
        x[begin:end] = 0.4
    noisy = x + np.random.default_rng(8).normal(0, sigma, n)
    return Waveform("3V3", np.round(noisy / 0.02).astype(np.int16), 1e-5, scale=0.02)


def test_dropouts_are_counted_timed_and_measured() -> None:
    found = dropouts(intermittent([(1000, 1500), (40_000, 40_010), (70_000, 82_000)]), nominal=3.3)
    assert value(found.count) == 3
    assert value(found.total_duration) == pytest.approx(12_510e-5, abs=3e-5)
    assert value(found.longest) == pytest.approx(0.12, abs=2e-5)
    assert value(found.depth) == pytest.approx(2.9, abs=0.15)
    assert value(dropouts(intermittent([(1000, 1500), (40_000, 40_010)]), minimum_s=1e-3).count) == 1


def test_a_sound_rail_has_no_dropout_and_noise_at_the_threshold_makes_one() -> None:
    assert value(dropouts(intermittent([])).count) == 0
    assert value(dropouts(intermittent([]), nominal=3.3).depth) == 0.0
    edge = intermittent([(500, 600)], sigma=0.015)
    slow = replace(
        edge, codes=(165 - 40 * np.hanning(100_000) + (edge.codes - 165) * (edge.codes > 100)).astype(np.int16)
    )
    assert value(dropouts(slow, nominal=3.3).count) == 1


def test_dropouts_at_the_ends_of_the_record() -> None:
    found = dropouts(intermittent([(0, 100), (99_900, 100_000)]), nominal=3.3)
    assert value(found.count) == 2
    assert value(found.total_duration) == pytest.approx(200e-5)
    reason(dropouts(intermittent([]), nominal=-5.0))


@pytest.mark.parametrize("is_stated", [True, False])
def test_a_quiet_rail_from_a_session_file_keeps_the_uncertainty_of_its_converter(is_stated: bool) -> None:
    codes = np.full(1000, 165, np.uint8)
    codes[:3] += 1
    wave = Waveform("3V3", codes, 1e-6, scale=0.04, offset=-3.3)
    if not is_stated:  # as another program writes it: values without a step
        wave = replace(wave, codes=wave.values(), scale=1.0, offset=0.0)
    (read,) = read_sr(write_sr(Capture(analog=(wave,)))).analog
    found = rail(read, bandwidth_hz=1e5)
    assert found.mean.standard_uncertainty == pytest.approx(0.04 / math.sqrt(12), rel=0.05)


def test_leakage_of_the_ripple_is_no_noise() -> None:
    at = np.arange(4800) / 48_000.0
    clean = rail(Waveform("ch1", 3.3 + 0.02 * np.sin(2 * math.pi * 1234.5 * at), 1 / 48_000.0))
    assert isinstance(clean, Rail) and isinstance(clean.noise_rms, Quantity)
    assert clean.noise_rms.value < 1e-9


@pytest.mark.parametrize("shape", ["sine", "triangle", "square"])
@pytest.mark.parametrize("periods", [5.3, 25.1, 200.7])
def test_noise_beside_a_ripple_lies_within_its_uncertainty(shape: str, periods: float) -> None:
    """Harmonics too weak to be seen pass for noise: the uncertainty says by how much."""
    rng = np.random.default_rng(3)
    outside = 0
    for _ in range(30):
        noise, phase = 10 ** rng.uniform(-4, -2.5), periods * np.arange(20_000) / 20_000 + rng.uniform()
        ripple = {
            "sine": np.sin(2 * math.pi * phase),
            "triangle": 4 * np.abs(phase % 1 - 0.5) - 1,
            "square": np.where(phase % 1 < 0.5, 1.0, -1.0),
        }[shape]
        found = rail(
            Waveform("ch1", 3.3 + 0.02 * ripple + noise * rng.standard_normal(phase.size), 1e-8), bandwidth_hz=1e9
        )
        assert isinstance(found, Rail) and isinstance(found.noise_rms, Quantity)
        assert found.noise_rms.standard_uncertainty is not None
        outside += abs(found.noise_rms.value - noise) > 2 * found.noise_rms.standard_uncertainty
    assert outside <= 5, "of 30, at k = 2"


def test_where_harmonics_fill_the_band_there_is_no_noise_to_tell() -> None:
    phase = 7.2 * np.arange(64) / 64
    found = rail(Waveform("ch1", 3.3 + np.where(phase % 1 < 0.5, 0.02, -0.02), 1e-8))
    assert isinstance(found, Rail)
    assert "leave no room for the noise" in reason(found.noise_rms)
