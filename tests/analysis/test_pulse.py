"""Pulse parameters against edges and pulse trains whose answer is known (IEEE 181)."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from analysis_signals import (
    digitise,
    gaussian_edge,
    jittered_clock,
    pulses,
    rc_edge,
    reason,
    second_order_edge,
    trapezoid_edge,
    value,
)
from captures import require_capture
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis import transitions
from edge_agent.analysis.jitter import jitter
from edge_agent.analysis.levels import CodeLevels
from edge_agent.analysis.pulse import PulseParameters, edge_times, pulse_parameters
from edge_agent.analysis.result import Accuracy
from edge_agent.analysis.settling import settling
from protocols.quantity import Quantity
from protocols.waveform import Waveform

PERIOD = 1000.37


@pytest.mark.parametrize(
    ("edge", "duration", "tolerance"),
    [
        (gaussian_edge, 4.0, 0.005),
        (gaussian_edge, 9.3, 0.005),
        (gaussian_edge, 157.0, 0.005),
        (trapezoid_edge, 10.0, 0.005),
        (rc_edge, 10.0, 0.005),
        (gaussian_edge, 4.0, 0.002),
        (trapezoid_edge, 4.0, 0.001),  # corners are not band-limited: a single edge would be 0.9 % and 1.8 % off
        (rc_edge, 4.0, 0.001),
        (rc_edge, 3.0, 0.005),
    ],
)
def test_transition_duration(edge, duration, tolerance) -> None:
    found = pulse_parameters(digitise(pulses(edge, 400_000, PERIOD, 500.0, duration), bits=14))
    for answer in (found.rise_time, found.fall_time):
        assert value(answer) == pytest.approx(duration, rel=tolerance)
        assert abs(answer.value - duration) <= 2 * answer.standard_uncertainty
    assert found.warning == "" or duration <= 4.1


@pytest.mark.parametrize("period", [1000.0, 1000.25])
def test_edges_that_always_meet_the_samples_alike_keep_the_uncertainty_of_one(period) -> None:
    found = pulse_parameters(digitise(pulses(rc_edge, 400_000, period, 500.0, 4.0), bits=14))
    assert found.rise_time.standard_uncertainty > 0.015 * 4.0
    assert abs(value(found.rise_time) - 4.0) <= 2 * found.rise_time.standard_uncertainty


def test_few_samples_an_edge_warn_and_then_give_no_answer() -> None:
    warned = pulse_parameters(digitise(pulses(gaussian_edge, 100_000, PERIOD, 500.0, 3.0), bits=12))
    assert "higher sample rate" in warned.warning
    refused = pulse_parameters(digitise(pulses(gaussian_edge, 100_000, PERIOD, 500.0, 0.5), bits=12))
    assert "faster than this sample rate" in reason(refused.rise_time)
    assert value(refused.period) == pytest.approx(PERIOD, rel=1e-5)


@pytest.mark.parametrize("zeta", [0.3, 0.4, 0.5, 0.6, 0.7])
@pytest.mark.parametrize(("bits", "tolerance_pp"), [(8, 0.6), (12, 0.05)])
def test_overshoot_of_a_second_order_system(zeta, bits, tolerance_pp) -> None:
    phase = np.arange(200_000) % 2000.3819
    y = second_order_edge(phase - 50, zeta, 0.1) - second_order_edge(phase - 1050, zeta, 0.1)
    found = pulse_parameters(digitise(y, bits=bits, low=0.3, high=0.7))
    exact = 100 * math.exp(-math.pi * zeta / math.sqrt(1 - zeta**2))
    assert value(found.overshoot) == pytest.approx(exact, abs=tolerance_pp)
    assert value(found.undershoot) == pytest.approx(exact, abs=tolerance_pp)


@pytest.mark.parametrize("bits", [8, 12])
def test_settling_of_a_second_order_system(bits) -> None:
    zeta, omega = 0.4, 0.1
    phase = np.arange(200_000) % 2000.3819
    y = second_order_edge(phase - 50, zeta, omega) - second_order_edge(phase - 1050, zeta, omega)
    fine = np.linspace(0, 300, 3_000_001)
    step = second_order_edge(fine, zeta, omega)
    exact = fine[np.flatnonzero(np.abs(step - 1) > 0.02)[-1]] - fine[np.argmax(step > 0.5)]
    found = settling(digitise(y, bits=bits, low=0.2, high=0.7), tolerance_percent=2.0)
    assert value(found.duration) == pytest.approx(exact, abs=1.0)
    assert value(found.pulse_count) == 100


def test_settling_within_the_noise_has_no_answer() -> None:
    noisy = digitise(pulses(gaussian_edge, 50_000, PERIOD, 500.0, 10.0), sigma_lsb=2.0)
    assert "wider tolerance" in reason(settling(noisy, tolerance_percent=2.0))


def test_period_width_and_duty_with_noise() -> None:
    found = pulse_parameters(digitise(pulses(gaussian_edge, 500_000, PERIOD, 300.0, 9.0), sigma_lsb=1.5))
    assert value(found.period) == pytest.approx(PERIOD, rel=1e-6)
    assert abs(found.period.value - PERIOD) <= 3 * found.period.standard_uncertainty
    assert value(found.frequency) == pytest.approx(1 / PERIOD, rel=1e-6)
    assert value(found.positive_width) == pytest.approx(300.0, abs=0.02)
    assert value(found.negative_width) == pytest.approx(PERIOD - 300.0, abs=0.02)
    assert value(found.duty) == pytest.approx(100 * 300 / PERIOD, abs=0.002)
    assert found.transition_count.value == 1000


def test_noise_on_slow_edges_makes_no_false_transitions() -> None:
    found = pulse_parameters(digitise(pulses(gaussian_edge, 500_000, 5000.0, 2500.0, 800.0), sigma_lsb=3.0))
    assert found.transition_count.value == 200


@pytest.mark.parametrize("codes", [np.arange(64, dtype=np.uint8), np.full(64, 3, np.int16)])
def test_no_two_levels_no_parameters(codes) -> None:
    reason(pulse_parameters(Waveform("x", codes, 1e-6)))


def test_a_single_step_has_a_rise_time_but_no_period() -> None:
    step = pulse_parameters(digitise(gaussian_edge(np.arange(2000.0) - 1000, 20.0)))
    assert value(step.rise_time) == pytest.approx(20.0, rel=0.01)
    for answer in (step.period, step.frequency, step.fall_time, step.undershoot, step.positive_width, step.duty):
        reason(answer)


def test_irregular_pulses_have_no_one_period() -> None:
    gaps = np.random.default_rng(2).integers(20, 400, 300)
    codes = np.repeat(np.arange(300) % 2 * 200, gaps).astype(np.uint8)
    found = pulse_parameters(Waveform("uart", codes, 1e-6))
    assert "regular" in reason(found.period)
    assert "differ in width" in reason(found.positive_width)


def test_instrument_accuracy_enters_the_uncertainty() -> None:
    wave = digitise(pulses(gaussian_edge, 100_000, PERIOD, 500.0, 9.0), bits=12)
    found = pulse_parameters(wave, accuracy=Accuracy(gain=0.02, time_base=25e-6))
    assert found.amplitude.standard_uncertainty == pytest.approx(0.02 * found.amplitude.value, rel=0.01)
    assert found.period.standard_uncertainty == pytest.approx(25e-6 * PERIOD, rel=0.05)


small = pulses(rc_edge, 20_000, 501.7, 200.0, 12.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(-1e3, 1e3), st.floats(1e-12, 10.0))
def test_times_do_not_depend_on_scale_offset_or_unit_of_time(scale, offset, interval) -> None:
    plain = digitise(small, bits=12)
    other = replace(plain, scale=scale, offset=offset, sample_interval_s=interval)
    a, b = pulse_parameters(plain), pulse_parameters(other)
    for name in ("rise_time", "fall_time", "period", "positive_width"):
        assert value(getattr(b, name)) == pytest.approx(value(getattr(a, name)) * interval, rel=1e-9)
    assert value(b.overshoot) == pytest.approx(value(a.overshoot))


def test_time_reversal_exchanges_rise_and_fall() -> None:
    wave = digitise(small, bits=12)
    there, back = pulse_parameters(wave), pulse_parameters(replace(wave, codes=wave.codes[::-1]))
    assert value(back.rise_time) == pytest.approx(value(there.fall_time), rel=2e-3)
    assert value(back.period) == pytest.approx(value(there.period), rel=1e-6)


def test_inversion_exchanges_rise_and_fall() -> None:
    wave = digitise(small, bits=12)
    there, inverted = pulse_parameters(wave), pulse_parameters(replace(wave, scale=-1.0))
    assert value(inverted.rise_time) == pytest.approx(value(there.fall_time), rel=1e-6)
    assert value(inverted.positive_width) == pytest.approx(value(there.negative_width), rel=1e-6)


@pytest.mark.parametrize("sigma_lsb", [0.0, 0.5, 1.2])
def test_jitter_freed_of_slope_noise(sigma_lsb) -> None:
    y = jittered_clock(300_000, 50.37, 0.05, 3.6, seed=5)
    found = jitter(digitise(y, low=0.2, high=0.8, sigma_lsb=sigma_lsb))
    assert value(found.tie) == pytest.approx(0.05, rel=0.10)
    assert value(found.period) == pytest.approx(0.05 * math.sqrt(2), rel=0.10)
    assert value(found.cycle) == pytest.approx(0.05 * math.sqrt(6), rel=0.10)


def test_jitter_below_the_slope_noise_has_no_answer() -> None:
    found = jitter(digitise(jittered_clock(100_000, 50.37, 0.001, 5.0, seed=5), sigma_lsb=1.5))
    assert "hidden below the noise" in reason(found.tie)


def test_edge_times_of_a_late_record_start() -> None:
    wave = replace(digitise(small, bits=12), sample_interval_s=1e-6, start_s=-5.0)
    rising, falling = edge_times(wave)
    assert rising[0] == pytest.approx(-5.0 + 125.425e-6 + 1e-6 * 12 / math.log(9) * math.log(2), abs=0.1e-6)
    assert np.diff(rising).mean() == pytest.approx(501.7e-6, rel=1e-6)
    assert falling.size == rising.size


def test_real_square_wave_of_a_ds1054z() -> None:
    path = require_capture("scope/rigol/DS1054Z-ch1SquareCH2Uart.csv")
    volts = np.loadtxt(path, delimiter=",", skiprows=2, usecols=1, encoding="latin-1")
    found = pulse_parameters(Waveform("CH1", volts, 40e-9, resolution=0.04))
    assert value(found.frequency) == pytest.approx(1000.0, rel=2e-3)
    assert value(found.low) == pytest.approx(0.02, abs=0.04)
    assert value(found.high) == pytest.approx(2.86, abs=0.08)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(50, 3000), st.booleans())
def test_the_shortcut_for_clean_signals_finds_what_the_full_search_finds(seed, n, walk) -> None:
    rng = np.random.default_rng(seed)
    if walk:
        signal = np.clip(np.cumsum(rng.normal(0, rng.uniform(1, 20), n)), 0, 100)
    else:
        signal = 50 + 50 * np.clip(3 * np.sin(np.arange(n) * rng.uniform(0.01, 0.5) + rng.uniform(0, 6)), -1, 1)
    levels = CodeLevels(0.0, 100.0, 0.0, 0.0, 10.0, 10.0, 0.0, 100.0)
    passages = [transitions.crossings(signal, levels.fraction(part)) for part in transitions.REFERENCES]
    short = transitions._clean(*passages)
    full = transitions._sorted_out(float(signal[0]), levels, *passages)
    assert (full.index_50[:-1] <= full.index_50[1:]).all()
    assert (full.rising[:-1] != full.rising[1:]).all()
    if short is not None:
        for name in ("rising", "index_10", "index_50", "index_90"):
            assert getattr(short, name).tolist() == getattr(full, name).tolist()


def _edge(shape: str, u: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a transition from 0 to 1 whose 10 % to 90 % takes from u = -1/2 to 1/2 about."""
    if shape == "trapezoid":
        return np.clip(0.5 + 0.8 * u, 0.0, 1.0)
    late = np.maximum(u + math.log(2.0) / 2.197, 0.0)
    return 1.0 - np.exp(-2.197 * late)


@pytest.mark.parametrize("shape", ["trapezoid", "rc"])
@pytest.mark.parametrize("samples_an_edge", [0.01, 2.0, 5.0, 12.0])
def test_times_lie_within_their_uncertainty_whatever_the_edges(shape: str, samples_an_edge: float) -> None:
    """At k = 2 one in twenty may be outside; steps between two samples are known to a sample."""
    rng = np.random.default_rng(12)
    outside = checked = 0
    for cycles in [2.6, 24.6] * 15:
        period = rng.uniform(1, 1.5) * max(40.0, 8 * samples_an_edge)
        duty, phase = rng.uniform(0.35, 0.65), rng.uniform(2, 10) + samples_an_edge
        at = np.arange(int(cycles * period), dtype=np.float64)
        codes = 1e-3 * rng.standard_normal(at.size)
        for number in range(int(cycles) + 2):
            rise = phase + number * period
            codes += _edge(shape, (at - rise) / samples_an_edge)
            codes -= _edge(shape, (at - rise - duty * period) / samples_an_edge)
        found = pulse_parameters(Waveform("ch1", codes, 1.0))
        assert isinstance(found, PulseParameters)
        truths = (
            (found.period, period),
            (found.positive_width, duty * period),
            (found.negative_width, (1 - duty) * period),
            (found.overshoot, 0.0),
        )
        for answer, truth in truths:
            assert isinstance(answer, Quantity) and answer.standard_uncertainty is not None
            outside += abs(answer.value - truth) > 2 * answer.standard_uncertainty
            checked += 1
    assert outside <= 0.08 * checked


@pytest.mark.parametrize("bits", [8, 12, 24])
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_a_sine_has_no_states_and_its_levels_say_so(bits: int, noise: float) -> None:
    """The same tone at several resolutions gave levels that excluded each other."""
    rng = np.random.default_rng(1)
    at = np.arange(24_000) / 48_000.0
    step = 2.0 / 2**bits
    codes = np.round((0.5 * np.sin(2 * math.pi * 437.7 * at) + noise * rng.standard_normal(at.size)) / step)
    found = pulse_parameters(Waveform("ch1", codes.astype(np.int32), 1 / 48_000.0, scale=step))
    assert isinstance(found, PulseParameters)
    assert found.warning.startswith("the signal never stands still")
    for answer, truth in ((found.low, -0.5), (found.high, 0.5), (found.duty, 50.0)):
        assert isinstance(answer, Quantity) and answer.standard_uncertainty is not None
        assert abs(answer.value - truth) < 2 * answer.standard_uncertainty
