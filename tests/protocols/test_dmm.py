"""Frames of the UT61E (ES51922) and the VC820 (FS9721): real captures, every range, damaged streams."""

import json
import math
import re

import pytest
from byte_streams import mutated, splits
from captures import require_capture
from hypothesis import given
from hypothesis import strategies as st

from drivers.capabilities import MeterFunction
from protocols.dmm import es51922, fs9721
from protocols.dmm.reading import UNITS, DmmError, Flag, UnsupportedFunction
from protocols.errors import ProtocolError

PREFIXES = {"": 1.0, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
SIGROK = re.compile(r"(inf|-?[\d.]+)(?: (n|µ|m|k|M|)([VAΩFHz%]+))?(.*)")
UNIT = {"V": "V", "A": "A", "Ω": "Ohm", "F": "F", "Hz": "Hz", "%": "%", None: "Ohm"}


def captures():
    return json.loads(require_capture("dmm/truth.json").read_text(encoding="utf-8"))


def agree(reading, sigrok: str) -> None:
    """Compare a reading with what sigrok's own decoder printed."""
    value, prefix, unit, rest = SIGROK.fullmatch(sigrok.replace("\u2126", "\u03a9")).groups()  # ohm sign to omega
    assert reading.unit == UNIT[unit], sigrok
    if unit is None:  # sigrok tells continuity as closed (1) or open (0)
        assert reading.function == "continuity"
        assert (not reading.overload and reading.value <= 25.0) == (float(value) == 1.0)
        return
    if value == "inf":
        assert reading.overload or reading.underload
        assert math.isnan(reading.value)
    else:
        assert reading.value == pytest.approx(float(value) * PREFIXES[prefix], rel=1e-9, abs=reading.resolution / 1000)
    assert ("DIODE" in rest) == (reading.function == "diode")
    assert ("AUTO" in rest) == (Flag.AUTO in reading.flags)
    if reading.function.startswith(("ac", "dc")):
        assert reading.function.startswith("ac") == ("AC" in rest.split())


def test_every_real_capture_reads_as_sigrok_reads_it():
    checked = 0
    for capture in captures():
        chip = es51922 if "ut61e" in capture["file"] else fs9721
        reader = chip.FrameReader()
        frames = reader.feed(bytes.fromhex(capture["stream_hex"]))
        assert len(frames) >= capture["frames"]
        by_text = {}
        for frame in frames:
            by_text[frame.hex(" ") if chip is fs9721 else frame[:12].decode()] = chip.decode(frame)
        for truth in capture["readings"]:
            agree(by_text[truth["frame"]], truth["sigrok"])
            checked += 1
    assert checked == 24


# Frames of other captures of the same two meters (sigrok-dumps, uart/uni-t_ut61e and uart/uni-t_ut-d04_cable, public
# domain): frame, function, value in the base unit.
UT61E_FRAMES = [
    ("000077600020", "capacitance", 77e-12),
    ("504484600020", "capacitance", 0.44840e-3),
    ("622580610020", "capacitance", None),
    ("022580510000", "continuity", None),
    ("000002000040", "ac_current", 0.002),
    ("000001000080", "dc_current", 0.001),
    ("001005?00060", "ac_current", 1.005e-3),
    ("105810=00060", "ac_current", 581.0e-6),
    ("105786=000:0", "dc_current", 578.6e-6),
    ("101000=00070", "frequency", 100.0),
    ("100499=80050", "duty_cycle", 49.9),
    ("019000110000", "diode", None),
    ("000290300020", "resistance", 2.90),
    ("000258;00060", "ac_voltage", 0.0258),
    ("100500;00070", "frequency", 50.0),
    ("100353;80050", "duty_cycle", 35.3),
    ("100500;000;0", "frequency", 50.0),
    ("000562;00480", "dc_voltage", 0.0562),
    ("001188;40280", "dc_voltage", -0.1188),
    ("000000;00070", "frequency", 0.0),
    ("422580;50080", "dc_voltage", None),
    ("100000280800", "duty_cycle", None),
    ("000000;80890", "duty_cycle", None),
]
VC820_FRAMES = [
    ("11273d435f637f8b9fa0b0c0d2e8", "frequency", 99.9),
    ("17273d40556f7d879da0b8c0d8e8", "dc_current", 1.00e-3),
]


@pytest.mark.parametrize(("text", "function", "value"), UT61E_FRAMES)
def test_other_frames_of_a_ut61e(text, function, value):
    reading = es51922.decode(text.encode() + b"\r\n")
    assert reading.function == function
    if value is None:
        assert (reading.overload or reading.underload) and math.isnan(reading.value)
    else:
        assert reading.value == pytest.approx(value, rel=1e-12)


def test_underload_is_no_overload():
    reading = es51922.decode(b"100000280800\r\n")
    assert (reading.overload, reading.underload) == (False, True)


def test_annunciators():
    assert es51922.decode(b"000076600002\r\n").flags == {Flag.HOLD}
    assert es51922.decode(b"000082602000\r\n").flags == {Flag.RELATIVE}
    assert es51922.decode(b"001188;40280\r\n").flags == {Flag.NEGATIVE, Flag.PEAK_MIN, Flag.DC}
    assert es51922.decode(b"000562;2<4:1\r\n").flags >= {Flag.LOW_BATTERY, Flag.MAX, Flag.MIN, Flag.LOW_PASS_FILTER}
    assert es51922.decode(b"422580;50080\r\n").flags == {Flag.NEGATIVE, Flag.DC}


def test_temperature_is_celsius_with_the_resolution_of_its_range():
    assert es51922.decode(b"002354480000\r\n").value == 23.54
    fahrenheit_shown = es51922.decode(b"002354400004\r\n")
    assert (fahrenheit_shown.value, fahrenheit_shown.unit) == (235.4, "Cel")


@pytest.mark.parametrize(("text", "function", "value"), VC820_FRAMES)
def test_other_frames_of_a_vc820(text, function, value):
    reading = fs9721.decode(bytes.fromhex(text))
    assert (reading.function, reading.value) == (function, pytest.approx(value, rel=1e-12))


def test_the_segments_of_each_maker():
    frame = bytearray(fs9721.encode("resistance", 21.5))
    frame[11] &= 0xF0
    with pytest.raises(UnsupportedFunction, match="without a unit"):
        fs9721.decode(bytes(frame))
    frame[13] |= fs9721.Symbol.C2C1_00
    celsius = fs9721.decode(bytes(frame), {fs9721.Symbol.C2C1_00: fs9721.Meaning.CELSIUS})
    assert (celsius.function, celsius.value, celsius.unit) == ("temperature", 21.5, "Cel")
    fahrenheit = fs9721.decode(bytes(frame), {fs9721.Symbol.C2C1_00: fs9721.Meaning.FAHRENHEIT})
    assert fahrenheit.value == pytest.approx((21.5 - 32) * 5 / 9, abs=0.005)


RANGES = [
    (es51922, "dc_voltage", [0.22, 2.2, 22, 220, 2200]),
    (es51922, "ac_voltage", [0.22, 2.2, 22, 220, 2200]),
    (es51922, "dc_current", [220e-6, 2.2e-3, 22e-3, 0.22, 22]),
    (es51922, "ac_current", [220e-6, 2.2e-3, 22e-3, 0.22, 22]),
    (es51922, "resistance", [220, 2.2e3, 22e3, 220e3, 2.2e6, 22e6, 220e6]),
    (es51922, "frequency", [22, 220, 22e3, 220e3, 2.2e6, 22e6, 220e6]),
    (es51922, "capacitance", [22e-9, 220e-9, 2.2e-6, 22e-6, 220e-6, 2.2e-3, 22e-3, 0.22]),
    (es51922, "diode", [2.2]),
    (es51922, "continuity", [220]),
    (es51922, "duty_cycle", [100]),
    (es51922, "temperature", [220, 2200]),
    (fs9721, "dc_voltage", [0.4, 4, 40, 400, 4000]),
    (fs9721, "ac_current", [400e-6, 4e-3, 40e-3, 0.4, 40]),
    (fs9721, "resistance", [400, 4e3, 40e3, 400e3, 4e6, 40e6]),
    (fs9721, "capacitance", [4e-9, 40e-9, 400e-9, 4e-6, 40e-6, 400e-6]),
    (fs9721, "diode", [4]),
    (fs9721, "continuity", [400]),
    (fs9721, "duty_cycle", [100]),
]


@pytest.mark.parametrize(("chip", "function", "ranges"), RANGES)
def test_every_range_encodes_and_decodes(chip, function, ranges):
    for full in ranges:
        for fraction in (0.2, 0.5, 0.99, -0.5 if function[2] == "_" else 0.9):
            reading = chip.decode(chip.encode(function, full * fraction, range_value=full, flags=[Flag.HOLD]))
            assert reading.function == function
            assert reading.unit == UNITS[function]
            assert reading.range_value == pytest.approx(full)
            assert reading.value == pytest.approx(full * fraction, abs=reading.resolution * 0.51)
            assert Flag.HOLD in reading.flags
        if function != "temperature":
            assert chip.decode(chip.encode(function, full * 1.3, range_value=full)).overload
    assert chip.decode(chip.encode(function, math.inf)).overload


@given(st.sampled_from([es51922, fs9721]), st.sampled_from(sorted(set(UNITS) - {"temperature"})), st.data())
def test_automatic_ranges_show_every_value_to_its_resolution(chip, function, data):
    value = data.draw(st.floats(min_value=10 if function == "duty_cycle" else 0, max_value=1e9))
    reading = chip.decode(chip.encode(function, value))
    assert reading.function == function
    if not reading.overload:
        assert reading.value == pytest.approx(value, abs=reading.resolution * 0.51)
        assert reading.range_value is None or reading.resolution <= reading.range_value / 1000


def test_functions_have_the_names_that_drivers_use():
    assert set(UNITS) <= {function.value for function in MeterFunction}


def test_a_function_that_the_meter_lacks_is_named():
    for chip in (es51922, fs9721):
        with pytest.raises(DmmError, match="does not measure 'resistance_4w'"):
            chip.encode("resistance_4w", 1.0)
        with pytest.raises(DmmError, match="cannot show nan"):
            chip.encode("resistance", math.nan)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (b"018174;000:0\n\r", "check 19200 baud"),
        (b"018174;000:0\r", "check 19200 baud"),
        (b"01817:;000:0\r\n", "no decimal digits"),
        (b"018174;000<0\r\n", "both AC and DC"),
        (b"018174;000000\r\n"[:12] + b"\r\n", "neither AC nor DC"),
        (b"718174;00080\r\n", "range 7 .* does not exist for voltage"),
        (b"2181742000000"[:12] + b"\r\n", "range 2 .* does not exist for frequency"),
        (b"0181747000000"[:12] + b"\r\n", "function byte '7'"),
        (b"018174>00000\r\n", "adapter input"),
    ],
)
def test_damaged_ut61e_frames_are_named(frame, message):
    with pytest.raises(DmmError, match=message):
        es51922.decode(frame)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("17273d42576b7f839fa0b0c0d4e7"[:-2] + "d8", "check 2400 baud"),
        ("16273d42576b7f839fa0b0c0d4e8", "contradictory"),
        ("1f273d42576b7f839fa0b0c0d4e8", "contradictory"),
        ("17273d4a576b7f839fa0b0c0dce8", "contradictory"),
        ("17263d42576b7f839fa0b0c0d4e8", "form no digit"),
        ("13273d42576b7f839fa0b0c0d4e8", "neither AC nor DC"),
        ("17273d42576b7f8090a0b0c0d4e8", "last digit .* blank"),
        ("17273d42576b7f839fa1b0c4d0e8", "a diode test in Ohm"),
    ],
)
def test_damaged_vc820_frames_are_named(text, message):
    with pytest.raises(DmmError, match=message):
        fs9721.decode(bytes.fromhex(text))


STREAMS = [
    (es51922, [es51922.encode("dc_voltage", volts) for volts in (1.8174, -3.302, 0.0)]),
    (fs9721, [fs9721.encode("dc_voltage", volts) for volts in (1.817, -3.302, 0.0)]),
]


@given(st.sampled_from(STREAMS), st.data())
def test_frames_are_found_however_the_bytes_arrive(stream, data):
    chip, frames = stream
    cut = data.draw(st.integers(0, 13))
    wire = b"".join(frames)[cut:]
    reader = chip.FrameReader()
    found = [frame for chunk in data.draw(splits(wire)) for frame in reader.feed(chunk)]
    assert found == frames[cut > 0 :]
    assert reader.dropped == (14 - cut if cut else 0)


@given(st.sampled_from(STREAMS), st.binary(max_size=40), st.data())
def test_the_reader_finds_back_after_garbage(stream, garbage, data):
    chip, frames = stream
    reader = chip.FrameReader()
    wire = garbage + b"".join(frames)
    found = [frame for chunk in data.draw(splits(wire)) for frame in reader.feed(chunk)]
    assert found[-2:] == frames[-2:]


@given(st.sampled_from(STREAMS), st.data())
def test_a_damaged_stream_gives_readings_or_named_errors(stream, data):
    chip, frames = stream
    reader = chip.FrameReader()
    for frame in reader.feed(data.draw(mutated(b"".join(frames)))):
        try:
            assert chip.decode(frame).unit
        except ProtocolError as error:
            assert str(error)


@given(st.binary(min_size=12, max_size=12))
def test_any_nibbles_decode_or_are_refused(nibbles):
    for chip, frame in (
        (es51922, bytes(0x30 | byte & 0x0F for byte in nibbles) + b"\r\n"),
        (fs9721, bytes(place << 4 | byte & 0x0F for place, byte in enumerate(nibbles + nibbles[:2], start=1))),
    ):
        assert chip.is_frame(frame)
        try:
            reading = chip.decode(frame)
        except DmmError as error:
            assert str(error)
        else:
            assert math.isnan(reading.value) == (reading.overload or reading.underload)
