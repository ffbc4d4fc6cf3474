"""Rigol ``.wfm`` files of the DS1000B, C and E, the DS2000, 4000 and 6000 and the DHO: built, damaged and hostile."""

import struct

import pytest
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from rigol_files import rigol_2000, rigol_b, rigol_c, rigol_dho

from protocols.captures import CaptureError, read_capture


def test_ds1000b_channels_have_places_of_their_own() -> None:
    capture = read_capture(rigol_b(bytes([162, 137, 187]), None, bytes([99, 98, 100])), "x.wfm")
    one, three = capture.analog
    assert (one.name, three.name) == ("CH1", "CH3")
    # 1 V and a probe of 10: 10 V a division of 25 codes; 99 less the shift is zero.
    assert one.values() == pytest.approx([0.0, 10.0, -10.0])
    assert three.values() == pytest.approx([25.2, 25.6, 24.8])
    assert one.start_s == pytest.approx(16e-6 - 1.5 / 125e3)
    assert capture.metadata["model"] == "DS1204B"


@pytest.mark.parametrize("first", [0xA1, 0xA5])
def test_ds1000c_has_samples_earlier_and_the_same_levels(first: int) -> None:
    capture = read_capture(rigol_c(first, bytes([216, 191]), bytes([216, 241])), "x.wfm")
    assert [wave.values().round(9).tolist() for wave in capture.analog] == [[0.0, 0.5], [0.0, -0.5]]
    assert capture.analog[0].start_s == pytest.approx(8e-3 - 1 / 20e6)
    assert capture.metadata["format"] == "Rigol DS1000C wfm"


@pytest.mark.parametrize(
    ("model", "switch", "codes"), [(b"DS2A15", 1, 25), (b"DS2D1624", 8, 25), (b"DS4A20", 1, 32), (b"DS6A", 1, 25)]
)
def test_ds2000_4000_and_6000_share_one_structure(model: bytes, switch: int, codes: int) -> None:
    record = bytes([127, 127 + codes, 127 - codes, 127])
    capture = read_capture(rigol_2000(model, (record, None, record), switch=switch), "x.wfm")
    assert [wave.name for wave in capture.analog] == ["CH1", "CH3"]
    wave = capture.analog[1]
    assert wave.values() == pytest.approx([0.25, 0.75, -0.25, 0.25])
    assert (wave.unit, wave.start_s) == ("A", pytest.approx(4.48e-6 - 2e-9))
    assert ("note" in capture.metadata) == model.startswith(b"DS6")


def test_samples_before_the_first_valid_one_are_left_out() -> None:
    wave = read_capture(rigol_2000(samples=(bytes(range(8)),), first=3), "x.wfm").analog[0]
    assert wave.codes.tolist() == [3, 4, 5, 6, 7]
    assert wave.start_s == pytest.approx(4.48e-6 - 1e-9)


def test_a_trigger_moved_on_the_screen_does_not_move_the_samples() -> None:
    moved = read_capture(rigol_2000(b"DS4A20", on_screen=-88_000_000), "x.wfm").analog[0]
    assert moved.start_s == pytest.approx(4.48e-6 - 2e-9)


def test_one_channel_takes_the_memory_of_two() -> None:
    file = bytearray(rigol_2000(samples=(bytes([1, 3, 5, 7]), bytes([2, 4, 6, 8]))))
    file[64], file[65] = 2, 1
    struct.pack_into("<3I", file, 244, 8, 0, 8)
    (wave,) = read_capture(bytes(file), "x.wfm").analog
    assert (wave.name, wave.codes.tolist()) == ("CH2", [1, 2, 3, 4, 5, 6, 7, 8])


@pytest.mark.parametrize(
    ("family", "scale", "zero", "interval"), [(5, 1 / 150_000, 0.151453856, 4e-7), (9, 1 / 150, -154.0, 5e-6)]
)
def test_dho_channels_lie_in_turn(family: int, scale: float, zero: float, interval: float) -> None:
    capture = read_capture(rigol_dho(family, [32768, 32918, 0], None, [1, 2, 3]), "x.wfm")
    one, three = capture.analog
    assert (one.name, three.name, three.codes.tolist()) == ("CH1", "CH3", [1, 2, 3])
    assert one.values() == pytest.approx([zero, zero + 150 * scale, zero - 32768 * scale])
    assert (one.sample_interval_s, one.start_s) == pytest.approx((interval, -1.5 * interval))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (rigol_b(bytes(4))[:421], "the samples of CH1 needs 4 bytes"),
        (rigol_b(bytes(4), inverted=1), "CH1 is inverted"),
        (rigol_b(bytes(4)).replace(b"\0\0\1\0\x40\x42", b"\0\0\0\0\x40\x42", 1), "no channel was on"),
        (rigol_c(0xA1, bytes(4)) + b"extra", "265 bytes, a DS1000C's 260"),
        (rigol_c(0xA5, bytes(4)) + b"extra", "281 bytes, a DS1000E's 280"),
        (rigol_2000().replace(b"DS2D1624", b"DS9D1624"), "of no family read here"),
        (rigol_2000(inverted=1), "CH1 is inverted"),
        (rigol_2000(first=4), "samples 4 to 4 of 4"),
        (rigol_2000()[:602], "the samples of CH1 needs 4 bytes"),
        (rigol_2000(samples=(bytes(4),), joined=1), "two joined memories are cut"),
        (rigol_dho(5, [1, 2], points=3), "the samples needs 6 bytes"),
        (rigol_dho(5, [1, 2]).replace(b"Rigol", b"Rigel"), "settings are damaged"),
        (rigol_dho(7, [1, 2]), "of a family not read"),
    ],
)
def test_bad_rigol_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason) as caught:
        read_capture(data, "bench/x.wfm")
    assert str(caught.value).startswith("bench/x.wfm: byte ")


@settings(max_examples=40, deadline=None)
@given(damaged(rigol_b(bytes(16), bytes(16))))
def test_damaged_ds1000b_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.wfm"), data, CaptureError)


@settings(max_examples=40, deadline=None)
@given(damaged(rigol_c(0xA1, bytes(16), bytes(16))))
def test_damaged_ds1000c_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.wfm"), data, CaptureError)


@settings(max_examples=60, deadline=None)
@given(damaged(rigol_2000(samples=(bytes(16), bytes(16)))))
def test_damaged_ds2000_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.wfm"), data, CaptureError)


@settings(max_examples=60, deadline=None)
@given(damaged(rigol_dho(5, [1, 2, 3], [4, 5, 6])))
def test_damaged_dho_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.wfm"), data, CaptureError)


def test_hostile_sizes_take_no_memory() -> None:
    dho = bytearray(rigol_dho(9, [1, 2]))
    struct.pack_into("<I", dho, len(dho) - 4 - 16, 0xFFFFFFFF)
    assert_frugal(lambda d: read_capture(d, "x.wfm"), bytes(dho), CaptureError, 1 << 20)
    long = bytearray(rigol_2000())
    struct.pack_into("<3I", long, 244, 0xFFFFFFFF, 0, 0xFFFFFFFE)
    assert_frugal(lambda d: read_capture(d, "x.wfm"), bytes(long), CaptureError, 1 << 20)
