"""Rigol ``.wfm`` files of the DS1000B, C and E, the DS2000, 4000 and 6000 and the DHO: built, damaged and hostile."""

import struct
import zlib

import numpy as np
import pytest
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings

from protocols.captures import CaptureError, read_capture


def channel_24(on: int, *, volts: int = 1_000_000, shift: int = 0, probe: float = 1.0, inverted: int = 0) -> bytes:
    """The channel header that the DS1000B, C and E have in common."""
    return struct.pack("<ih2xf", volts, shift, probe) + struct.pack("<BBBBih2x", 0, on, inverted, 0, volts, shift)


def rigol_b(*samples: bytes | None, shift: int = -63, inverted: int = 0) -> bytes:
    points = max(len(one) for one in samples if one)
    data = bytearray(420)
    data[:12] = b"\xa5\xa5\xa4\x01DS1204B\0"
    struct.pack_into("<II", data, 60, points, 4)
    for channel in range(4):
        on = int(channel < len(samples) and samples[channel] is not None)
        header = channel_24(0, shift=shift, probe=10.0)
        # One byte more than the others have, the probe's type, stands before the switches.
        header = header[:12] + bytes([0, 0, on, inverted]) + header[16:]
        data[68 + 24 * channel : 92 + 24 * channel] = header
    struct.pack_into("<Qqf", data, 164, 2_000_000_000, 16_000_000, 125e3)
    return bytes(data) + b"".join((one or bytes(points)) for one in samples)


def test_ds1000b_channels_have_places_of_their_own() -> None:
    capture = read_capture(rigol_b(bytes([162, 137, 187]), None, bytes([99, 98, 100])), "x.wfm")
    one, three = capture.analog
    assert (one.name, three.name) == ("CH1", "CH3")
    # 1 V and a probe of 10: 10 V a division of 25 codes; 99 less the shift is zero.
    assert one.values() == pytest.approx([0.0, 10.0, -10.0])
    assert three.values() == pytest.approx([25.2, 25.6, 24.8])
    assert one.start_s == pytest.approx(16e-6 - 1.5 / 125e3)
    assert capture.metadata["model"] == "DS1204B"


def rigol_c(first: int, *samples: bytes) -> bytes:
    data = bytearray(256 if first == 0xA1 else 272)
    data[:4] = bytes([first, 0xA5, 0, 0])
    struct.pack_into("<I", data, 28, max(map(len, samples)))
    for channel, one in enumerate(samples):
        data[36 + 24 * channel : 60 + 24 * channel] = channel_24(int(bool(one)), volts=50_000, shift=-91, probe=10.0)
    struct.pack_into("<fqq", data, 100, 20e6, 1_000_000_000, 8_000_000_000)
    return bytes(data) + b"".join(samples)


@pytest.mark.parametrize("first", [0xA1, 0xA5])
def test_ds1000c_has_samples_earlier_and_the_same_levels(first: int) -> None:
    capture = read_capture(rigol_c(first, bytes([216, 191]), bytes([216, 241])), "x.wfm")
    assert [wave.values().round(9).tolist() for wave in capture.analog] == [[0.0, 0.5], [0.0, -0.5]]
    assert capture.analog[0].start_s == pytest.approx(8e-3 - 1 / 20e6)
    assert capture.metadata["format"] == "Rigol DS1000C wfm"


def rigol_2000(
    model: bytes = b"DS2D1624",
    samples: tuple[bytes | None, ...] = (bytes([127, 152, 102, 127]),),
    *,
    switch: int = 8,
    joined: int = 0,
    first: int = 0,
    inverted: int = 0,
) -> bytes:
    layout = {b"2": (96, 120, 244, 332), b"4": (100, 124, 260, 340), b"6": (96, 120, 244, 308)}[model[2:3]]
    rate, channels, storage, memory = layout
    data = bytearray(600)
    data[:24] = (b"\xa5\xa5\x38\0" + model).ljust(24, b"\0")
    data[24:38] = b"00.03.05.03.03"
    data[64] = sum(1 << k for k, one in enumerate(samples) if one is not None)
    data[65] = joined
    struct.pack_into("<f", data, rate, 1e9)
    points = len(samples[0] or samples[-1] or b"")
    struct.pack_into("<3I", data, storage, points, first, points - first)
    struct.pack_into("<q", data, memory, -4_480_000)
    at = len(data)
    for channel, one in enumerate(samples):
        settings = (0, 1) if model[2:3] == b"2" and switch != 1 else (1, 0)
        data[channels + 28 * channel] = switch
        struct.pack_into("<ff", data, channels + 28 * channel + 8, 0.5, -0.25)
        data[channels + 28 * channel + 16 + settings[0]] = 1  # A
        data[channels + 28 * channel + 16 + settings[1]] = inverted
        if one is not None:
            struct.pack_into("<I", data, 68 + 4 * channel, at)
            at += len(one)
    return bytes(data) + b"".join(one for one in samples if one is not None)


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


def test_one_channel_takes_the_memory_of_two() -> None:
    file = bytearray(rigol_2000(samples=(bytes([1, 3, 5, 7]), bytes([2, 4, 6, 8]))))
    file[64], file[65] = 2, 1
    struct.pack_into("<3I", file, 244, 8, 0, 8)
    (wave,) = read_capture(bytes(file), "x.wfm").analog
    assert (wave.name, wave.codes.tolist()) == ("CH2", [1, 2, 3, 4, 5, 6, 7, 8])


def rigol_dho(family: int, *samples: list[int] | None, points: int | None = None) -> bytes:
    blocks = struct.pack("<6H", 11, 17, 5, 5, 16, 0) + b"Rigol".ljust(16, b"\0")
    for channel in range(4, 0, -1):
        on = channel <= len(samples) and samples[channel - 1] is not None
        block = bytearray(88)
        block[0] = on
        struct.pack_into("<q", block, 1, 50_000_000 if family == 5 else 5_000_000_000)
        struct.pack_into("<i" if family == 5 else "<q", block, 38, -151_453_856 if family == 5 else 15_400_000_000)
        packed = zlib.compress(bytes(block))
        room = -(-len(packed) // 16) * 16
        blocks += struct.pack("<6H", channel, family, 88, len(packed), room, 0) + packed.ljust(room, b"\0")
    lanes = np.array([one for one in samples if one is not None], "<u2")
    body = struct.pack("<I", zlib.crc32(blocks)) + struct.pack("<I", len(blocks)) + blocks
    count = lanes.shape[1] if points is None else points
    head = struct.pack("<Q8xIIIIII", lanes.size, 500, 77, count, count, 0, 0)
    return struct.pack("<4I", 2, zlib.crc32(body), len(body), 0) + body + bytes(24) + head + lanes.T.tobytes()


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
