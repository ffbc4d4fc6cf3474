"""UART decoding: exact bytes, planted errors, baud tolerance, real captures."""

import numpy as np
import pytest
from analysis.decode.lines import sampled, uart_line
from captures import require_capture
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.uart import Parity, UartFormat, decode, estimate_baud, nearest_standard_baud
from protocols.captures import read_capture
from protocols.waveform import LogicCapture, Waveform


def line_edges(intervals, rate):
    return edge_tools.from_logic(sampled(intervals, rate, ["TX"]), "TX")


@given(
    st.binary(min_size=1, max_size=60),
    st.sampled_from([Parity.NONE, Parity.EVEN, Parity.ODD]),
    st.sampled_from([1, 2]),
    st.floats(0, 3),
    st.floats(6, 40),
)
def test_every_byte_comes_back(data, parity, stop, gap, samples_per_bit):
    line = uart_line(data, 9600, parity=None if parity is Parity.NONE else str(parity), stop=stop, gap_bits=gap)
    frames = decode(line_edges(line, 9600 * samples_per_bit), UartFormat(9600, 8, parity, float(stop)))
    assert frames.data == data
    assert not frames.framing_errors.any()
    assert not frames.parity_errors.any()
    assert frames.false_starts.size == 0


@settings(max_examples=40)
@given(st.binary(min_size=20, max_size=200), st.floats(-0.045, 0.045))
def test_a_baud_error_of_four_and_a_half_percent_is_harmless(data, error):
    frames = decode(line_edges(uart_line(data, 115_200), 115_200 * 32), UartFormat(115_200 * (1 + error)))
    assert frames.data == data


@settings(max_examples=30)
@given(
    st.binary(min_size=4, max_size=40), st.sets(st.integers(0, 39), max_size=4), st.sets(st.integers(0, 39), max_size=4)
)
def test_planted_errors_are_found_where_they_are(data, bad_stops, bad_parities):
    line = uart_line(data, 4800, parity="even", bad_stops=bad_stops, bad_parities=bad_parities, gap_bits=12)
    frames = decode(line_edges(line, 4800 * 10), UartFormat(4800, 8, Parity.EVEN))
    assert frames.data == data
    assert set(np.flatnonzero(frames.framing_errors)) == {i for i in bad_stops if i < len(data)}
    assert set(np.flatnonzero(frames.parity_errors)) == {i for i in bad_parities if i < len(data)}


def test_a_start_on_the_last_sample_of_a_frame_makes_its_stop_bit_low():
    line = edge_tools.Edges(1, np.array([100, 110, 195, 205]), 400, 1e6)
    assert decode(line, UartFormat(99_000)).framing_errors.tolist() == [True, False]


def test_a_false_start_at_two_samples_a_bit_does_not_hold_the_search():
    line = edge_tools.Edges(1, np.array([4, 5, 20, 22]), 60, 2.0)
    frames = decode(line, UartFormat(1.0))
    assert (frames.false_starts.tolist(), frames.starts.tolist()) == ([4], [20])


@settings(max_examples=100)
@given(
    st.lists(st.integers(1, 12), min_size=2, max_size=80),
    st.floats(2, 12),
    st.builds(UartFormat, st.just(1.0), st.integers(5, 9), st.sampled_from(Parity), st.sampled_from([1.0, 1.5, 2.0])),
)
def test_every_bit_is_the_level_in_its_middle(distances, bit, form):
    positions = np.cumsum(distances)
    line = edge_tools.Edges(1, positions, int(positions[-1]) + 200, bit)
    frames = decode(line, form)
    parity = int(form.parity is not Parity.NONE)
    stop = 1 + form.data_bits + parity
    middles = [*(np.arange(1, stop) + 0.5), stop + 0.5, stop + form.stop_bits - 0.5]
    levels = line.level_at(frames.starts[:, None] + np.floor(np.array(middles) * bit).astype(int))
    assert frames.words.tolist() == (levels[:, : form.data_bits] @ (1 << np.arange(form.data_bits))).tolist()
    assert frames.framing_errors.tolist() == (levels[:, -2:].min(axis=1) == 0).tolist()
    if parity:
        odd = levels[:, : form.data_bits + 1].sum(axis=1) % 2
        assert frames.parity_errors.tolist() == (odd != (form.parity is Parity.ODD)).tolist()


def test_nine_data_bits():
    frames = decode(line_edges(uart_line([0x155, 0x0FF, 0x1FF], 9600, bits=9), 96_000), UartFormat(9600, 9))
    assert frames.words.tolist() == [0x155, 0x0FF, 0x1FF]


def test_a_glitch_is_a_false_start_and_no_byte():
    bit = 1 / 9600
    line = [(5 * bit, (1,)), (0.2 * bit, (0,)), (15 * bit, (1,)), *uart_line(b"A", 9600)]
    frames = decode(line_edges(line, 960_000), UartFormat(9600))
    assert frames.data == b"A"
    assert frames.false_starts.tolist() == [500]


def test_a_frame_cut_by_the_end_of_the_record_is_left_out():
    capture = sampled(uart_line(b"AB", 9600), 96_000, ["TX"])
    cut = LogicCapture(capture.words[: capture.words.size - 60], 96_000, capture.channels)
    assert decode(edge_tools.from_logic(cut, "TX"), UartFormat(9600)).data == b"A"


def test_start_times_are_in_seconds():
    frames = decode(line_edges(uart_line(b"AB", 9600), 9600 * 100), UartFormat(9600))
    assert frames.start_times_s == pytest.approx([3 / 9600, 13 / 9600], abs=2e-6)


@pytest.mark.parametrize("rate", [9600, 19_199])
def test_too_few_samples_are_refused(rate):
    with pytest.raises(ValueError, match="2 are needed"):
        decode(line_edges(uart_line(b"A", 9600), rate), UartFormat(9600))


def test_an_impossible_format_is_refused():
    with pytest.raises(ValueError, match="no such UART format"):
        UartFormat(9600, 4)


@pytest.mark.parametrize("baud", [4800, 19_200, 115_200, 921_600])
def test_the_baud_rate_is_found(baud):
    text = b"The quick brown fox jumps over the lazy dog. " * 4
    found = estimate_baud(line_edges(uart_line(text, baud * 1.01), 12e6))
    assert found.value == pytest.approx(baud * 1.01, rel=2e-3)
    assert abs(found.value - baud * 1.01) < 5 * found.standard_uncertainty
    assert nearest_standard_baud(found.value) == baud


def test_no_baud_rate_from_a_quiet_line():
    assert "too few" in estimate_baud(line_edges([(1e-3, (1,))], 1e6)).reason


def test_analogue_samples_with_noise_decode_like_logic():
    rng = np.random.default_rng(5)
    logic = sampled(uart_line(b"Benchwright", 115_200), 2e6, ["TX"])
    volts = logic.words * 3.3 + rng.normal(0, 0.15, logic.words.size)
    wave = Waveform("CH1", np.round(volts / 0.04).astype(np.int8), 1 / 2e6, scale=0.04)
    assert decode(edge_tools.from_waveform(wave, 1.65, 0.8), UartFormat(115_200)).data == b"Benchwright"
    upside_down = Waveform("CH1", -wave.codes, 1 / 2e6, scale=-0.04)
    assert decode(edge_tools.from_waveform(upside_down, 1.65, 0.8), UartFormat(115_200)).data == b"Benchwright"


@given(st.binary(max_size=3000))
def test_any_samples_decode_without_an_exception(raw):
    edges = edge_tools.from_logic(LogicCapture(np.frombuffer(raw, np.uint8) & 1, 1e6, ("TX",)), "TX")
    frames = decode(edges, UartFormat(115_200))
    assert frames.words.size == frames.starts.size == frames.framing_errors.size
    estimate_baud(edges)


def test_an_unknown_channel_is_named_with_those_there_are():
    capture = LogicCapture(np.zeros(4, np.uint8), 1e6, ("RX", None, "TX"))
    with pytest.raises(KeyError, match="RX, TX"):
        edge_tools.from_logic(capture, "SDA")


@pytest.mark.parametrize(
    ("file", "form", "data", "errors"),
    [
        ("hello_world_8n1_115200.sr", UartFormat(115_200), b"Hello World!\r\n" * 3, 0),
        ("hello_world_7e1_115200.sr", UartFormat(115_200, 7, Parity.EVEN), b"Hello World!\r\n" * 4, 0),
        ("ampel64_4800_8n1_frame_errors.sr", UartFormat(4800), bytes.fromhex("415355318136340A"), 4),
    ],
)
def test_real_captures(file, form, data, errors):
    path = require_capture(f"logic/{file}")
    frames = decode(edge_tools.from_logic(read_capture(path.read_bytes(), file).logic, "TX"), form)
    assert frames.data == data
    assert frames.framing_errors.sum() + frames.false_starts.size == errors
