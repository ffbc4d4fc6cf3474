"""Gain and phase, V-I signatures, motor current sidebands against closed forms."""

import math

import numpy as np
import pytest
from analysis_signals import reason, value

from edge_agent.analysis.current_signature import sidebands
from edge_agent.analysis.response import response, vi_signature
from protocols.waveform import Waveform


def eight_bit(values: np.ndarray, full_scale: float, seed: int, name: str, unit: str = "V") -> Waveform:
    scale = full_scale / 127
    noisy = values / scale + np.random.default_rng(seed).normal(0, 0.5, values.size)
    return Waveform(name, np.round(noisy).astype(np.int8), 1e-6, unit=unit, scale=scale)


@pytest.mark.parametrize("frequency", [311.7, 1591.549, 14_321.0])
def test_rc_low_pass_at_eight_bits(frequency) -> None:
    corner = 1591.549
    exact = 1 / (1 + 1j * frequency / corner)
    t = np.arange(400_000) * 1e-6
    source = eight_bit(np.cos(2 * np.pi * frequency * t), 1.1, 1, "in")
    output = eight_bit(abs(exact) * np.cos(2 * np.pi * frequency * t + np.angle(exact)), 1.1 * abs(exact), 2, "out")
    found = response([source, output], frequency_hz=frequency)
    assert value(found.gain_db) == pytest.approx(20 * math.log10(abs(exact)), abs=0.002)
    assert value(found.phase) == pytest.approx(math.degrees(np.angle(exact)), abs=0.011)


def test_impedance_has_its_unit() -> None:
    t = np.arange(10_000) * 1e-6
    current = Waveform("I", 0.01 * np.cos(2 * np.pi * 1000 * t), 1e-6, unit="A")
    voltage = Waveform("U", 2.0 * np.cos(2 * np.pi * 1000 * t - 0.5), 1e-6)
    found = response([current, voltage], frequency_hz=1000.0)
    assert (value(found.gain), found.gain.unit) == (pytest.approx(200.0), "V/A")
    assert value(found.phase) == pytest.approx(math.degrees(-0.5))


def test_nothing_at_the_frequency() -> None:
    noise = Waveform("in", np.random.default_rng(1).normal(0, 1, 10_000), 1e-6)
    assert "stands out" in reason(response([noise, noise], frequency_hz=1000.0))
    assert "half the sample rate" in reason(response([noise, noise], frequency_hz=1e6))
    assert "two waveforms" in reason(response([noise], frequency_hz=1e3))


def test_signature_of_a_capacitor_is_an_ellipse() -> None:
    angle = 2 * np.pi * np.arange(4096) / 4096
    voltage = Waveform("U", 3.0 * np.sin(angle), 1e-6)
    current = Waveform("I", 0.02 * np.cos(angle), 1e-6, unit="A")
    found = vi_signature([voltage, current], reference=current)
    assert value(found.area) == pytest.approx(math.pi * 3.0 * 0.02, rel=7e-6)
    assert found.area.unit == "V.A"
    assert value(found.distance) == 0.0
    leaky = Waveform("I", current.codes + voltage.codes / 1500, 1e-6, unit="A")
    assert value(vi_signature([voltage, leaky], reference=current).distance) == pytest.approx(
        100 * 2e-3 / 0.04, rel=1e-3
    )
    assert value(vi_signature([voltage, leaky]).area) == pytest.approx(math.pi * 0.06, rel=1e-4)
    assert "no reference" in reason(vi_signature([voltage, leaky]).distance)


def test_sidebands_of_a_motor_at_minus_fifty_decibels() -> None:
    fs, n = 10_000.0, 200_000
    t = np.arange(n) / fs
    line, slip = 49.963, 3.217
    current = np.cos(2 * np.pi * line * t)
    current += 10**-2.5 * np.cos(2 * np.pi * (line - slip) * t + 1) + 10**-2.6 * np.cos(2 * np.pi * (line + slip) * t)
    current += np.random.default_rng(1).normal(0, 1e-3, n)
    found = sidebands(Waveform("I", current, 1 / fs, unit="A"), line_hz=50.0, offset_hz=slip)
    assert value(found.lower) == pytest.approx(-50.0, abs=0.04)
    assert value(found.upper) == pytest.approx(-52.0, abs=0.04)
    assert value(found.line) == pytest.approx(line, abs=1e-3)


def test_a_sound_motor_has_no_sidebands() -> None:
    t = np.arange(200_000) / 1e4
    wave = Waveform("I", np.cos(2 * np.pi * 50.01 * t) + np.random.default_rng(2).normal(0, 1e-2, t.size), 1e-4)
    found = sidebands(wave, line_hz=50.0, offset_hz=4.0)
    assert "no sideband above the noise" in reason(found.lower)
    assert "need a record" in reason(sidebands(wave, line_hz=50.0, offset_hz=0.1))
