"""Frames of the other meters: recordings, what sigrok reads in them, every range, damaged streams."""

import json
import math
import re
from pathlib import Path

import pytest
from byte_streams import mutated, splits
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.dmm import bm869, es51978, es51982, fluke287, fs9721, hid_uart, ut61e_plus, ut71x, ut8803
from protocols.dmm.reading import UNITS, DmmError, Flag, UnsupportedFunction
from protocols.errors import ProtocolError

CHIPS = {
    "bm869": bm869, "es51978": es51978, "es51982": es51982, "fluke287": fluke287, "fs9721": fs9721,
    "ut61e_plus": ut61e_plus, "ut71x": ut71x, "ut8803": ut8803,
}  # fmt: skip
NEW = [chip for name, chip in CHIPS.items() if name != "fs9721"]

# Frames of recordings in sigrok-dumps (public domain) and of captures that drivers' authors published, each with what
# the meter showed: function, value in the base unit (None: off scale).
RECORDED = [
    # uart/cyrustek_es51978: an IDM103N measuring the resistance of skin, a few megohms
    ("es51978", "35303637393330303 20d0a", "resistance", 6.79e6),
    ("es51978", "35303732373330303 20d0a", "resistance", 7.27e6),
    ("es51978", "35303735313330303 20d0a", "resistance", 7.51e6),
    # uart/voltcraft_vc940: the optical output while the knob was turned through its positions
    ("ut71x", "30303030313131303 20d0a", "dc_voltage", 0.0001),
    ("ut71x", "31303938363033303 00d0a", "dc_voltage", 0.10986),
    ("ut71x", "30393936313033303 00d0a", "dc_voltage", 0.09961),
    ("ut71x", "303030303a31343031 0d0a", "resistance", 0.0),
    ("ut71x", "3a3a303c3a35343031 0d0a", "resistance", None),
    ("ut71x", "303030303031353031 0d0a", "capacitance", 0.0),
    ("ut71x", "3a3a303c3a30363030 0d0a", "temperature", None),
    ("ut71x", "303030303030373031 0d0a", "dc_current", 0.0),
    ("ut71x", "303030303030383031 0d0a", "dc_current", 0.0),
    ("ut71x", "303030303031393030 0d0a", "dc_current", 0.0),
    ("ut71x", "303030303131313031 0d0a", "dc_voltage", 0.0001),
    # uart/v_and_a_va18b_cable
    ("fs9721", "1b273d4f5d677d8095a0b0c0d4e0", "ac_voltage", 0.001),
    # ljakob/unit_ut61eplus and mbraune/ut161b: AC millivolts
    ("ut61e_plus", "abcd1001302020 35332e3534 0100 303430 038d", "ac_voltage", 0.05354),
    ("ut61e_plus", "abcd1001302020 32342e3534 0005 383430 0397", "ac_voltage", 0.02454),
]


@pytest.mark.parametrize(("chip", "frame", "function", "value"), RECORDED)
def test_recorded_frames(chip, frame, function, value):
    data = bytes.fromhex(frame.replace(" ", ""))
    assert CHIPS[chip].FrameReader().feed(data) == [data]
    reading = CHIPS[chip].decode(data)
    assert reading.function == function
    if value is None:
        assert reading.overload
        assert math.isnan(reading.value)
    else:
        assert reading.value == pytest.approx(value, rel=1e-12)


PREFIXES = {"": 1.0, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
SIGROK = re.compile(r"(-?[\d.]+) (?:([pnµmkM]?)(V|A|Ω|F|Hz))?(.*)")


def test_sigrok_reads_the_same_in_our_frames():
    """The texts are those that sigrok-cli 0.7.2 printed when these frames were sent to it over a serial port."""
    rows = json.loads((Path(__file__).parent / "dmm_as_sigrok_reads.json").read_text(encoding="utf-8"))
    assert {row[0] for row in rows} == {"es51978", "es51982", "fs9721", "ut71x"}
    for chip, frame, text in rows:
        value, prefix, unit, rest = SIGROK.fullmatch(text.replace("\u2126", "\u03a9")).groups()
        reading = CHIPS[chip].decode(bytes.fromhex(frame))
        if unit is None:  # continuity, which sigrok tells as closed (1) or open (0)
            assert (reading.function, reading.value < 60) == ("continuity", value == "1.0")
            continue
        assert reading.unit == {"Ω": "Ohm"}.get(unit, unit)
        assert reading.value == pytest.approx(float(value) * PREFIXES[prefix], rel=1e-9)
        assert ("DIODE" in rest) == (reading.function == "diode")
        assert (" AC" in rest) == reading.function.startswith("ac_")


RANGES = [
    (es51978, "dc_voltage", [0.4, 4, 40, 400, 4000]),
    (es51978, "ac_current", [4e-4, 4e-3, 0.04, 0.4, 40]),
    (es51978, "resistance", [400, 4e3, 4e4, 4e5, 4e6, 4e7]),
    (es51978, "capacitance", [4e-9, 4e-8, 4e-7, 4e-6, 4e-5, 4e-4, 4e-3, 0.04]),
    (es51978, "diode", [4]),
    (es51978, "continuity", [400]),
    (es51978, "frequency", [9e3, 9e4, 9e5, 9e6, 9e7, 9e8]),
    (es51982, "ac_voltage", [0.4, 4, 40, 400, 4000]),
    (es51982, "dc_current", [4e-4, 4e-3, 0.04, 0.4, 4, 40]),
    (es51982, "resistance", [400, 4e3, 4e4, 4e5, 4e6, 4e7]),
    (es51982, "capacitance", [4e-9, 4e-8, 4e-7, 4e-6, 4e-5, 4e-4, 4e-3]),
    (es51982, "diode", [4]),
    (es51982, "continuity", [400]),
    (ut71x, "dc_voltage", [0.4, 4, 40, 400, 4000]),
    (ut71x, "ac_voltage", [0.4, 4, 40, 400, 4000]),
    (ut71x, "dc_current", [4e-4, 4e-3, 0.04, 0.4, 40]),
    (ut71x, "ac_current", [4e-4, 4e-3, 0.04, 0.4, 40]),
    (ut71x, "resistance", [400, 4e3, 4e4, 4e5, 4e6, 4e7]),
    (ut71x, "capacitance", [4e-8, 4e-7, 4e-6, 4e-5, 4e-4, 4e-3, 0.04]),
    (ut71x, "diode", [4]),
    (ut71x, "continuity", [4000]),
    (ut71x, "duty_cycle", [100]),
    (ut61e_plus, "dc_voltage", [0.22, 2.2, 22, 220, 1000]),
    (ut61e_plus, "ac_voltage", [0.22, 2.2, 22, 220, 1000]),
    (ut61e_plus, "dc_current", [2.2e-4, 2.2e-3, 0.022, 0.22, 20]),
    (ut61e_plus, "ac_current", [2.2e-4, 2.2e-3, 0.022, 0.22, 20]),
    (ut61e_plus, "resistance", [220, 2.2e3, 2.2e4, 2.2e5, 2.2e6, 2.2e7, 2.2e8]),
    (ut61e_plus, "capacitance", [2.2e-8, 2.2e-7, 2.2e-6, 2.2e-5, 2.2e-4, 2.2e-3, 0.022, 0.22]),
    (ut61e_plus, "frequency", [22, 220, 2.2e3, 2.2e4, 2.2e5, 2.2e6, 2.2e7, 2.2e8]),
    (ut61e_plus, "diode", [3]),
    (ut61e_plus, "continuity", [220]),
    (ut61e_plus, "duty_cycle", [100]),
    (ut61e_plus, "temperature", [300, 1000]),
    (ut8803, "dc_voltage", [0.6, 6, 60, 600, 1000]),
    (ut8803, "ac_voltage", [0.6, 6, 60, 600, 750]),
    (ut8803, "dc_current", [6e-4, 6e-3, 0.06, 0.6, 10]),
    (ut8803, "ac_current", [6e-4, 6e-3, 0.06, 0.6, 10]),
    (ut8803, "resistance", [600, 6e3, 6e4, 6e5, 6e6, 6e7]),
    (ut8803, "capacitance", [6e-9, 6e-8, 6e-7, 6e-6, 6e-5, 6e-4, 6e-3]),
    (ut8803, "frequency", [600, 6e3, 6e4, 6e5, 6e6, 2e7]),
    (ut8803, "diode", [6]),
    (ut8803, "continuity", [600]),
    (ut8803, "duty_cycle", [100]),
    (fluke287, "dc_voltage", [0.05, 0.5, 5, 50, 500, 1000]),
    (fluke287, "ac_voltage", [0.05, 0.5, 5, 50, 500, 1000]),
    (fluke287, "dc_current", [5e-4, 5e-3, 0.05, 0.5, 5, 10]),
    (fluke287, "ac_current", [5e-4, 5e-3, 0.05, 0.5, 5, 10]),
    (fluke287, "resistance", [500, 5e3, 5e4, 5e5, 5e6, 3e7]),
    (fluke287, "capacitance", [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1]),
    (fluke287, "diode", [5]),
    (fluke287, "continuity", [500]),
    (fluke287, "temperature", [1000]),
    (bm869, "dc_voltage", [0.5, 5, 50, 500, 1000]),
    (bm869, "ac_voltage", [0.5, 5, 50, 500, 1000]),
    (bm869, "dc_current", [5e-4, 5e-3, 0.05, 0.5, 5, 10]),
    (bm869, "ac_current", [5e-4, 5e-3, 0.05, 0.5, 5, 10]),
    (bm869, "resistance", [500, 5e3, 5e4, 5e5, 5e6, 5e7]),
]


@pytest.mark.parametrize(("chip", "function", "ranges"), RANGES)
def test_every_range_encodes_and_decodes(chip, function, ranges):
    signed = function.startswith(("ac_", "dc_"))
    for full in ranges:
        for fraction in (0.2, 0.5, 0.99, -0.5 if signed else 0.9):
            reading = chip.decode(chip.encode(function, full * fraction, range_value=full, flags=[Flag.AUTO]))
            assert reading.function == function
            assert reading.unit == UNITS[function]
            assert reading.range_value is None or reading.range_value == pytest.approx(full)
            assert reading.value == pytest.approx(full * fraction, abs=reading.resolution * 0.51)
            assert reading.resolution <= full / 200
            assert Flag.AUTO in reading.flags
        assert chip.decode(chip.encode(function, full * 1.3, range_value=full)).overload
    assert chip.decode(chip.encode(function, math.inf)).overload
    if function in ("dc_voltage", "resistance"):  # the ranges listed here are all that there are
        assert chip.decode(chip.encode(function, ranges[0] * 0.5, range_value=ranges[0])).range_value is not None


@given(st.sampled_from(NEW), st.sampled_from(sorted(UNITS)), st.data())
def test_automatic_ranges_show_every_value_to_its_resolution(chip, function, data):
    value = data.draw(st.floats(min_value=0, max_value=1e9))
    try:
        reading = chip.decode(chip.encode(function, value))
    except DmmError as error:
        assert "does not measure" in str(error)
        return
    assert reading.function == function
    if not reading.overload:
        assert reading.value == pytest.approx(value, abs=reading.resolution * 0.51)


@pytest.mark.parametrize("chip", NEW)
def test_what_a_meter_cannot_show_is_named(chip):
    with pytest.raises(DmmError, match="does not measure 'resistance_4w'"):
        chip.encode("resistance_4w", 1.0)
    with pytest.raises(DmmError, match="cannot show nan"):
        chip.encode("resistance", math.nan)


@pytest.mark.parametrize(
    ("chip", "frame", "flags"),
    [
        (es51978, b"10330;48:\r\n", {Flag.NEGATIVE, Flag.PEAK_MAX, Flag.DC, Flag.AUTO}),
        (es51982, b"00330;08:\r\n", {Flag.HOLD, Flag.DC, Flag.AUTO}),
        (es51982, b"00330;44:\r\n", {Flag.NEGATIVE, Flag.MAX, Flag.DC, Flag.AUTO}),
        (es51982, b"00330;226\r\n", {Flag.LOW_BATTERY, Flag.MIN, Flag.AC, Flag.AUTO}),
        (es51978, b"10330;08:\r\n", {Flag.PEAK_MAX, Flag.DC, Flag.AUTO}),
        (es51978, b"10330;04:\r\n", {Flag.PEAK_MIN, Flag.DC, Flag.AUTO}),
        (bm869, bm869.encode("dc_voltage", 1.0, flags=[Flag.HOLD]), {Flag.HOLD, Flag.DC}),
        (bm869, bm869.encode("ac_voltage", 1.0, flags=[Flag.MAX, Flag.RELATIVE]), {Flag.MAX, Flag.RELATIVE, Flag.AC}),
        (bm869, bm869.encode("dc_voltage", 1.0, flags=[Flag.MAX, Flag.MIN]), {Flag.MAX, Flag.MIN, Flag.DC}),
        (ut61e_plus, ut61e_plus.encode("dc_voltage", -1.0, flags=[Flag.HOLD]), {Flag.HOLD, Flag.DC, Flag.NEGATIVE}),
        (ut61e_plus, ut61e_plus.encode("resistance", 1.0, flags=[Flag.PEAK_MAX]), {Flag.PEAK_MAX}),
        (ut8803, ut8803.encode("dc_voltage", 1.0, flags=[Flag.HOLD, Flag.MIN]), {Flag.HOLD, Flag.MIN, Flag.DC}),
        (ut8803, ut8803.encode("resistance", 1.0, flags=[Flag.RELATIVE, Flag.MAX]), {Flag.RELATIVE, Flag.MAX}),
        (fluke287, fluke287.encode("dc_voltage", 1.0, flags=[Flag.HOLD]), {Flag.HOLD, Flag.DC}),
        (fluke287, fluke287.encode("dc_voltage", 1.0, flags=[Flag.RELATIVE]), {Flag.RELATIVE, Flag.DC}),
    ],
)
def test_annunciators(chip, frame, flags):
    assert chip.decode(frame).flags == flags


def test_a_frequency_read_over_a_voltage_is_a_frequency():
    assert es51978.decode(b"00050;011\r\n").function == "frequency"
    assert es51982.decode(b"00050;005\r\n").function == "frequency"
    duty = ut71x.decode(b"050001<04\r\n")
    assert (duty.function, duty.value, duty.unit) == ("duty_cycle", 50.0, "%")


def test_ac_and_dc_bits_of_a_ut71x():
    assert ut71x.decode(b"123401710\r\n").function == "ac_current"
    assert ut71x.decode(b"123401720\r\n").function == "dc_current"
    with pytest.raises(UnsupportedFunction, match=r"AC\+DC"):
        ut71x.decode(b"123401130\r\n")


def test_fahrenheit_becomes_celsius():
    assert ut71x.decode(b"003200=00\r\n").value == 0.0
    assert ut71x.decode(b"021200=00\r\n").value == 100.0
    hot = hid_uart.pack(b"\x0b0  212.0" + bytes(2) + b"000")
    assert (ut61e_plus.decode(hot).value, ut61e_plus.decode(hot).unit) == (100.0, "Cel")
    assert ut8803.decode(hid_uart.pack(b"\x02\x141 212.0" + b"0" * 7)).value == 100.0
    assert fluke287.decode(b"0\r75.0E0,FAR,NORMAL,NONE\r").value == pytest.approx(23.89)


# The examples of Fluke's technical note, with what they mean.
QM_EXAMPLES = [
    ("-0.023E-3,VDC,NORMAL,NONE", "dc_voltage", -23e-6, 1e-6),
    ("0.255E-3,VAC,NORMAL,NONE", "ac_voltage", 255e-6, 1e-6),
    ("9.323E0,VDC,NORMAL,NONE", "dc_voltage", 9.323, 1e-3),
    ("58.99E0,VAC,NORMAL,NONE", "ac_voltage", 58.99, 0.01),
    ("63.679E0,Hz,NORMAL,POSITIVE_EDGE", "frequency", 63.679, 1e-3),
    ("23.9E0,CEL,NORMAL,NONE", "temperature", 23.9, 0.1),
    ("50.75E0,OHM,NORMAL,NONE", "resistance", 50.75, 0.01),
    ("0.95E-6,F,NORMAL,NONE", "capacitance", 0.95e-6, 1e-8),
    ("0.5498E0,VDC,NORMAL,GOOD_DIODE", "diode", 0.5498, 1e-4),
    ("979.0E-6,ADC,NORMAL,NONE", "dc_current", 979e-6, 1e-7),
]
QDDA_EXAMPLE = (
    "MV_AC,NONE,AUTO,VAC,50,-3,OFF,0.000,0,2,LIVE,0.005029,VAC,-3,3,5,NORMAL,NONE,1197308998.282,"
    "PRIMARY,0.005029,VAC,-3,3,5,NORMAL,NONE,1197308998.282"
)
QDDA_MIN_MAX = (
    "MV_AC,PEAK_MIN_MAX,AUTO,VAC,50,-3,OFF,1197309132.612,1,MIN_MAX_AVG,5,LIVE,0.00515,VAC,-3,2,5,NORMAL,NONE,1197309141.806,"
    "PRIMARY,0.00515,VAC,-3,2,5,NORMAL,NONE,1197309141.806,MINIMUM,-0.0211,V,-3,2,5,NORMAL,NONE,1197309133.616,"
    "MAXIMUM,0.03055,V,-3,2,5,NORMAL,NONE,1197309133.366,AVERAGE,0.00529,VAC,-3,2,5,NORMAL,NONE,1197309141.806"
)


@pytest.mark.parametrize(("text", "function", "value", "resolution"), QM_EXAMPLES)
def test_examples_of_flukes_note(text, function, value, resolution):
    reading = fluke287.decode(f"0\r{text}\r".encode())
    assert (reading.function, reading.range_value) == (function, None)
    assert reading.value == pytest.approx(value, rel=1e-12)
    assert reading.resolution == pytest.approx(resolution)


def test_the_displays_of_flukes_note():
    reading = fluke287.decode(f"0\r{QDDA_EXAMPLE}\r".encode())
    assert (reading.function, reading.value, reading.counts, reading.range_value) == (
        "ac_voltage",
        0.005029,
        5029,
        0.05,
    )
    recording = fluke287.decode(f"0\r{QDDA_MIN_MAX}\r".encode())
    assert recording.value == pytest.approx(0.00515)
    assert Flag.RMR in recording.flags
    assert fluke287.decode(b"0\r+9.99999999E+37,OHM,OL,NONE\r").overload
    assert fluke287.identity(b"0\rFLUKE 289,V1.00,95081087\r") == "FLUKE 289,V1.00,95081087"
    assert fluke287.identity(f"0\r{QDDA_EXAMPLE}\r".encode()) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"1\r", "a syntax error"),
        (b"2\r", "an execution error"),
        (b"5\r", "has no data"),
        (b"7\r", "check 115200 baud"),
        (b"\xff\r", "check 115200 baud"),
        (b"0\rFLUKE 287,V1.00,1\r", "its name, not a reading"),
        (b"0\r1.0E0,VDC,BLANK,NONE\r", "shows no value now .BLANK"),
        (b"0\r1.0E0,dBm,NORMAL,NONE\r", "'dBm', which has no unit"),
        (b"0\r1.0E99,VDC,NORMAL,NONE\r", "impossible step"),
        (b"0\rx,VDC,NORMAL,NONE\r", "is no number"),
        (b"0\r1,2,3\r", "3 fields"),
        (f"0\r{QDDA_EXAMPLE.replace('PRIMARY', 'SECONDARY')}\r".encode(), "no primary reading"),
        (f"0\r{QDDA_EXAMPLE.replace('0,2,LIVE', '0,3,LIVE')}\r".encode(), "announces 3 values"),
        (f"0\r{QDDA_EXAMPLE.replace('0.000,0,2', '0.000,1,DANCE,2')}\r".encode(), "mode of a Fluke 287 is unknown"),
    ],
)
def test_refusals_and_damage_of_a_fluke_287_are_named(answer, message):
    with pytest.raises(DmmError, match=message):
        fluke287.decode(answer)


def test_names_and_acknowledgements_of_a_ut61e_plus_are_no_readings():
    name = hid_uart.pack(b"UT61E+")
    assert ut61e_plus.identity(name) == "UT61E+"
    acknowledgement = bytes.fromhex("abcd04ff00027b")
    assert ut61e_plus.identity(acknowledgement) is None
    assert ut61e_plus.FrameReader().feed(acknowledgement + name) == [acknowledgement, name]
    for frame in (name, acknowledgement):
        with pytest.raises(DmmError, match="is no reading"):
            ut61e_plus.decode(frame)
    assert bytes.fromhex("abcd035e01d9") == ut61e_plus.REQUEST
    assert bytes.fromhex("abcd035f01da") == ut61e_plus.IDENTITY_REQUEST
    number = bytes.fromhex("abcd1700303337344646313635343639353537383738313605d7")  # a UT8803E's serial number
    with pytest.raises(DmmError, match="no reading of a UT8803"):
        ut8803.decode(number)


@pytest.mark.parametrize(
    ("chip", "frame", "message"),
    [
        (es51978, b"10330;00:\r\n"[:-1], "check 2400 baud"),
        (es51978, b"1033:;00:\r\n", "no decimal digits"),
        (es51978, b"10330;00<\r\n", "both AC and DC"),
        (es51978, b"10330;000\r\n", "neither AC nor DC"),
        (es51978, b"70330;00:\r\n", "range 7 .* does not exist for voltage"),
        (es51978, b"103302800\r\n", "revolutions"),
        (es51978, b"103304800\r\n", "temperature"),
        (es51978, b"10330>00:\r\n", "adapter input"),
        (es51978, b"10330700:\r\n", "function byte '7'"),
        (es51982, b"10330900:\r\n", "function byte '9'"),
        (ut71x, b"123401<0\r\n0", "check 2400 baud"),
        (ut71x, b"123401103\r\n", "both automatic and manual"),
        (ut71x, b"123450100\r\n", "range 0 .* does not exist for voltage"),
        (ut71x, b"12:401100\r\n", "no decimal digits"),
        (ut71x, b"123401>00\r\n", "leaves empty"),
        (ut71x, b"123401?00\r\n", "4-20 mA loop"),
        (ut61e_plus, hid_uart.pack(b"\x12" + b"0" * 13), "without a unit"),
        (ut61e_plus, hid_uart.pack(b"\x40" + b"0" * 13), "mode 64"),
        (ut61e_plus, hid_uart.pack(b"\x02" + b"9" + b"0" * 12), "range 0x39"),
        (ut61e_plus, hid_uart.pack(b"\x020 1.2.3 " + b"0" * 5), "is no number"),
        (ut8803, hid_uart.pack(b"\x02\x11" + b"0" * 14), "transistor gain"),
        (ut8803, hid_uart.pack(b"\x02\x50" + b"0" * 14), "mode 80"),
        (ut8803, hid_uart.pack(b"\x02\x019" + b"0" * 13), "range 0x39"),
        (ut8803, hid_uart.pack(b"\x02\x011------0000000"), "is no number"),
        (ut8803, hid_uart.pack(b"\x02\x011 1.2340004000"[:16]), "marks its reading as an error"),
        (bm869, bytes(24), "check the cable"),
    ],
)
def test_damaged_frames_are_named(chip, frame, message):
    with pytest.raises(DmmError, match=message):
        chip.decode(frame)


def test_damaged_images_of_a_bm869_are_named():
    def changed(function, changes):
        image = bytearray(bm869.encode(function, 1.0))
        for at, bits in changes.items():
            image[at] = bits
        return bytes(image)

    with pytest.raises(DmmError, match="form no character"):
        bm869.decode(changed("dc_voltage", {4: 0x02}))
    with pytest.raises(UnsupportedFunction, match=r"AC\+DC"):
        bm869.decode(changed("dc_voltage", {2: 0x01}))
    with pytest.raises(DmmError, match="neither AC nor DC"):
        bm869.decode(changed("dc_voltage", {1: 0}))
    with pytest.raises(DmmError, match="more than one prefix"):
        bm869.decode(changed("dc_voltage", {15: 0x0C}))
    with pytest.raises(DmmError, match="is no number"):
        bm869.decode(changed("resistance", {3: 0x5E, 4: 0x42}))
    with pytest.raises(UnsupportedFunction, match="level"):
        bm869.decode(changed("resistance", {15: 0x02}))
    with pytest.raises(UnsupportedFunction, match="difference"):
        bm869.decode(changed("resistance", {15: 0, 2: 0x04}))
    with pytest.raises(UnsupportedFunction, match="without a unit"):
        bm869.decode(changed("resistance", {15: 0}))
    assert bm869.decode(changed("dc_voltage", {1: 0xF1})).flags == {Flag.RMR, Flag.DC, Flag.AUTO}
    assert bm869.decode(changed("dc_voltage", {1: 0x91})).flags == {Flag.AVERAGE, Flag.DC, Flag.AUTO}


def test_a_frame_of_a_bridge_has_its_length_and_sum():
    frame = hid_uart.pack(b"\x58\x00")
    assert frame == bytes.fromhex("abcd04580001d4")
    assert hid_uart.unpack(frame) == b"\x58\x00"
    for damaged in (frame[:-1], frame[:-1] + b"\x00", b"\xab\xcc" + frame[2:]):
        with pytest.raises(DmmError, match=r"check (9600 baud|the cable)"):
            hid_uart.unpack(damaged)
    with pytest.raises(DmmError, match="carries 1 to 253"):
        hid_uart.pack(b"")


STREAMS = [
    (chip, [chip.encode("dc_voltage", volts, range_value=5.0) for volts in (1.817, -3.302, 0.0)]) for chip in NEW
]


@settings(max_examples=60)
@given(st.sampled_from(STREAMS), st.data())
def test_frames_are_found_however_the_bytes_arrive(stream, data):
    chip, frames = stream
    cut = data.draw(st.integers(0, len(frames[0]) - 1))
    reader = chip.FrameReader()
    wire = b"".join(frames)[cut:]
    found = [frame for chunk in data.draw(splits(wire)) for frame in reader.feed(chunk)]
    # A Fluke's answer without its acknowledgement is no answer.
    assert found == frames[cut > 0 :]
    if cut and chip is not fluke287:
        assert reader.dropped == len(frames[0]) - cut


@settings(max_examples=60)
@given(st.sampled_from(STREAMS), st.binary(max_size=40), st.data())
def test_the_reader_finds_back_after_garbage(stream, garbage, data):
    chip, frames = stream
    reader = chip.FrameReader()
    # The length byte of a frame that never was may swallow as much as a whole one of it.
    sent = frames * (12 if chip in (ut61e_plus, ut8803) else 1)
    found = [frame for chunk in data.draw(splits(garbage + b"".join(sent))) for frame in reader.feed(chunk)]
    assert found[-1] == frames[-1]


@settings(max_examples=60)
@given(st.sampled_from(STREAMS), st.data())
def test_a_damaged_stream_gives_readings_or_named_errors(stream, data):
    chip, frames = stream
    for frame in chip.FrameReader().feed(data.draw(mutated(b"".join(frames)))):
        try:
            assert chip.decode(frame).unit
        except ProtocolError as error:
            assert str(error)


@settings(max_examples=60)
@given(st.sampled_from(NEW), st.binary(max_size=48))
def test_any_bytes_decode_or_are_refused(chip, data):
    frames = [data]
    if chip in (ut61e_plus, ut8803) and data:
        frames.append(hid_uart.pack(data))
        frames.append(
            hid_uart.pack((b"\x02" if chip is ut8803 else b"") + data[:15].ljust(15 - (chip is ut61e_plus), b"0"))
        )
    elif chip is fluke287:
        frames.append(b"0\r" + data + b"\r")
    elif chip is bm869:
        frames.append((data[:16].ljust(16, b"\0") + b"\x86" * 4).ljust(24, b"\0"))
    else:
        frames.append(bytes(0x30 | byte & 0x0F for byte in data[:9].ljust(9, b"0")) + b"\r\n")
    for frame in frames:
        try:
            reading = chip.decode(frame)
        except DmmError as error:
            assert str(error)
        else:
            assert math.isnan(reading.value) == (reading.overload or reading.underload)


def test_a_fluke_that_never_ends_its_line_fills_no_memory():
    reader = fluke287.FrameReader()
    for _ in range(100):
        assert reader.feed(b"x" * 1000) == []
    assert reader.dropped >= 98_000
