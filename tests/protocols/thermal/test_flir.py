"""FLIR pictures: real cameras against independent decoders, exact radiometry, hostile files."""

import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from captures import require_capture
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture
from protocols.thermal.flir import read_fff, read_flir_jpeg
from protocols.thermal.planck import Air, Planck, Scene, object_temperature_k
from protocols.thermal.png16 import decode_png16

CAMERA = Planck(r1=21106.77, r2=0.012545258, b=1501.0, f=1.0, o=-7340.0)
AIR = Air(alpha1=0.006569, alpha2=0.012620, beta1=-0.002276, beta2=-0.006670, x=1.9)


@pytest.mark.parametrize(
    ("file", "shape", "lowest", "highest", "mean", "hottest"),
    [
        ("flir_example.jpg", (320, 240), 25.948, 62.320, 29.119, (215, 99)),
        ("ax8.jpg", (60, 80), 24.360, 25.469, 25.031, (30, 41)),
    ],
)
def test_real_cameras(
    file: str, shape: tuple[int, int], lowest: float, highest: float, mean: float, hottest: tuple[int, int]
) -> None:
    capture = read_capture(require_capture(f"thermal/flir/{file}").read_bytes(), file)
    assert capture.thermal is not None
    celsius = capture.thermal.temperatures_c.astype(np.float64)
    assert celsius.shape == shape
    # The truth has three decimals.
    assert celsius.min() == pytest.approx(lowest, abs=0.00055)
    assert celsius.max() == pytest.approx(highest, abs=0.00055)
    assert celsius.mean() == pytest.approx(mean, abs=0.00055)
    assert np.unravel_index(celsius.argmax(), shape) == hottest
    assert capture.thermal.emissivity == 0.95
    assert capture.thermal.reflected_c == pytest.approx(20.0, abs=1e-4)


def png16(picture: npt.NDArray[np.uint16], filters: list[int] | None = None) -> bytes:
    """Write a PNG with given line filters, by the specification's own formulas, one byte at a time."""
    height, width = picture.shape
    lines = [row.astype(">u2").tobytes() for row in picture]
    coded = b""
    for number, line in enumerate(lines):
        kind = filters[number % len(filters)] if filters else 0
        above = lines[number - 1] if number else bytes(len(line))
        out = bytearray()
        for at, value in enumerate(line):
            a = line[at - 2] if at >= 2 else 0
            b = above[at]
            c = above[at - 2] if at >= 2 else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((value - [0, a, b, (a + b) // 2, paeth][kind]) & 0xFF)
        coded += bytes([kind]) + out
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(coded)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("filters", [[0], [1], [2], [3], [4], [4, 1, 3, 0, 2]])
def test_every_png_filter(filters: list[int]) -> None:
    picture = np.random.default_rng(7).integers(0, 1 << 16, (9, 13)).astype(np.uint16)
    assert np.array_equal(decode_png16(png16(picture, filters), "x", width=13, height=9), picture)


def camera_info(order: str = "<", **changes: float) -> bytes:
    record = bytearray(0x470)
    struct.pack_into(order + "H", record, 0, 2)
    floats = {
        "emissivity": (0x20, 0.9),
        "distance": (0x24, 3.0),
        "reflected": (0x28, 295.0),
        "air": (0x2C, 293.0),
        "window": (0x30, 292.0),
        "through": (0x34, 0.97),
        "humidity": (0x3C, 0.45),
        "r1": (0x58, CAMERA.r1),
        "b": (0x5C, CAMERA.b),
        "f": (0x60, CAMERA.f),
        "alpha1": (0x70, AIR.alpha1),
        "alpha2": (0x74, AIR.alpha2),
        "beta1": (0x78, AIR.beta1),
        "beta2": (0x7C, AIR.beta2),
        "x": (0x80, AIR.x),
        "r2": (0x30C, CAMERA.r2),
    }
    for key, (place, value) in floats.items():
        struct.pack_into(order + "f", record, place, changes.get(key, value))
    struct.pack_into(order + "i", record, 0x308, int(CAMERA.o))
    record[0xD4:0xD8] = b"T640"
    return bytes(record)


def raw_record(pixels: bytes, width: int, height: int, order: str = "<") -> bytes:
    return struct.pack(order + "3H", 2, width, height).ljust(0x20, b"\0") + pixels


def fff(raw: bytes, info: bytes | None = None, order: str = ">") -> bytes:
    records = {0x01: raw, 0x20: camera_info() if info is None else info}
    start = 64 + 32 * len(records)
    directory = body = b""
    for kind, content in records.items():
        place = start + len(body)
        directory += struct.pack(order + "2H6I", kind, 1, 100, 1, place, len(content), 0, 0).ljust(32, b"\0")
        body += content
    header = b"FFF\0" + bytes(16) + struct.pack(order + "3I", 100, 64, len(records))
    return header.ljust(64, b"\0") + directory + body


def jpeg(content: bytes, piece: int = 1000) -> bytes:
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    segments = [b"FLIR\0\1" + bytes([n, len(pieces) - 1]) + part for n, part in enumerate(pieces)]
    joined = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in [b"Exif\0\0rest", *segments])
    return b"\xff\xd8" + joined + b"\xff\xda\0\2picture\xff\xd9"


RAMP = (np.arange(48).reshape(6, 8) * 150 + 12000).astype(np.uint16)


def expected_c(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
    """Compute the same radiometry pixel by pixel, forward: find by halving the temperature that gives the counts."""
    scene = Scene(0.9, 295.0, 3.0, 293.0, 0.45, 292.0, 0.97)
    tau = AIR.transmission(1.5, 293.0, 0.45)

    def seen(kelvin: float) -> float:
        at_window = tau * (
            scene.emissivity * CAMERA.counts(kelvin) + (1 - scene.emissivity) * CAMERA.counts(scene.reflected_k)
        )
        at_window += (1 - tau) * CAMERA.counts(scene.air_k)
        inside = scene.window_transmission * at_window + (1 - scene.window_transmission) * CAMERA.counts(scene.window_k)
        return tau * inside + (1 - tau) * CAMERA.counts(scene.air_k)

    out = []
    for count in counts.reshape(-1):
        low, high = 150.0, 2000.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if seen(middle) < count else (low, middle)
        out.append(low - 273.15)
    return np.array(out).reshape(counts.shape)


@pytest.mark.parametrize("order", ["<", ">"])
def test_raw_pixels_in_an_fff_file(order: str) -> None:
    data = fff(raw_record(RAMP.astype(order + "u2").tobytes(), 8, 6, order), camera_info(order), order)
    capture = read_capture(data, "x.fff")
    assert capture.thermal is not None
    np.testing.assert_allclose(capture.thermal.temperatures_c, expected_c(RAMP), atol=1e-4)
    assert capture.thermal.emissivity == 0.9
    assert capture.metadata["model"] == "T640"
    assert capture.metadata["distance"] == "3 m"


@pytest.mark.parametrize("swapped", [True, False])
def test_png_pixels_in_either_byte_order_inside_a_jpeg(swapped: bool) -> None:
    stored = RAMP.byteswap() if swapped else RAMP
    capture = read_capture(jpeg(fff(raw_record(png16(stored), 8, 6))), "x.jpg")
    assert capture.thermal is not None
    np.testing.assert_allclose(capture.thermal.temperatures_c, expected_c(RAMP), atol=1e-4)


def test_segments_that_are_all_numbered_zero_stand_in_order() -> None:
    content = fff(raw_record(png16(RAMP), 8, 6))
    data = jpeg(content).replace(b"FLIR\0\1\0\1", b"FLIR\0\1\0\0").replace(b"FLIR\0\1\1\1", b"FLIR\0\1\0\0")
    capture = read_capture(data, "x.jpg")
    assert capture.thermal is not None
    np.testing.assert_allclose(capture.thermal.temperatures_c, expected_c(RAMP), atol=1e-4)


def test_counts_below_any_temperature_are_nan() -> None:
    scene = Scene(1.0, 293.0, 0.0, 293.0, 0.5, 293.0, 1.0)
    found = object_temperature_k(np.array([0, 7340, 15000], np.uint16), CAMERA, AIR, scene)
    assert np.isnan(found[:2]).all() and found[2] > 250


def test_a_sequence_says_that_only_its_first_picture_is_read() -> None:
    one = fff(raw_record(RAMP.tobytes(), 8, 6))
    assert "note" not in read_fff(one).metadata
    assert "only its first picture" in read_fff(one + one).metadata["note"]


GOOD = fff(raw_record(png16(RAMP, [4, 3, 1]), 8, 6))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xda", "no FLIR segment"),
        (jpeg(GOOD).replace(b"FLIR\0\1\1", b"FLIX\0\1\1"), "1 of 2 FLIR segments are missing"),
        (jpeg(GOOD).replace(b"FLIR\0\1\1\1", b"FLIR\0\1\0\1"), "segment 0 is there twice"),
        (GOOD[:500], "needs .* bytes, the file ends"),
        (GOOD[:20] + b"\0\0\1\0" + GOOD[24:], "version 256 is unknown"),
        (fff(b"\2\0" + bytes(100)), "0 × 0 pixels"),
        (fff(raw_record(b"\xff\xd8\xff" + bytes(300), 8, 6)), "packed in a way not read here"),
        (fff(raw_record(png16(RAMP), 9, 6)), "PNG is 8 × 6"),
        (fff(raw_record(RAMP.tobytes(), 8, 6), camera_info(emissivity=0.0)), "the emissivity is 0, must be"),
        (fff(raw_record(RAMP.tobytes(), 8, 6), camera_info(r1=float("nan"))), "Planck R1 is nan"),
        (fff(raw_record(RAMP.tobytes(), 8, 6), camera_info(b=1e5, air=51.0)), "no transmission"),
        (fff(raw_record(RAMP.tobytes(), 8, 6), b"\2\0" + bytes(50)), "needs 4 bytes"),
    ],
)
def test_bad_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason) as caught:
        read_capture(data, "bench/x.jpg")
    assert str(caught.value).startswith("bench/x.jpg: ")


def test_a_damaged_png_is_noticed() -> None:
    broken = bytearray(png16(RAMP))
    broken[-20] ^= 1
    with pytest.raises(CaptureError, match="wrong checksum"):
        decode_png16(bytes(broken), "x", width=8, height=6)


def test_hostile_headers_take_no_memory() -> None:
    bomb = png16(np.zeros((1, 1), np.uint16))
    huge = bytearray(bomb)
    huge[16:24] = struct.pack(">II", 65535, 61)
    huge[29:33] = struct.pack(">I", zlib.crc32(bytes(huge[12:29])))
    said = assert_frugal(read_fff, fff(raw_record(bytes(huge), 65535, 61)), CaptureError, 1 << 20)
    assert "holds 3 of" in said
    assert "no thermal picture" in assert_frugal(
        read_fff, fff(raw_record(bytes(50), 65535, 65535)), CaptureError, 1 << 20
    )
    many = bytearray(GOOD)
    many[0x1C:0x20] = b"\x0f\xff\xff\xff"
    assert "records are more" in assert_frugal(read_fff, bytes(many), CaptureError, 1 << 20)


@settings(max_examples=120, deadline=None)
@given(st.one_of(damaged(GOOD), damaged(fff(raw_record(RAMP.tobytes(), 8, 6)))))
def test_damaged_fff_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(read_fff, data, CaptureError)


@settings(max_examples=80, deadline=None)
@given(damaged(jpeg(GOOD)))
def test_damaged_jpegs_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(read_flir_jpeg, data, CaptureError)


@settings(max_examples=80, deadline=None)
@given(damaged(png16(RAMP, [4, 3, 1, 2])))
def test_damaged_pngs_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: decode_png16(d, "a.png: picture", width=8, height=6), data, CaptureError)
