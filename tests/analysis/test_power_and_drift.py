"""Drift, capacitors, inrush, load steps, sequencing: each with a case whose answer is known exactly."""

import math
from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import digitise, reason, value

from edge_agent.analysis.current_step import esr_and_capacitance, inrush, load_step
from edge_agent.analysis.sequencing import sequencing
from edge_agent.analysis.stability import allan_deviation, stability
from protocols.waveform import Waveform


def nbs14_long() -> np.ndarray:
    """The 1,000-point test suite of NIST SP 1065, clause 12.4: a prescribed linear congruential generator."""
    numbers, state = [], 1234567890
    for _ in range(1000):
        numbers.append(state / 2147483647)
        state = 16807 * state % 2147483647
    return np.array(numbers)


@pytest.mark.parametrize(
    ("averaging", "plain", "overlapping"),
    [(1, 2.922319e-1, 2.922319e-1), (10, 9.965736e-2, 9.159953e-2), (100, 3.897804e-2, 3.241343e-2)],
)
def test_allan_deviation_of_the_nist_table(averaging, plain, overlapping) -> None:
    data = nbs14_long()
    assert data.mean() == pytest.approx(4.897745e-1, rel=1e-6)
    assert allan_deviation(data, averaging, overlapping=False) == pytest.approx(plain, rel=1e-6)
    assert allan_deviation(data, averaging) == pytest.approx(overlapping, rel=1e-6)


def test_drift_of_a_rail() -> None:
    readings = 3.3 + 2e-6 * np.arange(5000) + np.random.default_rng(1).normal(0, 1e-3, 5000)
    found = stability(Waveform("3V3", readings, 10.0), tau_s=100.0)
    assert value(found.drift) == pytest.approx(2e-7, abs=3 * found.drift.standard_uncertainty)
    assert found.drift.unit == "V/s"
    assert value(found.deviation) == pytest.approx(1e-3 / math.sqrt(10), rel=0.1)
    assert "a third of the record" in reason(stability(Waveform("x", readings[:20], 1.0), tau_s=10.0))


@pytest.mark.parametrize("place", [500, 2500])
def test_esr_and_capacitance_from_a_current_step(place) -> None:
    esr, capacitance, current, interval = 35e-3, 470e-6, 0.1, 1e-6
    t = (np.arange(5000) - place) * interval
    clean = np.where(t >= 0, current * (esr + t / capacitance), 0.0)
    found = esr_and_capacitance(
        Waveform("C7", clean + np.random.default_rng(2).normal(0, 200e-6, 5000), interval), current_a=current
    )
    assert value(found.esr) == pytest.approx(esr, rel=0.01)
    assert value(found.capacitance) == pytest.approx(capacitance, rel=0.01)
    assert abs(found.esr.value - esr) < 3 * found.esr.standard_uncertainty


def test_no_capacitor_no_capacitance() -> None:
    flat = Waveform("R", np.random.default_rng(3).normal(0, 1e-3, 2000), 1e-6)
    reason(esr_and_capacitance(flat, current_a=0.1))
    assert "must not be zero" in reason(esr_and_capacitance(flat, current_a=0.0))


def test_inrush_of_an_exponential() -> None:
    peak, tau, interval = 8.0, 2e-3, 1e-6
    t = np.arange(40_000) * interval
    current = np.where(t >= 5e-3, peak * np.exp(-(t - 5e-3) / tau), 0.0)
    codes = np.round(current / 0.05).astype(np.uint8)
    found = inrush(Waveform("J1", codes, interval, unit="A", scale=0.05))
    assert value(found.i2t) == pytest.approx(peak**2 * tau / 2, rel=1e-3)
    assert value(found.charge) == pytest.approx(peak * tau, rel=1e-2)
    assert value(found.peak) == pytest.approx(peak, abs=0.05)
    assert value(found.duration) == pytest.approx(tau * math.log(10), abs=3 * found.duration.standard_uncertainty)
    cut = Waveform("J1", codes[:6000], interval, unit="A", scale=0.05)
    assert "longer one" in reason(inrush(cut))


def test_load_step_of_a_rail() -> None:
    t = np.arange(20_000) * 1e-7 - 5e-4
    x = np.where(t < 0, 3.30, 3.28 - 0.20 * np.exp(-t / 20e-6))
    x += np.random.default_rng(4).normal(0, 2e-3, t.size)
    found = load_step(Waveform("3V3", x, 1e-7), band_percent=1.0)
    assert value(found.undershoot) == pytest.approx(0.20, abs=0.01)
    assert value(found.before) - value(found.after) == pytest.approx(0.02, abs=1e-3)
    assert value(found.recovery) == pytest.approx(20e-6 * math.log(0.20 / 0.0328), rel=0.15)
    assert "within the noise" in reason(load_step(Waveform("3V3", x, 1e-7), band_percent=0.1))


def test_order_and_gaps_of_four_rails() -> None:
    i = np.arange(20_000, dtype=float)
    starts = {"5V": 3000.0, "3V3": 5000.4, "1V8": 5005.9, "RESET": 9000.2}
    names = ["1V8", "RESET", "5V", "3V3"]
    rails = []
    for name in names:
        ramp = np.clip((i - starts[name]) / 400.0, 0, 1)
        rails.append(replace(digitise(ramp, bits=8, sigma_lsb=0.4), name=name))
    found = sequencing(rails)
    assert found.order == "5V < 3V3 < 1V8 < RESET"
    for name, time in zip(names, found.times, strict=True):
        assert value(time) == pytest.approx(starts[name] + 360, abs=3.5)
    assert value(found.shortest_gap) == pytest.approx(5.5, abs=4 * found.shortest_gap.standard_uncertainty + 0.5)
    flat = Waveform("1V2", np.zeros(20_000, np.uint8), 1.0)
    assert "1V2: " in reason(sequencing([rails[0], flat]))
    assert "at least two" in reason(sequencing(rails[:1]))


def test_instants_of_noise_free_ramps_within_half_a_sample() -> None:
    i = np.arange(20_000, dtype=float)
    starts = [1000.3, 2000.7, 2003.1, 7000.9]
    rails = [replace(digitise(np.clip((i - s) / 40.0, 0, 1), bits=12), name=f"R{k}") for k, s in enumerate(starts)]
    found = sequencing(rails)
    for start, time in zip(starts, found.times, strict=True):
        assert value(time) == pytest.approx(start + 36.0, abs=0.5)


def test_a_capacitor_in_a_long_record_takes_one_pass() -> None:
    """A search that took the square of the record's length would not come back from half a million samples."""
    t = (np.arange(500_000) - 200_000) * 1e-7
    volts = np.where(t >= 0, 0.1 * (35e-3 + t / 470e-6), 0.0) + np.random.default_rng(2).normal(0, 200e-6, t.size)
    found = esr_and_capacitance(Waveform("step", volts, 1e-7), current_a=0.1)
    assert value(found.esr) == pytest.approx(35e-3, rel=0.01)
    assert value(found.capacitance) == pytest.approx(470e-6, rel=0.01)
