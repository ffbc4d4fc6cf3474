"""Modbus: RTU frames in raw streams (real captures, damage), register maps."""

import json
import math

import msgspec
import pytest
from byte_streams import mutated, splits
from captures import require_capture
from hypothesis import given
from hypothesis import strategies as st

from protocols.modbus_map import Access, Block, Format, Register, RegisterMap, Table, WordOrder, select, words_of
from protocols.modbus_rtu import (
    Direction,
    FrameReader,
    ModbusError,
    crc16,
    parse,
    split,
    split_requests,
    split_responses,
    with_crc,
)


def test_the_real_capture_splits_into_all_of_its_frames():
    truth = json.loads(require_capture("modbus/truth.json").read_text())
    for key, split_side in (("requests", split_requests), ("responses", split_responses)):
        frames = [bytes.fromhex(text) for text in truth[key]]
        assert len(frames) == 15
        assert split_side(b"".join(frames)) == frames


# A flow meter on one RS-485 pair, requests and responses in turn (sigrok-dumps, uart/modbus_rtu/flowmeter).
FLOWMETER = [
    "f7 03 40 82 00 02 65 75",
    "f7 03 04 00 00 00 03 2c 3d",
    "f7 03 00 00 00 0f 11 58",
    "f7 03 1e 00 00 00 00 41 b6 fe d0 3e 57 9e 9f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 37 06",
    "f7 03 00 0d 00 01 01 5f",
    "f7 03 02 00 00 70 51",
]


@given(st.data())
def test_requests_and_responses_on_one_pair_are_told_apart(data):
    frames = [bytes.fromhex(text) for text in FLOWMETER]
    reader = FrameReader(Direction.BOTH)
    found = [frame for chunk in data.draw(splits(b"".join(frames))) for frame in reader.feed(chunk)]
    found += reader.finish()
    assert [frame.raw for frame in found] == frames
    assert [frame.direction for frame in found] == [Direction.REQUEST, Direction.RESPONSE] * 3
    assert (found[2].unit, found[2].address, found[2].count) == (247, 0, 15)
    flow = Register("flow", 2, format=Format.F32)
    assert RegisterMap((flow,)).decode("flow", found[3].values[2:4]) == pytest.approx(22.874420166, rel=1e-9)
    assert reader.dropped == 0


@pytest.mark.parametrize(
    ("text", "direction", "fields"),
    [
        ("01 01 00 03 00 01", Direction.REQUEST, (3, 1, (), None)),
        ("01 01 01 01", Direction.RESPONSE, (None, None, (1, 0, 0, 0, 0, 0, 0, 0), None)),
        ("01 03 02 02 01", Direction.RESPONSE, (None, None, (0x0201,), None)),
        ("01 05 00 03 ff 00", Direction.REQUEST, (3, 1, (1,), None)),
        ("01 06 00 01 00 55", Direction.RESPONSE, (1, 1, (0x55,), None)),
        ("01 0f 00 02 00 03 01 05", Direction.REQUEST, (2, 3, (1, 0, 1), None)),
        ("01 0f 00 02 00 03", Direction.RESPONSE, (2, 3, (), None)),
        ("01 10 00 01 00 02 04 00 aa 00 bb", Direction.REQUEST, (1, 2, (0xAA, 0xBB), None)),
        ("01 90 02", Direction.RESPONSE, (None, None, (), 2)),
    ],
)
def test_every_function_is_understood(text, direction, fields):
    frame = parse(with_crc(bytes.fromhex(text)), direction)
    assert (frame.address, frame.count, frame.values, frame.exception) == fields
    assert frame.function == int(text[3:5], 16) & 0x7F


@pytest.mark.parametrize(
    ("text", "direction", "message"),
    [
        ("01 03 00 00 00 7e", Direction.REQUEST, "126 items; function 3 takes 1 to 125"),
        ("01 05 00 00 12 34", Direction.REQUEST, "0x0000 or 0xff00"),
        ("01 10 00 00 00 02 02 00 00", Direction.REQUEST, "4 are needed"),
        ("01 03 03 00 00 00", Direction.RESPONSE, "3 bytes of 16-bit registers"),
        ("01 2b 00", Direction.REQUEST, "has not the form"),
        ("01 03 02 00 00", Direction.BOTH, "request or a response"),
    ],
)
def test_what_is_no_modbus_is_named(text, direction, message):
    with pytest.raises(ModbusError, match=message):
        parse(with_crc(bytes.fromhex(text)), direction)
    with pytest.raises(ModbusError, match="CRC"):
        parse(bytes.fromhex("01 03 00 00 00 01 00 00"), Direction.REQUEST)


def test_the_crc_is_that_of_the_standard():
    assert crc16(b"123456789") == 0x4B37


@given(st.data())
def test_a_frame_is_found_behind_garbage(data):
    wire = with_crc(bytes.fromhex("11 03 00 6b 00 03"))
    garbage = data.draw(st.binary(max_size=300))
    reader = FrameReader(Direction.REQUEST)
    found = [frame for chunk in data.draw(splits(garbage + wire)) for frame in reader.feed(chunk)]
    found += reader.finish()
    assert found[-1].raw == wire
    assert reader.dropped == len(garbage) - sum(len(frame.raw) for frame in found[:-1])


@given(st.data(), st.sampled_from(list(Direction)))
def test_damaged_streams_never_escape_and_stay_bounded(data, direction):
    stream = data.draw(mutated(b"".join(bytes.fromhex(text) for text in FLOWMETER)))
    reader = FrameReader(direction)
    for chunk in data.draw(splits(stream)):
        for frame in reader.feed(chunk):
            assert crc16(frame.raw) == 0
        assert len(reader._held) <= 2 * 256
    reader.finish()


@given(st.binary(max_size=300), st.sampled_from([Direction.REQUEST, Direction.RESPONSE]))
def test_any_bytes_with_a_crc_are_understood_or_refused(data, direction):
    try:
        parse(with_crc(data), direction)
    except ModbusError as error:
        assert str(error)
    split(with_crc(data))


SUPPLY = RegisterMap(
    (
        Register("serial", 1, format=Format.U32),
        Register(
            "voltage_set", 8, scale={"RD6006": 0.01, "RD6006P": 0.001}, unit="V", access=Access.READ_WRITE, maximum=60.0
        ),
        Register("temperature", 5, format=Format.I16, unit="Cel"),
        Register("energy", 40, format=Format.I32, word_order=WordOrder.LOW_FIRST, scale=0.001, unit="W.h"),
        Register("mode", 17, states={0: "cv", 1: "cc"}, access=Access.READ_WRITE),
        Register("gain", 60, format=Format.F32, access=Access.READ_WRITE),
        Register("relay", 3, Table.COIL, access=Access.READ_WRITE),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words", "model", "value"),
    [
        ("serial", (0x0001, 0x0002), None, 65538),
        ("voltage_set", (1234,), "RD6006", 12.34),
        ("voltage_set", (3300,), "RD6006P", 3.3),
        ("temperature", (0xFFF6,), None, -10),
        ("energy", (0xFFFF, 0xFFFF), None, -0.001),
        ("energy", (1, 0), None, 0.001),
        ("mode", (1,), None, "cc"),
        ("gain", (0x3F80, 0), None, 1.0),
        ("relay", (1,), None, True),
    ],
)
def test_values_are_scaled_both_ways(name, words, model, value):
    decoded = SUPPLY.decode(name, words, model)
    assert decoded == value
    assert type(decoded) is type(value)
    assert words_of(SUPPLY[name], value, model) == words


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: SUPPLY.decode("mode", [7]), "holds 7, which is no state of it"),
        (lambda: SUPPLY.decode("serial", [7]), "takes 2 words, found 1"),
        (lambda: SUPPLY.decode("temperature", [65536]), "no 16-bit words"),
        (lambda: SUPPLY.decode("relay", [2]), "is a bit"),
        (lambda: SUPPLY.decode("voltage_set", [1]), "no scale for model None; known are RD6006, RD6006P"),
        (lambda: SUPPLY.decode("volts", [1]), "no register 'volts'; known are serial"),
        (lambda: SUPPLY.encode("voltage_set", 60.01, "RD6006"), "60.01 V is outside -inf to 60"),
        (lambda: SUPPLY.encode("voltage_set", -0.01, "RD6006"), "-1 counts do not fit u16"),
        (lambda: SUPPLY.encode("voltage_set", math.nan, "RD6006"), "takes a number in V, not nan"),
        (lambda: SUPPLY.encode("voltage_set", True, "RD6006"), "takes a number in V, not True"),
        (lambda: SUPPLY.encode("mode", "off"), "takes one of cv, cc, not 'off'"),
        (lambda: SUPPLY.encode("gain", 1e39), "beyond a 32-bit float"),
        (lambda: SUPPLY.encode("relay", 1), "takes true or false"),
        (lambda: SUPPLY.encode("serial", 1), "cannot be written"),
        (lambda: words_of(Register("x", 0, scale=1e-30), 1e300), "does not fit u16"),
        (lambda: select({1: 0}, SUPPLY["serial"]), "address 2 was not read"),
        (lambda: Register("x", 65535, format=Format.U32), "not within 0 to 65535"),
        (lambda: Register("x", 0, scale=0.0), "must be positive"),
        (lambda: Register("x", 0, Table.INPUT, access=Access.READ_WRITE), "cannot be written"),
        (lambda: Register("x", 0, states={0: "a", 1: "a"}), "two states"),
        (lambda: RegisterMap((Register("x", 0), Register("x", 1))), "two registers are called 'x'"),
    ],
)
def test_what_does_not_fit_is_named(use, message):
    with pytest.raises(ModbusError, match=message):
        use()


def test_neighbours_are_read_together():
    assert SUPPLY.blocks() == [
        Block(Table.COIL, 3, 1),
        Block(Table.HOLDING, 1, 17),
        Block(Table.HOLDING, 40, 2),
        Block(Table.HOLDING, 60, 2),
    ]
    assert SUPPLY.blocks(["serial", "temperature"], max_gap=0) == [
        Block(Table.HOLDING, 1, 2),
        Block(Table.HOLDING, 5, 1),
    ]
    assert SUPPLY.blocks(max_gap=100, max_count=50)[1:] == [Block(Table.HOLDING, 1, 41), Block(Table.HOLDING, 60, 2)]
    assert select({1: 7, 2: 8}, SUPPLY["serial"]) == (7, 8)


def test_a_map_comes_from_plain_data():
    plain = [{"name": "v", "address": 8, "scale": 0.01, "unit": "V", "access": "read_write"},
             {"name": "m", "address": 9, "table": "input", "format": "i32", "states": {0: "off"}}]  # fmt: skip
    registers = RegisterMap(msgspec.convert(plain, tuple[Register, ...], strict=False))
    assert registers.encode("v", 5.0) == (500,)
    assert registers.decode("m", (0, 0)) == "off"


@given(st.data())
def test_every_value_in_range_survives_to_its_resolution(data):
    kind = data.draw(st.sampled_from([Format.U16, Format.I16, Format.U32, Format.I32]))
    order = data.draw(st.sampled_from(list(WordOrder)))
    register = Register("x", 0, format=kind, word_order=order, scale=data.draw(st.sampled_from([1.0, 0.1, 0.001, 2.5])))
    words = tuple(data.draw(st.lists(st.integers(0, 65535), min_size=register.words, max_size=register.words)))
    value = RegisterMap((register,)).decode("x", words)
    assert words_of(register, value) == words
