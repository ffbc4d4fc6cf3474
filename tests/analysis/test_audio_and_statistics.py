"""THD+N of tones whose residual is known, and mean and deviation of a record."""

import math

import numpy as np
import pytest

from edge_agent.analysis.audio import AudioDistortion, thd_plus_noise
from edge_agent.analysis.pixels import BadPixels, bad_pixel_count
from edge_agent.analysis.radiometry import Surface, surface_temperature
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.statistics import Statistics, statistics
from protocols.waveform import ThermalImage, Waveform

RATE = 96_000.0


def tone(n: int = 96_000, *, third: float = 0.0, noise: float = 0.0, above: float = 0.0) -> Waveform:
    t = np.arange(n) / RATE
    values = np.cos(2 * math.pi * 997 * t) + third * np.cos(2 * math.pi * 2991 * t + 1)
    values += above * np.cos(2 * math.pi * 30_000 * t) + np.random.default_rng(1).normal(0, noise, n)
    return Waveform("audio", values, 1 / RATE)


@pytest.mark.parametrize(("third", "noise"), [(1e-3, 0.0), (0.0, 1e-3), (3e-4, 1e-4)])
def test_thd_plus_noise_is_that_of_harmonics_and_noise_in_the_band(third: float, noise: float) -> None:
    found = thd_plus_noise(tone(third=third, noise=noise, above=0.1))
    assert isinstance(found, AudioDistortion)
    rest = third**2 / 2 + noise**2 * (20_000 - 20) / (RATE / 2)
    assert found.thd_n.value == pytest.approx(10 * math.log10(rest / 0.5), abs=0.1)
    assert found.thd_n_percent.value == pytest.approx(100 * math.sqrt(rest / 0.5), rel=0.02)
    assert found.level.value == pytest.approx(math.sqrt(0.5), rel=1e-4)


@pytest.mark.parametrize(
    ("wave", "band", "reason"),
    [
        (tone(500), (20, 20_000), "1024 are needed"),
        (tone(2000), (20, 60_000), "above half the sample rate"),
        (tone(2000), (20, 100), "too few for 20 Hz to 100 Hz"),
        (tone(20_000), (2000, 20_000), "lies outside the band"),
    ],
)
def test_tones_that_have_no_thd_plus_noise(wave: Waveform, band: tuple[float, float], reason: str) -> None:
    found = thd_plus_noise(wave, low_hz=band[0], high_hz=band[1])
    assert isinstance(found, NoAnswer)
    assert reason in found.reason


def test_statistics_of_numacc4_and_of_codes() -> None:
    """NIST StRD NumAcc4: mean 10000000.2, standard deviation 0.1."""
    found = statistics(Waveform("NumAcc4", np.array([10000000.2] + [10000000.1, 10000000.3] * 500), 1.0))
    assert isinstance(found, Statistics)
    assert found.mean.value == pytest.approx(10000000.2, rel=1e-15)
    assert found.deviation.value == pytest.approx(0.1, rel=1e-8)
    coded = statistics(Waveform("codes", np.array([1, 2, 3, 4], np.uint8), 1.0, scale=-0.5, offset=1.0))
    assert isinstance(coded, Statistics)
    assert (coded.mean.value, coded.minimum.value, coded.maximum.value) == (-0.25, -1.0, 0.5)
    assert isinstance(statistics(Waveform("one", np.ones(1), 1.0)), NoAnswer)


def test_bad_pixels_and_surfaces_of_one_number() -> None:
    field = np.random.default_rng(1).normal(25, 0.05, (24, 32)).astype(np.float32)
    field[3, 5] += 10
    field[20, 7] -= 10
    found = bad_pixel_count(ThermalImage(field, 0.95))
    assert isinstance(found, BadPixels)
    assert (found.count.value, found.places) == (2.0, "3,5 20,7")
    black = ThermalImage(np.full((8, 8), 60.0, np.float32), 1.0)
    surface = surface_temperature(black, emissivity=0.5, reflected_c=60.0)
    assert isinstance(surface, Surface)
    assert surface.maximum.value == pytest.approx(60.0, abs=1e-3)  # all as warm as the room: no matter how it mirrors
    mirror = surface_temperature(black, emissivity=0.5, reflected_c=20.0)
    assert isinstance(mirror, Surface)
    assert mirror.correction.value > 20
    assert isinstance(surface_temperature(black, emissivity=0.5, reflected_c=500.0), NoAnswer)
