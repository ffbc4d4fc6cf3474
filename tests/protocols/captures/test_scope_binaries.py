"""Binary waveform files of Agilent, Keysight, Rigol and Tektronix: real files, built files, hostile files."""

import csv
import struct

import numpy as np
import numpy.typing as npt
import pytest
from captures import require_capture
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from rigol_files import rigol_e

from protocols.captures import CaptureError, read_capture
from protocols.captures.agilent_bin import read_agilent_bin
from protocols.captures.rigol_wfm import read_rigol_wfm
from protocols.captures.tek_wfm import read_tek_wfm


def csv_columns(relative: str) -> npt.NDArray[np.float64]:
    """Read a scope's CSV with the standard library, independent of our own reader."""
    rows = csv.reader(require_capture(relative).read_text().splitlines()[2:])
    return np.array([[float(cell) for cell in row if cell] for row in rows])


# --- Agilent ---------------------------------------------------------------------------------------------------------


def test_agilent_binary_has_the_samples_of_the_scopes_csv() -> None:
    capture = read_capture(require_capture("scope/agilent_mso7034a/scope_29.bin").read_bytes(), "scope_29.bin")
    expected = csv_columns("scope/agilent_mso7034a/scope_4.csv")
    assert [wave.name for wave in capture.analog] == ["CH1", "CH2"]
    for column, wave in enumerate(capture.analog, 1):
        np.testing.assert_allclose(wave.times_s(), expected[:, 0], atol=1e-9)
        np.testing.assert_allclose(wave.values(), expected[:, column], rtol=1e-6, atol=1e-9)
        assert wave.unit == "V"
        assert wave.resolution == pytest.approx(0.03125)
    assert capture.metadata["model"] == "MSO7034A"
    assert capture.metadata["serial"] == "MY12345678"


def agilent(*waveforms: bytes, version: bytes = b"AG10") -> bytes:
    body = b"".join(waveforms)
    wide = version.endswith(b"03")
    size = struct.pack("<Q" if wide else "<I", (16 if wide else 12) + len(body))
    return version + size + struct.pack("<I", len(waveforms)) + body


def waveform(
    buffers: list[tuple[int, int, bytes]],
    points: int,
    *,
    label: bytes = b"1",
    kind: int = 1,
    units: tuple[int, int] = (2, 1),
    segment: tuple[float, int] = (0.0, 0),
    wide: bool = False,
) -> bytes:
    head = struct.pack("<5If3d2I", 140, kind, len(buffers), points, 1, 1e-3, -5e-4, 1e-6, -5e-4, *units)
    head += b"12 MAR 2024".ljust(16, b"\0") + b"10:20:30".ljust(16, b"\0") + b"DSO-X 3024T:MY5".ljust(24, b"\0")
    head += label.ljust(16, b"\0") + struct.pack("<dI", *segment)
    assert len(head) == 140
    for buffer_kind, point_bytes, samples in buffers:
        head += struct.pack("<IHHQ" if wide else "<IHHI", 16 if wide else 12, buffer_kind, point_bytes, len(samples))
        head += samples
    return head


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def test_peak_detect_segments_and_units() -> None:
    peak = waveform([(2, 4, floats(2, 3)), (3, 4, floats(-2, -3))], 2, kind=2, units=(2, 4))
    segments = [waveform([(1, 4, floats(1, 2))], 2, label=b"2", segment=(k * 0.5, k + 1)) for k in range(2)]
    capture = read_capture(agilent(peak, *segments), "x.bin")
    assert [(w.name, w.unit, w.start_s) for w in capture.analog] == [
        ("CH1 max", "A", -5e-4),
        ("CH1 min", "A", -5e-4),
        ("CH2 segment 1", "V", -5e-4),
        ("CH2 segment 2", "V", 0.4995),
    ]
    assert capture.analog[1].values().tolist() == [-2.0, -3.0]
    assert capture.metadata["date"] == "12 MAR 2024 10:20:30"


def test_logic_pods_are_joined() -> None:
    pods = [
        waveform([(6, 1, bytes(part))], 3, label=name, kind=6)
        for name, part in ((b"POD2", [1, 2, 3]), (b"POD1", [9, 0, 255]))
    ]
    logic = read_capture(agilent(*pods), "x.bin").logic
    assert logic is not None
    assert logic.sample_rate_hz == 1e6
    assert logic.channel("D8").tolist() == [1, 0, 1]
    assert logic.channel("D7").tolist() == [0, 0, 1]
    assert logic.words.tolist() == [0x0901, 0x0002, 0xFF03]


def test_one_digital_input_keeps_its_name() -> None:
    analog = waveform([(1, 4, floats(1, 2))], 2)
    logic = read_capture(agilent(analog, waveform([(6, 1, b"\0\1")], 2, label=b"EXT")), "x.bin").logic
    assert logic is not None and logic.channel("EXT").tolist() == [0, 1]


def test_wide_containers_and_rigols() -> None:
    wide = agilent(waveform([(1, 4, floats(1, 2))], 2, wide=True), version=b"AG03")
    assert read_agilent_bin(wide).analog[0].values().tolist() == [1.0, 2.0]
    rigol = agilent(waveform([(1, 4, floats(1, 2))], 2, label=b"CH3"), version=b"RG01")
    wave = read_capture(rigol, "x.bin").analog[0]
    assert (wave.name, wave.start_s) == ("CH3", -5e-4)
    words = agilent(waveform([(5, 4, floats(16, 300))], 2, label=b"LA", kind=6), version=b"RG01")
    logic = read_agilent_bin(words).logic
    assert logic is not None and logic.words.tolist() == [16, 300]


def test_holes_and_what_is_no_signal_are_told() -> None:
    spectrum = waveform([(1, 4, floats(1, 2))], 2, label=b"FFT", units=(6, 5))
    capture = read_agilent_bin(agilent(spectrum, waveform([(1, 4, floats(1, 9.9e37))], 2)))
    assert capture.metadata["not read"] == "FFT is no signal over time"
    assert capture.metadata["samples without a value"] == "CH1"
    assert np.isnan(capture.analog[0].values()[1])


# --- Rigol -----------------------------------------------------------------------------------------------------------


def test_rigol_wfm_against_the_scopes_csv() -> None:
    path = require_capture("scope/rigol/DS1054Z-ch1SquareCH2Uart.wfm")
    capture = read_capture(path.read_bytes(), path.name)
    expected = csv_columns("scope/rigol/DS1054Z-ch1SquareCH2Uart.csv")
    assert [wave.name for wave in capture.analog] == ["CH1", "CH2"]
    assert "the CSV of the scope is the reference" in capture.metadata["note"]
    assert capture.metadata["firmware"] == "00.04.04.SP3"
    for column, wave in enumerate(capture.analog, 1):
        assert wave.sample_interval_s == pytest.approx(40e-9, rel=1e-6)
        assert wave.codes.size == 60_000
        assert wave.resolution == pytest.approx(0.1)
        # Where the record begins is not in the file: shifted by no more than half of the extra samples it agrees.
        values = wave.values()
        errors = [np.abs(values[: 60_000 - late] - expected[late:, column]).max() for late in range(129)]
        assert min(errors) < wave.resolution
        start_s = wave.start_s - int(np.argmin(errors)) * wave.sample_interval_s
        assert abs(start_s - -1.2e-3) <= 128 * wave.sample_interval_s


def rigol(
    mask: int, samples: bytes, *, scale: float = 1.0, probe: int = 9, inverted: int = 0, stored: int | None = None
) -> bytes:
    data = bytearray(3213)
    data[:8] = b"\x01\xff\xff\xff\xa5\xa5\x38\x00"
    data[8:15], data[28:40] = b"DS1054Z", b"00.04.04.SP4"
    data[64 + 24] = mask
    struct.pack_into("<q", data, 64 + 8, 1_000_000)
    struct.pack_into("<If", data, 64 + 52, len(samples) if stored is None else stored, 0.25)
    for channel in range(4):
        at = 124 + 28 * channel
        data[at], data[at + 4], data[at + 16], data[at + 17] = mask >> channel & 1, probe, inverted, 2
        struct.pack_into("<ff", data, at + 8, scale, -0.5)
    struct.pack_into("<2I", data, 256, 896, 2317)
    return bytes(data) + samples


@pytest.mark.parametrize(
    ("mask", "order"), [(0b1, [1]), (0b1010, [4, 2]), (0b1101, [4, 3, 0, 1]), (0b1111, [4, 3, 2, 1])]
)
def test_rigol_channels_lie_highest_first(mask: int, order: list[int]) -> None:
    samples = np.tile(np.array(order, np.uint8) * 10, 1024 // len(order)).tobytes()
    capture = read_rigol_wfm(rigol(mask, samples))
    for wave in capture.analog:
        assert set(wave.codes.tolist()) == {10 * int(wave.name[2:])}
    wave = capture.analog[0]
    # 10:1 probe at 1 V a division is 0.1 V at the socket, whose gain is known.
    assert wave.values()[0] == pytest.approx((1.09 * wave.codes[0] - 127) / 25 + 0.5)
    points = 512 // len(order)
    assert wave.codes.size == points
    assert wave.start_s == pytest.approx(1e-6 - points / 2 * 4e-9)


def test_an_unknown_gain_is_told() -> None:
    wave = read_rigol_wfm(rigol(1, bytes(1024), scale=0.05)).analog[0]
    assert wave.resolution == pytest.approx(0.065)
    assert "unknown at this setting" in read_rigol_wfm(rigol(1, bytes(1024), scale=0.05)).metadata["CH1 levels"]


def test_rigol_ds1000e() -> None:
    capture = read_capture(
        rigol_e(bytes([125, 75, 25, 0]), bytes([125, 100, 5, 6]), logic=struct.pack("<4H", 1, 0x8000, 0, 3)), "x.wfm"
    )
    one, two = capture.analog
    # 10:1 probe, 0.2 V and 0.4 V at the socket: 2 and 4 V a division, 25 codes each, code 125 in the middle.
    assert one.values() == pytest.approx([-2.4, 1.6, 5.6, 7.6])
    assert two.values() == pytest.approx([4.8, 8.8, 24.0, 23.84])
    assert one.start_s == pytest.approx(432e-6 - 2 / 2.5e6)
    assert one.resolution == pytest.approx(0.08)
    assert capture.logic is not None
    assert capture.logic.words.tolist() == [1, 0x8000, 0, 3]
    assert capture.logic.channels == tuple(f"D{bit}" for bit in range(16))
    # With an alternating trigger CH2 has its own time axis.
    alternating = bytearray(rigol_e(bytes(4), bytes(4), trigger=4))
    struct.pack_into("<fqq", alternating, 252, 1e6, 0, 0)
    assert [wave.start_s for wave in read_capture(bytes(alternating), "x.wfm").analog] == pytest.approx(
        [432e-6 - 2 / 2.5e6, -2e-6]
    )
    rolled = read_capture(rigol_e(bytes(range(8)), roll=3), "x.wfm").analog[0]
    assert rolled.codes.tolist() == [0, 1, 2]


# --- Tektronix -------------------------------------------------------------------------------------------------------


def test_the_golden_file_equals_tektronixs_own_reader() -> None:
    path = require_capture("scope/tek_mso64/golden_analog.wfm")
    capture = read_capture(path.read_bytes(), path.name)
    (wave,) = capture.analog
    # Numbers of the package tm_data_types 0.5.0 (Tektronix) on this file.
    assert wave.codes.tolist() == [10, 11, 12, 32222, 32223, 32224]
    assert wave.scale == 3.051850947599719e-05
    assert wave.values() == pytest.approx(
        [3.05185095e-04, 3.35703604e-04, 3.66222114e-04, 9.83367412e-01, 9.83397931e-01, 9.83428449e-01], abs=1e-9
    )
    assert wave.times_s().tolist() == [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
    assert wave.unit == "V"
    assert "note" not in capture.metadata


SAMPLE_CODES = {"i2": 0, "i4": 1, "u4": 2, "f4": 4, "f8": 5, "u1": 6, "i1": 7}


def tek(
    frames: list[list[float]],
    kind: str = "i2",
    *,
    version: int = 3,
    order: str = "<",
    unit: bytes = b"V",
    data_type: int = 2,
    over: tuple[int, int] = (0, 0),
    time_unit: bytes = b"s",
    lead: int = 2,
    storage: int = 0,
) -> bytes:
    """Build a file from the field list of the manual, field by field."""

    def p(fields: str, *values: object) -> bytes:
        return struct.pack(order + fields, *values)

    density = "d" if version == 3 else "I"
    view = p("d20sd" + density + "dd", 1.0, b"", 0.0, 1, 50.0, 0.0)
    size = len(frames[0])
    explicit = p("ddI20sdddd", 0.5, 1.0, size, unit, 0.0, 0.0, 1.0, 0.0)
    explicit += p("7i", SAMPLE_CODES[kind], storage, 0, *over, 0, 0) + view
    implicit = p("ddI20sddddI", 1e-6, -3e-6, size, time_unit, 0.0, 0.0, 1.0, 0.0, 1) + view
    header = p("iIQQiiIIIiQIIIII", int(len(frames) > 1), 1, 0, 0, 0, 0, 1, 1, 1, data_type, 0, 1, 1, 1, 1, len(frames))
    header += b"" if version == 1 else p("H", 0)
    header += p("iQ", 0, 0)
    point = np.dtype(kind).itemsize
    updates = [p("Iddi", 0, 0.25, 0.5 * number, 1_700_000_000) for number in range(len(frames))]
    first, after = lead * point, (lead + size) * point
    curves = [p("Iih5I", 0, 0, 0, 0, first, after, after + point, after + point) for _ in frames]
    body = explicit + explicit + implicit + implicit + p("Iii", 1, 0, 0) * 2 + updates[0] + curves[0]
    body += b"".join(updates[1:]) + b"".join(curves[1:])
    samples = b"".join(np.array([7] * lead + frame + [7], order + kind).tobytes() for frame in frames)
    offset = 78 + len(header) + len(body)
    fixed = (b"\x0f\x0f" if order == "<" else b"\xf0\xf0") + b":WFM#00%d" % version
    fixed += p(
        "BIBiifdf32sIH",
        6,
        offset + len(samples) + 8 - 15,
        point,
        offset,
        1,
        0.0,
        1.0,
        0.0,
        b"",
        len(frames) - 1,
        len(header),
    )
    data = fixed + header + body + samples
    return data + p("Q", sum(data))


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["i2", "i4", "f4", "f8", "i1", "u1"])
def test_every_version_order_and_type(version: int, order: str, kind: str) -> None:
    data = tek([[1, 2, 3, 100]], kind, version=version, order=order)
    if version < 3 and kind in ("i1", "u1"):
        with pytest.raises(CaptureError, match="sample format"):
            read_tek_wfm(data)
        return
    capture = read_capture(data, "tek0007CH3.wfm")
    (wave,) = capture.analog
    assert wave.name == "CH3"
    assert wave.values().tolist() == [1.5, 2.0, 2.5, 51.0]
    assert (wave.sample_interval_s, wave.start_s, wave.unit) == (1e-6, -3e-6, "V")
    assert capture.metadata == {"format": f"Tektronix WFM#00{version}", "trigger phase": "0.25 samples"}


def test_fast_frames_stand_at_their_own_times() -> None:
    capture = read_tek_wfm(tek([[1, 2], [3, 4], [5, 6]]), "CH1.wfm")
    assert [wave.name for wave in capture.analog] == ["CH1 frame 1", "CH1 frame 2", "CH1 frame 3"]
    assert [wave.codes.tolist() for wave in capture.analog] == [[1, 2], [3, 4], [5, 6]]
    assert [wave.start_s for wave in capture.analog] == pytest.approx([-3e-6, 0.5 - 3e-6, 1.0 - 3e-6])


def test_an_envelope_comes_as_minimum_and_maximum() -> None:
    data = tek([[1, 9, 2, 8]], storage=1)
    low, high = read_tek_wfm(data, "x.wfm").analog
    assert (low.codes.tolist(), high.codes.tolist()) == ([1, 2], [9, 8])
    assert (low.name, high.name, low.sample_interval_s) == ("waveform minimum", "waveform maximum", 2e-6)


def test_pairs_without_an_order_are_in_phase_and_quadrature() -> None:
    in_phase, quadrature = read_tek_wfm(tek([[1, 9, 8, 2]], storage=1), "x.wfm").analog
    assert (in_phase.codes.tolist(), quadrature.codes.tolist()) == ([1, 8], [9, 2])
    assert (in_phase.name, quadrature.name, in_phase.sample_interval_s) == ("waveform I", "waveform Q", 1e-6)
    told = tek([[1, 9, 2, 8]], storage=1) + b"tekmeta!IQ_centerFrequency"
    assert [wave.name for wave in read_tek_wfm(told, "x.wfm").analog] == ["waveform I", "waveform Q"]


def test_clipping_digital_channels_and_a_changed_byte_are_told() -> None:
    clipped = read_tek_wfm(tek([[1, 2, 32767, -32768]], over=(32767, -32768)))
    assert clipped.metadata["clipped samples"] == "2"
    logic = read_tek_wfm(tek([[1, 128, 3, 0]], "u1", data_type=6)).logic
    assert logic is not None
    assert logic.channel("D7").tolist() == [0, 1, 0, 0]
    assert logic.sample_rate_hz == pytest.approx(1e6)
    changed = bytearray(tek([[1, 2, 3, 4]]))
    changed[-12] ^= 1
    assert "checksum is wrong" in read_tek_wfm(bytes(changed)).metadata["note"]


# --- what is refused -------------------------------------------------------------------------------------------------

GOOD_AGILENT = agilent(waveform([(1, 4, floats(1, 2, 3))], 3), waveform([(6, 1, b"\1\2\3")], 3, kind=6))
GOOD_RIGOL = rigol(3, bytes(range(256)) * 4)
GOOD_TEK = tek([[1, 2, 3, 4], [5, 6, 7, 8]])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (agilent(version=b"AG10"), "0 waveforms"),
        (GOOD_AGILENT[:170], "the samples needs 12 bytes"),
        (agilent(waveform([(1, 4, floats(1, 2))], 3)), "8 bytes for 3 points of 4 bytes do not fit"),
        (agilent(waveform([(1, 4, floats(1, 2))], 2, units=(6, 5))), "no signal over time"),
        (agilent(waveform([(1, 4, floats(1e20, 2))], 2)), "no measured values"),
        (agilent(waveform([(1, 4, b"")], 0)), "has no samples"),
        (agilent(waveform([(6, 1, b"ab")], 2, kind=6), waveform([(6, 1, b"a")], 1, kind=6)), "different time bases"),
        (rigol(0, bytes(1024)), "no analogue channel"),
        (rigol(1, bytes(1024), stored=2048), "where the header says 2048"),
        (rigol(1, bytes(1024), inverted=1), "CH1 is inverted"),
        (rigol(1, bytes(1024), probe=99), "probe ratio number 99"),
        (rigol(1, bytes(100)), "no DS1000Z record"),
        (rigol(1, bytes(1024), scale=float("nan")), "volts a division is nan"),
        (rigol_e(bytes(4)) + b"extra", "a DS1000E's 280"),
        (rigol_e(bytes(4))[:278], "a DS1000E's 280: it was cut"),
        (rigol_e(bytes(4), inverted=1), "CH1 is inverted"),
        (rigol_e(bytes(4), roll=4), "none of them new"),
        (rigol_e(bytes(4), rate=0.0), "sample rate of 0"),
        (tek([[1, 2]], data_type=5), "data type 5"),
        (tek([[1, 2]], storage=2), "storage type 2"),
        (tek([[1, 2, 3]], storage=1), "storage type 1"),
        (tek([[1, 2]], time_unit=b"Hz"), "'Hz', no time"),
        (tek([[1, 2]])[:-40], "the samples needs"),
        (tek([[float("nan"), 2.0]], "f4"), "no numbers"),
        (tek([[1, 2]]).replace(b"WFM#003", b"WFM#009"), "'9' is unknown"),
    ],
)
def test_bad_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason) as caught:
        read_capture(data, "bench/x.bin")
    assert str(caught.value).startswith("bench/x.bin: byte ")


def test_hostile_headers_take_no_memory() -> None:
    waves = bytearray(GOOD_AGILENT)
    waves[8:12] = b"\xff\xff\0\0"
    assert "a waveform header" in assert_frugal(read_agilent_bin, bytes(waves), CaptureError, 1 << 20)
    points = bytearray(GOOD_AGILENT)
    points[12 + 12 : 12 + 16] = b"\xff\xff\xff\x3f"
    points[12 + 148 : 12 + 152] = b"\xfc\xff\xff\xff"
    assert "too early" in assert_frugal(read_agilent_bin, bytes(points), CaptureError, 1 << 20)
    frames = bytearray(GOOD_TEK)
    frames[0x48:0x4C] = b"\x90\x5f\1\0"
    assert "descriptions of the frames" in assert_frugal(read_tek_wfm, bytes(frames), CaptureError, 1 << 20)
    depth = rigol(1, bytes(1024), stored=0xFFFF_FF00)
    assert "no DS1000Z record" in assert_frugal(read_rigol_wfm, depth, CaptureError, 1 << 20)


@settings(max_examples=120, deadline=None)
@given(damaged(GOOD_AGILENT))
def test_damaged_agilent_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(read_agilent_bin, data, CaptureError)


@settings(max_examples=120, deadline=None)
@given(damaged(GOOD_RIGOL))
def test_damaged_rigol_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(read_rigol_wfm, data, CaptureError)


@settings(max_examples=80, deadline=None)
@given(damaged(rigol_e(bytes(16), bytes(16))))
def test_damaged_ds1000e_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.wfm"), data, CaptureError)


def test_other_rigol_families_are_named() -> None:
    with pytest.raises(CaptureError, match=r"family not read; save it as CSV"):
        read_capture(b"\xa5\xa5\x40\0DS2A1528" + bytes(400), "x.wfm")


@settings(max_examples=120, deadline=None)
@given(damaged(GOOD_TEK))
def test_damaged_tektronix_files_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(read_tek_wfm, data, CaptureError)
