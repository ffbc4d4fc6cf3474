"""CAN decoding: exact frames made bit by bit, planted faults, an independent decoder."""

import shutil
import subprocess

import numpy as np
import pytest
from analysis.decode.can_lines import frame_bits, line_of
from analysis.decode.lines import sampled
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decode import edges as edge_tools
from edge_agent.analysis.decode.can import CanFault, decode
from edge_agent.analysis.decode.uart import estimate_baud
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, LogicCapture

BIT_RATE = 500_000

sent_frames = st.booleans().flatmap(
    lambda extended: st.fixed_dictionaries(
        {
            "identifier": st.integers(0, 2**29 - 1 if extended else 2**11 - 1) | st.sampled_from([0, 0x7FF]),
            "data": st.binary(max_size=8) | st.sampled_from([b"\0" * 8, b"\xff" * 8]),
            "extended": st.just(extended),
            "acknowledged": st.booleans(),
        }
    )
)


def decoded(intervals, samples_a_bit=10, error=0.0):
    rate = BIT_RATE * samples_a_bit
    return decode(edge_tools.from_logic(sampled(intervals, rate, ["RX"]), "RX"), BIT_RATE * (1 + error))


def seen(frame):
    return {
        "identifier": frame.identifier,
        "data": frame.data,
        "extended": frame.extended,
        "acknowledged": frame.acknowledged,
    }


@settings(max_examples=60)
@given(st.lists(sent_frames, min_size=1, max_size=5), st.floats(4, 30), st.floats(-0.04, 0.04))
def test_every_frame_comes_back(frames, samples_a_bit, error):
    # A bus controller is allowed 1.58 % at most; a sampled line of few samples a bit adds its own rounding.
    error *= min(1.0, (samples_a_bit - 4) / 16)
    found = decoded(line_of([frame_bits(**frame) for frame in frames], BIT_RATE), samples_a_bit, error)
    assert [seen(frame) for frame in found] == frames
    assert all(frame.fault is None and not frame.remote for frame in found)


def test_remote_frames_and_long_length_codes():
    bits = [frame_bits(0x123, b"", remote=True, length_code=6), frame_bits(0x7, bytes(8), length_code=15)]
    remote, long = decoded(line_of(bits, BIT_RATE))
    assert (remote.remote, remote.length_code, remote.data) == (True, 6, b"")
    assert (long.length_code, long.data, long.fault) == (15, bytes(8), None)


def test_starts_are_samples():
    (frame,) = decoded(line_of([frame_bits(1, b"a")], BIT_RATE, lead=20))
    assert frame.start == pytest.approx(200, abs=1)


@settings(max_examples=60)
@given(sent_frames, st.integers(1, 0x7FFF))
def test_a_wrong_checksum_is_found_and_the_next_frame_is_read(frame, flipped):
    bits = [frame_bits(**frame, wrong_crc=flipped), frame_bits(0x55, b"next")]
    wrong, good = decoded(line_of(bits, BIT_RATE))
    assert (wrong.fault, wrong.identifier, wrong.data) == (CanFault.CRC, frame["identifier"], frame["data"])
    assert (good.fault, good.data) == (None, b"next")


@settings(max_examples=40)
@given(sent_frames, st.integers(0, 17))
def test_an_error_flag_in_a_frame_is_a_stuff_error(frame, place):
    broken = [*frame_bits(**frame)[: 1 + place], *[0] * 6, *[1] * 8, *[1] * 3]
    found = decoded(line_of([broken, frame_bits(0x55, b"next")], BIT_RATE))
    assert [f.fault for f in found] == [CanFault.STUFF, None]
    assert found[1].data == b"next"


@pytest.mark.parametrize("from_end", [4, 9, 11, 13])
def test_a_dominant_bit_in_the_fixed_part_is_a_form_error(from_end):
    """Counted from the end of the intermission: late in the end of frame, early in it, both delimiters."""
    bits = frame_bits(0x2A5, b"\x12")
    bits[-from_end] = 0
    first, *rest = decoded(line_of([bits, [1] * 11, frame_bits(0x55, b"next")], BIT_RATE))
    assert first.fault is (None if from_end == 4 else CanFault.FORM)
    assert [frame.data for frame in rest] == [b"next"]


def test_the_third_bit_of_the_intermission_may_start_a_frame():
    bits = [frame_bits(0x2A5, b"\x12")[:-1], frame_bits(0x55, b"next")]
    assert [frame.data for frame in decoded(line_of(bits, BIT_RATE))] == [b"\x12", b"next"]


def test_a_can_fd_frame_is_named():
    fd = [0, *[1, 0] * 5, 1, 0, 0, 1, 0, 1, 0, *[1] * 11]
    (frame, after) = decoded(line_of([fd, frame_bits(0x55, b"next")], BIT_RATE))
    assert (frame.fault, frame.identifier) == (CanFault.FD, 0b10101010101)
    assert after.data == b"next"


def test_a_record_that_begins_in_a_frame():
    bits = frame_bits(0x2A5, b"\x55\xaa\x55\xaa")
    assert [f.data for f in decoded(line_of([bits[30:], frame_bits(1, b"a")], BIT_RATE, lead=0))] == [b"a"]
    assert [f.data for f in decoded(line_of([frame_bits(1, b"a")], BIT_RATE, lead=3))] == [b"a"]


def test_a_frame_cut_by_the_end_of_the_record_is_left_out():
    bits = frame_bits(0x2A5, b"\x55\xaa")
    assert decoded(line_of([bits[:40]], BIT_RATE, tail=0)) == []
    assert len(decoded(line_of([bits[:-3]], BIT_RATE, tail=0))) == 1


def test_the_bit_rate_is_found():
    rng = np.random.default_rng(3)
    line = line_of([frame_bits(int(rng.integers(2048)), rng.bytes(8)) for _ in range(10)], BIT_RATE * 1.01)
    found = estimate_baud(edge_tools.from_logic(sampled(line, 12e6, ["RX"]), "RX"))
    assert found.value == pytest.approx(BIT_RATE * 1.01, rel=2e-3)


@given(st.binary(max_size=3000), st.integers(1, 40), st.floats(1, 2e5))
def test_any_samples_decode_without_an_exception(raw, repeat, bit_rate):
    words = np.repeat(np.unpackbits(np.frombuffer(raw, np.uint8)), repeat)
    for frame in decode(edge_tools.from_logic(LogicCapture(words, 1e6, ("RX",)), "RX"), bit_rate):
        assert len(frame.data) <= 8
        assert words[frame.start] == 0


@pytest.mark.parametrize("bit_rate", [250_001, 0, -1, float("nan")])
def test_too_few_samples_are_refused(bit_rate):
    line = edge_tools.from_logic(sampled(line_of([], 1e5), 1e6, ["RX"]), "RX")
    with pytest.raises(ValueError, match="4 are needed"):
        decode(line, bit_rate)


@pytest.mark.skipif(shutil.which("sigrok-cli") is None, reason="sigrok-cli is not installed")
def test_an_independent_decoder_reads_the_same(tmp_path):
    rng = np.random.default_rng(7)
    frames = [
        {"identifier": int(rng.integers(2**29 if extended else 2**11)), "data": rng.bytes(size), "extended": extended}
        for size in range(9)
        for extended in (False, True)
    ]
    idle = [1] * 12
    line = line_of([frame_bits(**frame) + idle for frame in frames], BIT_RATE)
    capture = sampled(line, 10 * BIT_RATE, ["RX"])
    file = tmp_path / "can.sr"
    file.write_bytes(write_sr(Capture(logic=capture)))
    command = ["sigrok-cli", "-i", str(file), "-P", f"can:can_rx=RX:nominal_bitrate={BIT_RATE}", "-A", "can=data"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    theirs = bytes(int(line.split("0x")[1], 16) for line in printed.splitlines() if "Data byte" in line)
    ours = decode(edge_tools.from_logic(capture, "RX"), BIT_RATE)
    assert theirs == b"".join(frame.data for frame in ours) == b"".join(frame["data"] for frame in frames)
