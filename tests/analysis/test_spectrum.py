"""Spectrum metrics and sine fits against the residual of the quantised sine itself (IEEE 1241, IEEE 1057)."""

import math
from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import digitise, gaussian_edge, pulses, reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.fourier import blackman_harris_7, cheap_length, power_spectrum
from edge_agent.analysis.frequency import frequency_error
from edge_agent.analysis.sine_fit import sine_fit_3, sine_fit_4
from edge_agent.analysis.spectrum import ToneMetrics, amplitude_spectrum, tone_metrics
from protocols.waveform import Waveform


def quantised_tone(n: int, frequency: float, amplitude: float, phase: float) -> tuple[Waveform, float]:
    """A rounded sine and its SINAD in dB: the part of it that no sine near this one explains (IEEE 1241).

    The fourth column is the derivative by frequency, so the residual is that of a 4-parameter fit.
    """
    angle = 2 * np.pi * frequency * np.arange(n)
    codes = np.round(amplitude * np.sin(angle + phase)).astype(np.int16)
    slope = np.linspace(-1, 1, n) * np.cos(angle + phase)
    basis = np.column_stack([np.cos(angle), np.sin(angle), np.ones(n), slope])
    a, b, _, _ = coefficients = np.linalg.solve(basis.T @ basis, basis.T @ codes)
    rest = codes - basis @ coefficients
    return Waveform("tone", codes, 1.0), 10 * math.log10(0.5 * (a * a + b * b) / float(np.mean(rest**2)))


def test_sinad_of_a_thousand_random_tones_within_0_02_db() -> None:
    rng = np.random.default_rng(1)
    errors = []
    for k in range(1000):
        n, bits = 8192, int(rng.integers(8, 13))
        frequency = rng.uniform(17 / n, 0.5 - 8 / n)
        if k % 2:
            frequency = round(frequency * n) / n  # coherent
        wave, exact = quantised_tone(n, frequency, rng.uniform(0.5, 0.99) * 2 ** (bits - 1), rng.uniform(0, 6.28))
        errors.append(value(tone_metrics(wave).sinad) - exact)
    assert np.abs(errors).max() < 0.02


@pytest.mark.parametrize("coherent", [True, False])
@pytest.mark.parametrize("bits", [8, 12])
def test_sinad_of_a_million_samples_without_the_fit(bits, coherent) -> None:
    n = 1_000_000
    frequency = 123_457 / n if coherent else 0.1183476529
    wave, exact = quantised_tone(n, frequency, 0.47 * 2**bits, 0.3)
    assert value(tone_metrics(wave).sinad) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("n", [30_000, 400_000])
def test_harmonics_noise_and_spurs_are_told_apart(n) -> None:
    i, rng = np.arange(n), np.random.default_rng(3)
    f = 0.03217
    second, third, spur, sigma = 10**-3.0, 10**-3.5, 10**-2.75, 1e-4
    x = np.cos(2 * np.pi * f * i) + second * np.cos(4 * np.pi * f * i) + third * np.sin(6 * np.pi * f * i)
    x += spur * np.cos(2 * np.pi * 0.2871 * i) + rng.normal(0, sigma, n)
    found = tone_metrics(Waveform("x", x, 1e-6))
    thd = 10 * math.log10(second**2 + third**2)
    assert value(found.thd) == pytest.approx(thd, abs=0.05)
    assert value(found.thd_percent) == pytest.approx(100 * 10 ** (thd / 20), rel=0.006)
    assert value(found.snr) == pytest.approx(10 * math.log10(0.5 / (sigma**2 + spur**2 / 2)), abs=0.1)
    assert value(found.sfdr) == pytest.approx(55.0, abs=0.05)
    assert value(found.frequency) == pytest.approx(f * 1e6, abs=0.02 * 1e6 / n)
    assert value(found.amplitude) == pytest.approx(1.0, rel=1e-4)


def test_enob_of_an_ideal_converter() -> None:
    wave, _ = quantised_tone(50_000, 0.0971234, 2047.4, 0.1)
    assert value(tone_metrics(wave).enob) == pytest.approx(12.0, abs=0.02)
    half = replace(wave, codes=(wave.codes // 1))
    assert value(tone_metrics(half, full_scale=4096.0).enob) == pytest.approx(12.0, abs=0.02)


def test_a_single_bin_would_be_wrong_for_a_non_coherent_tone_but_the_lobe_is_not() -> None:
    n = 400_000
    coherent, _ = quantised_tone(n, 41_017 / n, 2000.0, 0.7)
    between, exact_between = quantised_tone(n, 41_017.5 / n, 2000.0, 0.7)
    assert value(tone_metrics(between).amplitude) == pytest.approx(value(tone_metrics(coherent).amplitude), rel=1e-5)
    assert value(tone_metrics(between).sinad) - exact_between == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.random.default_rng(2).normal(0, 1, 100_000), "no tone"),
        (np.full(1000, 3.0), "no tone"),
        (np.cos(2 * np.pi * 5 * np.arange(4096) / 4096), "16 periods"),
        (np.cos(np.pi * np.arange(4096)), "half the sample rate"),
        (np.zeros(100), "at least 256"),
    ],
)
def test_no_tone_no_metrics(samples, why) -> None:
    assert why in reason(tone_metrics(Waveform("x", samples, 1.0)))


def test_amplitude_spectrum_shows_each_line_at_its_height() -> None:
    n = 9973  # prime: trimmed to a cheap length
    x = 3.0 + 2.0 * np.cos(2 * np.pi * 0.1 * np.arange(n)) + 0.5 * np.cos(2 * np.pi * 0.31 * np.arange(n))
    found = amplitude_spectrum(Waveform("x", x, 1e-3))
    near = np.abs(found.frequencies_hz - 310.0) < 2
    assert found.amplitudes[near].max() == pytest.approx(0.5, rel=0.05)
    assert found.frequencies_hz[np.argmax(found.amplitudes[10:]) + 10] == pytest.approx(100.0, abs=0.2)


@given(st.integers(1, 10**7))
def test_cheap_lengths_have_small_factors_and_waste_little(n) -> None:
    length = cheap_length(n)
    assert 0.5 * n < length <= n or n == 1
    assert length % 2 == 0
    if n > 1000:
        assert length > 0.9 * n
    for factor in (2, 3, 5):
        while length % factor == 0:
            length //= factor
    assert length == 1


@pytest.mark.parametrize(("dtype", "below_db"), [(np.int16, -135), (np.float64, -290)])
@pytest.mark.parametrize("n", [2, 6, 16, 250, 4050, 98_304])
def test_the_transform_of_half_the_length_is_that_of_the_whole(n, dtype, below_db) -> None:
    samples = (20_000 + 10_000 * np.sin(0.7 * np.arange(n))).round().astype(dtype)
    window = blackman_harris_7(n, single=dtype is np.int16)
    amplitudes = np.sqrt(power_spectrum(samples, window), dtype=np.float64)
    expected = np.abs(np.fft.rfft(samples * window.values.astype(np.float64)))
    assert np.abs(amplitudes - expected).max() < 10 ** (below_db / 20) * expected.max()


def test_window_side_lobes_are_below_minus_180_db() -> None:
    response = np.abs(np.fft.rfft(blackman_harris_7(4096, single=False).values, 4096 * 16))
    assert 20 * math.log10(response[7 * 16 :].max() / response[0]) < -180


def test_sine_fit_frequency_of_a_million_noise_free_points() -> None:
    f = 0.0123456789
    wave = Waveform("x", np.sin(2 * np.pi * f * np.arange(1_000_000) + 0.3), 1.0)
    assert value(sine_fit_4(wave).frequency) == pytest.approx(f, rel=5e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(1.7, 990.0),
    st.floats(-3.0, 3.0),
    st.floats(1e-6, 1e6),
    st.floats(-5, 5),
    st.floats(-10, 10),
)
def test_sine_fit_finds_any_sine(cycles, phase, amplitude, offset, start) -> None:
    n, interval = 2000, 1e-6
    t = start + np.arange(n) * interval
    hertz = cycles / (n * interval)
    x = amplitude * (np.cos(2 * np.pi * hertz * (t - start) + phase) + offset)
    found = sine_fit_4(Waveform("x", x, interval, start_s=0.0))
    assert value(found.frequency) == pytest.approx(hertz, rel=1e-9)
    assert value(found.amplitude) == pytest.approx(amplitude, rel=1e-7)
    assert math.remainder(found.phase.value - phase, 2 * math.pi) == pytest.approx(0, abs=1e-6)
    assert value(found.offset) == pytest.approx(amplitude * offset, abs=1e-7 * amplitude)


def test_sine_fit_errors_are_those_that_it_states() -> None:
    n, sigma, f, inside = 2000, 0.1, 0.0777, 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, sigma, n)
        fit = sine_fit_4(Waveform("x", np.cos(2 * np.pi * f * np.arange(n)) + noise, 1.0, start_s=4.0))
        inside += abs(fit.frequency.value - f) < 2 * fit.frequency.standard_uncertainty
        assert fit.amplitude.value == pytest.approx(1, abs=5 * fit.amplitude.standard_uncertainty)
    assert inside >= 51


def test_three_parameter_fit_at_a_known_frequency() -> None:
    x = 0.5 + 0.2 * np.cos(2 * np.pi * 50.0 * np.arange(1000) * 1e-4 + 1.0)
    fit = sine_fit_3(Waveform("x", x, 1e-4), frequency_hz=50.0)
    assert (fit.amplitude.value, fit.phase.value, fit.offset.value) == pytest.approx((0.2, 1.0, 0.5))
    assert "half the sample rate" in reason(sine_fit_3(Waveform("x", x, 1e-4), frequency_hz=6e3))


@pytest.mark.parametrize("samples", [np.full(100, 2.0), np.random.default_rng(0).normal(0, 1, 5000)])
def test_no_sine_no_fit(samples) -> None:
    reason(sine_fit_4(Waveform("x", samples, 1.0)))


def test_crystal_frequency_near_the_cramer_rao_bound() -> None:
    n, nominal, fs, amplitude, sigma = 10_000, 8e6, 80e6, 110.0, 1.5
    true = nominal * (1 + 37e-6)
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = 128 + amplitude * np.sin(2 * np.pi * true / fs * np.arange(n) + rng.uniform(0, 6)) + rng.normal(0, sigma, n)
        found = frequency_error(Waveform("x", x.round().astype(np.uint8), 1 / fs), nominal_hz=nominal, time_base_ppm=25)
        errors.append(value(found.error) - 37.0)
        assert found.method == "sine"
        assert found.error.standard_uncertainty == pytest.approx(25 / math.sqrt(3), rel=1e-3)
    bound = math.sqrt(24) * math.hypot(sigma, 1 / math.sqrt(12)) / amplitude / (2 * math.pi * n**1.5 * 0.1) * 1e6
    assert bound == pytest.approx(0.108, abs=0.005)
    assert np.std(errors) < 1.5 * bound
    assert found.record_uncertainty.value == pytest.approx(bound, rel=0.1)


def test_square_clock_frequency_by_edges() -> None:
    clock = digitise(pulses(gaussian_edge, 200_000, 50.0 * (1 + 80e-6), 25.0, 6.0), sigma_lsb=1.0)
    wave = replace(clock, sample_interval_s=1 / 400e6)
    found = frequency_error(wave, nominal_hz=8e6, time_base_ppm=2.5)
    assert found.method == "edges"
    assert value(found.error) == pytest.approx(-80.0, abs=0.2)


def test_without_a_known_time_base_the_error_has_no_uncertainty() -> None:
    clock = digitise(pulses(gaussian_edge, 20_000, 50.0, 25.0, 6.0))
    found = frequency_error(clock, nominal_hz=0.02)
    assert found.error.standard_uncertainty is None
    assert "time base" in found.warning
    reason(found.time_base)


def test_neither_clock_nor_sine() -> None:
    noise = Waveform("x", np.random.default_rng(5).normal(100, 20, 5000).astype(np.int16), 1e-6)
    assert "neither" in reason(frequency_error(noise, nominal_hz=1e3))
    assert "above zero" in reason(frequency_error(noise, nominal_hz=0.0))


@pytest.mark.parametrize("n", [2048, 16384, 200_000])
def test_noise_is_told_from_harmonics_far_above_it(n: int) -> None:
    """Residual less distortion is a difference of nearly equal numbers there: it told 110 dB for 71 dB."""
    rng = np.random.default_rng(7)
    at = np.arange(n) / 48_000.0
    outside = 0
    for _ in range(20):
        amplitude, second, noise = rng.uniform(0.2, 1.0), 10 ** rng.uniform(-4, -2), 10 ** rng.uniform(-5, -3)
        angle = 2 * math.pi * rng.uniform(700, 3000) * at
        codes = amplitude * (np.sin(angle) + second * np.sin(2 * angle + 1.0)) + noise * rng.standard_normal(n)
        found = tone_metrics(Waveform("ch1", codes, 1 / 48_000.0))
        assert isinstance(found, ToneMetrics)
        truths = ((found.snr, 20 * math.log10(amplitude / math.sqrt(2) / noise)), (found.amplitude, amplitude))
        for quantity, truth in truths:
            assert quantity.standard_uncertainty is not None
            outside += abs(quantity.value - truth) > 2 * quantity.standard_uncertainty
    assert outside <= 5, "of 40, at k = 2"
