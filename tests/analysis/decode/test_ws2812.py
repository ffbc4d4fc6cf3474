"""WS2812 decoding: exact colours made bit by bit, planted errors, an independent decoder."""

import shutil
import subprocess

import numpy as np
import pytest
from analysis.decode.lines import sampled
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.ws2812 import decode
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, LogicCapture

US = 1e-6


def bits(data, zero=0.4, one=0.8, period=1.25):
    line = []
    for octet in data:
        for k in range(7, -1, -1):
            high = (one if (octet >> k) & 1 else zero) * US
            line += [(high, (1,)), (period * US - high, (0,))]
    return line


def line_edges(intervals, rate=24e6):
    return edge_tools.from_logic(sampled([(100 * US, (0,)), *intervals, (100 * US, (0,))], rate, ["D"]), "D")


@settings(max_examples=50)
@given(
    st.lists(
        st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=8), min_size=1, max_size=4
    ),
    st.sampled_from(["GRB", "RGB", "GRBW"]),
    st.floats(0.25, 0.5),
    st.floats(0.65, 0.95),
    st.floats(12e6, 100e6),
)  # fmt: skip
def test_every_colour_comes_back(frames, order, zero, one, rate):
    sent = [[colours[: len(order)] for colours in frame] for frame in frames]
    line = [
        part
        for frame in sent
        for part in [*bits([level for colours in frame for level in colours], zero, one), (60 * US, (0,))]
    ]
    found = decode(line_edges(line, rate), order=order)
    assert [found.frame(i).tolist() for i in range(found.starts.size)] == [[list(c) for c in f] for f in sent]
    assert not found.leftover_bits.any()
    assert not found.timing_errors.any()


def test_red_is_red_in_every_order():
    assert decode(line_edges(bits(b"\x01\xff\x02"))).rgb().tolist() == [[255, 1, 2]]
    assert decode(line_edges(bits(b"\xff\x01\x02\x09")), order="RGBW").rgb().tolist() == [[255, 1, 2]]


def test_wrong_pulses_and_cut_colours_are_counted():
    line = [*bits(b"\x01\x02\x03"), (3 * US, (1,)), (1 * US, (0,)), *bits(b"\x80")[:6], (20 * US, (0,)), *bits(b"\x80")]
    found = decode(line_edges(line))
    assert found.colours.tolist() == [[1, 2, 3]]
    assert found.leftover_bits.tolist() == [12]
    assert found.timing_errors.tolist() == [2]


def test_the_reset_time_can_be_that_of_newer_diodes():
    line = [*bits(b"\x01\x02\x03"), (100 * US, (0,)), *bits(b"\x04\x05\x06")]
    assert decode(line_edges(line)).starts.size == 2
    assert decode(line_edges(line), reset_s=280e-6).starts.size == 1


@given(st.binary(max_size=3000), st.sampled_from([4e6, 24e6, 1e9]), st.sampled_from(["GRB", "RGBW"]))
def test_any_samples_decode_without_an_exception(raw, rate, order):
    words = np.unpackbits(np.frombuffer(raw, np.uint8))
    found = decode(edge_tools.from_logic(LogicCapture(words, rate, ("D",)), "D"), order=order)
    assert found.offsets[-1] == found.colours.shape[0]
    assert found.starts.size == found.leftover_bits.size == found.timing_errors.size


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="each once"):
        decode(line_edges([]), order="RGG")
    with pytest.raises(ValueError, match="fewer than 4 samples"):
        decode(line_edges([], 3e6))


@pytest.mark.skipif(shutil.which("sigrok-cli") is None, reason="sigrok-cli is not installed")
def test_an_independent_decoder_reads_the_same(tmp_path):
    data = np.random.default_rng(2).bytes(30)
    capture = sampled([(100 * US, (0,)), *bits(data), (100 * US, (0,)), *bits(b"\0\0\0")], 24e6, ["D"])
    file = tmp_path / "leds.sr"
    file.write_bytes(write_sr(Capture(logic=capture)))
    command = ["sigrok-cli", "-i", str(file), "-P", "rgb_led_ws281x:din=D", "-A", "rgb_led_ws281x=rgb"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    theirs = [bytes.fromhex(line.split("#")[1][:6]) for line in printed.splitlines() if "#" in line]
    ours = decode(edge_tools.from_logic(capture, "D"))
    assert theirs[:10] == [bytes(row) for row in ours.rgb()[:10]]
    assert ours.frame(0).tobytes() == data
