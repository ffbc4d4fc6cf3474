"""Masks of good units: what deviates is found and placed, and good units are refused no more often than stated."""

import hashlib

import numpy as np
import pytest

from edge_agent.analysis.features import MaskKind
from edge_agent.analysis.mask import Mask, compare, decode, encode, learn
from edge_agent.analysis.result import NoAnswer
from protocols.waveform import ThermalImage, Waveform

N, FS = 4096, 1e6
T = np.arange(N) / FS


def wave(rng: np.random.Generator, kind: MaskKind, bad: bool = False, wide: float = 0.01) -> list[Waveform]:
    """One unit: gain and delay differ from unit to unit, noise from record to record."""
    gain, shift = 1 + wide * rng.normal(), 2e-6 * rng.normal()
    noise = rng.normal(0, 2e-3, (2, N))
    if kind is MaskKind.WAVEFORM:
        y = gain * np.exp(-(((T - shift - 2e-3) / 3e-4) ** 2)) + (
            0.08 * np.exp(-(((T - 2.6e-3) / 2e-5) ** 2)) if bad else 0
        )
        return [Waveform("ch1", y + noise[0], 1 / FS)]
    if kind is MaskKind.SPECTRUM:
        y = gain * np.sin(2 * np.pi * 20e3 * T + rng.uniform(0, 6)) + (
            0.02 * np.sin(2 * np.pi * 61e3 * T) if bad else 0
        )
        return [Waveform("ch1", y + noise[0], 1 / FS)]
    if kind is MaskKind.RESPONSE:
        x = np.sign(np.sin(2 * np.pi * 2e3 * T + rng.uniform(0, 6))) + 0.3 * rng.normal(size=N)
        corner = 15e3 * (0.6 if bad else 1 + 0.01 * rng.normal())
        spectrum = np.fft.rfft(x) / (1 + 1j * np.fft.rfftfreq(N, 1 / FS) / corner)
        return [Waveform("in", x, 1 / FS), Waveform("out", gain * np.fft.irfft(spectrum, N) + noise[1], 1 / FS)]
    phase = 2 * np.pi * 16 * np.arange(N) / N + rng.uniform(0, 6)
    v = np.sin(phase)
    i = gain * 1e-3 * np.cos(phase) + (8e-4 * np.maximum(0, v - 0.6) if bad else 0)
    return [Waveform("v", v + noise[0], 1 / FS), Waveform("i", i + 1e-3 * noise[1], 1 / FS, unit="A")]


def heat(rng: np.random.Generator, bad: bool = False) -> ThermalImage:
    rows, columns = np.mgrid[0:24, 0:32]
    ambient = 25 + 3 * rng.normal()
    spot = 8 * (1 + 0.02 * rng.normal()) * np.exp(-((rows - 8) ** 2 + (columns - 20) ** 2) / 8)
    spot = spot + (1.5 * np.exp(-((rows - 16) ** 2 + (columns - 6) ** 2) / 4) if bad else 0)
    return ThermalImage((ambient + spot + rng.normal(0, 0.05, spot.shape)).astype(np.float32), 0.95)


def unit(rng: np.random.Generator, kind: MaskKind, bad: bool = False) -> list[Waveform] | ThermalImage:
    return heat(rng, bad) if kind is MaskKind.HEAT else wave(rng, kind, bad)


PLACES = {
    MaskKind.WAVEFORM: "2.",
    MaskKind.SPECTRUM: "6",  # … 60 kHz
    MaskKind.HEAT: "row 16, column 6",
}


@pytest.mark.parametrize("kind", MaskKind)
def test_a_deviating_unit_is_found_and_its_place_told(kind: MaskKind) -> None:
    rng = np.random.default_rng(3)
    mask = learn(kind, [unit(rng, kind) for _ in range(12)], false_reject=0.001)
    assert isinstance(mask, Mask)
    found, good = compare(mask, unit(rng, kind, bad=True)), compare(mask, unit(rng, kind))
    assert not isinstance(found, NoAnswer)
    assert not isinstance(good, NoAnswer)
    assert (found.matches, good.matches) == (False, True)
    assert found.worst.value > found.limit.value > good.worst.value
    assert found.place.startswith(PLACES.get(kind, "")), found.place
    assert found.units.value == 12


@pytest.mark.parametrize("kind", [MaskKind.WAVEFORM, MaskKind.VI, MaskKind.HEAT])
def test_good_units_are_refused_about_as_often_as_asked_and_no_more_than_proven(kind: MaskKind) -> None:
    """Twenty masks, fifty new good units each: the stated rate is 5 %."""
    rng = np.random.default_rng(11)
    refused, bounds = 0, []
    for _ in range(20):
        mask = learn(kind, [unit(rng, kind) for _ in range(10)], false_reject=0.05)
        assert isinstance(mask, Mask)
        bounds.append(mask.false_reject_bound)
        for _ in range(50):
            found = compare(mask, unit(rng, kind))
            assert not isinstance(found, NoAnswer)
            refused += not found.matches
    share = refused / 1000
    assert share <= 0.10, "at most twice what was asked for"
    assert share <= np.mean(bounds)


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    rng = np.random.default_rng(5)
    mask = learn(MaskKind.WAVEFORM, [wave(rng, MaskKind.WAVEFORM) for _ in range(20)])
    assert isinstance(mask, Mask)
    # None of 20 refused proves no more than 1 - 0.05^(1/20) = 13.9 % (the rule of three says 15 %).
    if mask.refused == 0:
        assert mask.false_reject_bound == pytest.approx(1 - 0.05 ** (1 / 20), rel=1e-6)
    assert mask.false_reject_bound > mask.refused / mask.units


def test_a_mask_is_a_file_with_one_address_and_a_damaged_one_is_refused() -> None:
    rng = np.random.default_rng(7)
    mask = learn(MaskKind.HEAT, [heat(rng) for _ in range(6)])
    assert isinstance(mask, Mask)
    content = encode(mask)
    again = decode(content, "m")
    assert again == mask
    assert hashlib.sha256(encode(again)).digest() == hashlib.sha256(content).digest()
    for damaged in (content[:-40], b"{}", content.replace(b'"heat"', b'"colour"'), b"\xff" * 100):
        with pytest.raises(ValueError, match="not a mask"):
            decode(damaged, "m")


def test_what_cannot_be_learned_or_compared_is_a_reason() -> None:
    rng = np.random.default_rng(9)
    few = learn(MaskKind.WAVEFORM, [wave(rng, MaskKind.WAVEFORM) for _ in range(4)])
    assert isinstance(few, NoAnswer)
    assert "at least 5" in few.reason
    mask = learn(MaskKind.WAVEFORM, [wave(rng, MaskKind.WAVEFORM) for _ in range(6)])
    assert isinstance(mask, Mask)
    short = [Waveform("ch1", np.zeros(2048), 1 / FS)]
    late = [Waveform("ch1", np.roll(wave(rng, MaskKind.WAVEFORM)[0].values(), 700), 1 / FS)]
    for record, words in ((short, "not as long"), (late, "trigger as they did"), (heat(rng), "is for a waveform")):
        found = compare(mask, record)
        assert isinstance(found, NoAnswer)
        assert words in found.reason
