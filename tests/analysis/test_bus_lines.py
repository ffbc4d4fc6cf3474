"""Buses from scope records, as test plans use them: the gallery's lines, and what goes wrong on a bench."""

import numpy as np
import pytest

from edge_agent.analysis.bus_lines import BusTraffic, can_line, i2c_lines, onewire_line, spi_lines, ws2812_line
from edge_agent.analysis.registry import run
from edge_agent.analysis.result import NoAnswer
from protocols.waveform import Waveform
from scripts import gallery

SAID = {
    "i2c": "W5a: 07",
    "spi": "9f c2 20 15",
    "onewire": "cc 44",
    "ws2812": "10ff00 004080",
    "can": "123#0102",
}


@pytest.mark.parametrize("name", SAID)
def test_noisy_lines_are_read_through_the_catalogue(name: str) -> None:
    example = gallery.EXAMPLES[name]()
    found = run(name, example.signal, **example.parameters)
    assert found["text"] == SAID[name]
    assert found["errors"].value == found["unanswered"].value == 0
    assert found["count"].value == 1


def reason(found: BusTraffic | NoAnswer) -> str:
    assert isinstance(found, NoAnswer)
    return found.reason


def inverted(wave: Waveform) -> Waveform:
    return Waveform(wave.name, -wave.codes, wave.sample_interval_s, scale=wave.scale, offset=3.3 - wave.offset)


def test_what_is_wrong_is_counted() -> None:
    scl, sda = gallery.EXAMPLES["i2c"]().signal
    # A device that does not answer: SDA stays high in the ninth clock of the address.
    high = sda.codes.max()
    codes = sda.codes.copy()
    codes[60 + 8 * 40 : 60 + 9 * 40] = high
    silent = i2c_lines([scl, Waveform("SDA", codes, sda.sample_interval_s, scale=sda.scale, offset=sda.offset)])
    assert isinstance(silent, BusTraffic)
    assert (silent.unanswered.value, silent.errors.value) == (1, 0)
    clock, mosi, select = gallery.EXAMPLES["spi"]().signal
    halted = clock.codes.copy()
    halted[400:] = clock.codes.min()  # the clock stops within a byte
    cut = spi_lines(
        [Waveform("CLK", halted, clock.sample_interval_s, scale=clock.scale, offset=clock.offset), mosi, select]
    )
    assert isinstance(cut, BusTraffic)
    assert cut.errors.value == 1
    assert cut.text.startswith("9f c2")
    four = spi_lines([clock, mosi, mosi, select])
    assert isinstance(four, BusTraffic)
    assert four.text == "9f c2 20 15 | 9f c2 20 15"


def test_reasons() -> None:
    still = Waveform("still", np.zeros(1000, np.int16), 1e-7)
    scl, _ = gallery.EXAMPLES["i2c"]().signal
    assert "1 lines were given; this bus takes 2" in reason(i2c_lines([scl]))
    assert "differ in length" in reason(i2c_lines([scl, still]))
    assert "does not move" in reason(i2c_lines([scl, Waveform("SDA", np.zeros_like(scl.codes), scl.sample_interval_s)]))
    assert "no start condition" in reason(i2c_lines([scl, inverted(scl)]))
    assert "too slow" in reason(onewire_line(Waveform("slow", np.arange(1000) % 2 * 100, 1e-3)))
    assert "fewer than 4 samples" in reason(ws2812_line(Waveform("slow", np.arange(1000) % 2 * 100, 1e-3)))
    can = gallery.EXAMPLES["can"]().signal
    assert "samples a bit; 4 are needed" in reason(can_line(can, bit_rate_hz=5e6))
    assert "empty" in reason(can_line(Waveform("none", np.zeros(0, np.int16), 1e-7), bit_rate_hz=5e5))
