"""A serial line judged from a scope record."""

import numpy as np
import pytest
from analysis.decode.lines import sampled
from analysis.decode.lines import uart_line as made

from edge_agent.analysis.result import Accuracy, NoAnswer
from edge_agent.analysis.uart_line import uart_line
from protocols.waveform import Waveform

TEXT = b"BW-SP100 boot 1.4.2\r\nsensor ok\r\n"


def record(baud, text=TEXT, rate=2.5e6):
    logic = sampled(made(text, baud), rate, ["TX"])
    noise = np.random.default_rng(1).normal(0, 1, logic.words.size)
    return Waveform("CH1", np.round(logic.words * 82 + noise).astype(np.int8), 1 / rate, scale=0.04)


def test_text_and_baud_of_a_healthy_line():
    line = uart_line(record(115_200), 115_200)
    assert line.text == TEXT.decode()
    assert line.framing_errors.value == 0
    assert abs(line.baud_error.value) < 4 * line.baud_error.standard_uncertainty


def test_a_wrong_crystal_shows_as_a_baud_error_and_the_text_is_still_read():
    line = uart_line(record(115_200 * 1.06), 115_200)
    assert line.text == TEXT.decode()
    assert line.baud_error.value == pytest.approx(6.0, abs=0.1)


def test_the_time_base_adds_to_the_uncertainty():
    plain = uart_line(record(115_200), 115_200).baud
    real = uart_line(record(115_200), 115_200, accuracy=Accuracy(time_base=1e-2)).baud
    assert real.standard_uncertainty == pytest.approx(np.hypot(plain.standard_uncertainty, real.value * 1e-2))


def test_a_dead_line_has_no_answer():
    flat = Waveform("CH1", np.full(1000, 82, np.int8), 4e-7, scale=0.04)
    assert "does not move" in uart_line(flat, 115_200).reason
    assert isinstance(uart_line(Waveform("CH1", np.empty(0, np.int8), 4e-7), 115_200), NoAnswer)
