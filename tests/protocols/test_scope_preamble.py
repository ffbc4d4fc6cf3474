"""What oscilloscopes say of a record: makers' own examples, a published capture, and what must be refused."""

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.scope_preamble import (
    DESCRIPTOR_BYTES,
    PreambleError,
    from_descriptor,
    from_fields,
    from_settings,
    parse_with_unit,
)

RIGOL = (
    "format", "type", "points", "count", "x_increment", "x_origin", "x_reference", "y_increment", "y_origin",
    "y_reference",
)  # fmt: skip


def level(preamble: object, code: float) -> float:
    return code * preamble.scale + preamble.offset  # type: ignore[attr-defined,no-any-return]


def test_the_example_of_the_dho800_guide() -> None:
    text = "0,0,1000,1,1.000000E-8,-5.000000E-6,0.000000E-12,4.000000E-03,0,128"
    preamble = from_fields(text, RIGOL, y_origin_in="codes")
    assert (preamble.points, preamble.interval_s, preamble.start_s) == (1000, 1e-8, -5e-6)
    assert level(preamble, 0x8E) == pytest.approx((0x8E - 0 - 128) * 4e-3)


def test_a_published_record_of_a_dho824_is_a_square_of_a_quarter_volt_and_its_offset_is_the_setting() -> None:
    text = "1,2,10000,1,4e-07,-0.002,0,6.6667e-06,-22718,32768"
    preamble = from_fields(text, RIGOL, y_origin_in="codes")
    assert level(preamble, 55_255) == pytest.approx(0.3013, abs=1e-3)
    assert level(preamble, 10_190) == pytest.approx(0.0009, abs=1e-3)
    # The middle of the screen is code 32768: there stands minus the offset that was set, -0.1514539 V.
    assert level(preamble, 32_768) == pytest.approx(0.1514539, rel=1e-5)


def test_keysight_counts_the_origin_in_volts_and_times_from_the_reference() -> None:
    text = "+0,+0,+62500,+1,+3.2E-007,-1.0E-002,+10,+4.0E-002,+1.5E+000,+128"
    preamble = from_fields(text, RIGOL, y_origin_in="volts")
    assert level(preamble, 128) == 1.5
    assert level(preamble, 138) == pytest.approx(1.9)
    assert preamble.start_s == pytest.approx(-1.0e-2 - 10 * 3.2e-7)


def test_tektronix_offset_is_in_codes_and_its_zero_in_volts() -> None:
    order = ("points", "x_increment", "x_reference", "x_origin", "y_increment", "y_reference", "y_origin")
    preamble = from_fields("2500;1.0E-5;0;-1.25E-2;4.0E-2;-3.75E1;5.0E-1", order, separator=";", y_origin_in="volts")
    assert level(preamble, -100) == pytest.approx(0.5 + 0.04 * (-100 + 37.5))
    assert preamble.start_s == -1.25e-2


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("0,2,6000", "no preamble of 10 numbers"),
        ("0,2,6000,1,1e-8,0,0,x,0,127", "expected a number, found 'x'"),
        ("0,2,6000.5,1,1e-8,0,0,0.04,0,127", "no whole number of points"),
        ("0,2,9.9E37,1,1e-8,0,0,0.04,0,127", "no whole number of points"),
        ("0,2,0,1,1e-8,0,0,0.04,0,127", "describes no record"),
        ("0,2,999999999999,1,1e-8,0,0,0.04,0,127", "describes no record"),
        ("0,2,6000,1,0,0,0,0.04,0,127", "describes no record"),
        ("0,2,6000,1,1e-8,9.91E37,0,0.04,0,127", "describes no record"),
        ("0,2,6000,1,1e-8,0,0,-0.04,0,127", "describes no record"),
    ],
)
def test_what_describes_no_record(text: str, match: str) -> None:
    with pytest.raises(ProtocolError, match=match):
        from_fields(text, RIGOL, y_origin_in="codes")


def descriptor(**fields: float) -> bytes:
    values = {"wide": 1, "order": 0, "points": 4000, "volts": 0.1, "offset": -0.15, "codes": 7680.0, "probe": 10.0}
    values |= {"interval": 2e-6, "delay": 0.0, **fields}
    data = bytearray(DESCRIPTOR_BYTES)
    struct.pack_into("<hh", data, 32, int(values["wide"]), int(values["order"]))
    struct.pack_into("<i", data, 116, int(values["points"]))
    struct.pack_into("<fff", data, 156, values["volts"], values["offset"], values["codes"])
    struct.pack_into("<fd", data, 176, values["interval"], values["delay"])
    struct.pack_into("<f", data, 328, values["probe"])
    return bytes(data)


def test_a_descriptor_scales_by_division_and_probe_without_the_rounding_of_single_precision() -> None:
    preamble = from_descriptor(descriptor(), span_s=0.02, sample_bytes=2)
    assert preamble.scale == 0.1 * 10 / 7680
    assert preamble.offset == 1.5
    assert (preamble.points, preamble.interval_s, preamble.start_s) == (4000, 2e-6, -0.01)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (descriptor()[:-1], "a wave descriptor of 345 bytes; it has 346"),
        (descriptor(wide=0), "announces 1 bytes a sample, least significant first, instead of 2"),
        (descriptor(order=1), "announces 2 bytes a sample, most significant first"),
        (descriptor(codes=0), "tells 0 codes a division"),
        (descriptor(probe=math.nan), "probe nan"),
        (descriptor(points=-1), "describes no record"),
        (descriptor(interval=0), "describes no record"),
        (descriptor(volts=math.inf), "describes no record"),
    ],
)
def test_a_descriptor_that_cannot_be_used(data: bytes, match: str) -> None:
    with pytest.raises(PreambleError, match=match):
        from_descriptor(data, span_s=0.02, sample_bytes=2)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_descriptor_is_a_record_or_an_error(data: bytes) -> None:
    try:
        preamble = from_descriptor(data, span_s=1.0, sample_bytes=2)
    except PreambleError:
        return
    assert preamble.scale > 0
    assert math.isfinite(preamble.offset)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_a_record_or_an_error(text: str) -> None:
    for parse in (lambda: from_fields(text, RIGOL, y_origin_in="codes"), lambda: parse_with_unit(text)):
        try:
            parse()
        except ProtocolError:
            continue


def test_settings_alone_give_scale_and_times() -> None:
    preamble = from_settings(scale_v=1.0, offset_v=-1.5, sample_rate_hz=5e5, span_s=0.028, codes_per_division=25)
    assert preamble.points is None
    assert level(preamble, 0) == 1.5
    assert level(preamble, 25) == 2.5
    assert (preamble.interval_s, preamble.start_s) == (2e-6, -0.014)
    with pytest.raises(PreambleError, match="sample rate cannot be 0 Hz"):
        from_settings(scale_v=1.0, offset_v=0, sample_rate_hz=0, span_s=1, codes_per_division=25)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500MSa/s", 5e8), ("1.00GSa/s", 1e9), ("7Mpts", 7e6), ("70kpts", 7e4), ("5.00E+08", 5e8), ("14", 14.0),
        ("2.00E-03S", 2e-3), ("1.5V", 1.5), ("20mV", 0.02),
    ],
)  # fmt: skip
def test_numbers_with_prefix_and_unit(text: str, value: float) -> None:
    assert parse_with_unit(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "Mpts", "7 apples", "1.2.3V", "--5"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ProtocolError, match="expected a number"):
        parse_with_unit(text)
