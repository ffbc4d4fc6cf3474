"""The UART-to-I2C bridge SC18IM700: frames of the data sheet, host against chip, damaged input."""

import pytest
from byte_streams import mutated, splits
from hypothesis import given
from hypothesis import strategies as st

from protocols.sc18im700 import (
    RESET_GREETING,
    Bridge,
    I2cMessage,
    I2cNack,
    Register,
    Sc18im700Error,
    Status,
    encode_read,
    encode_read_registers,
    encode_transfer,
    encode_write,
    encode_write_read,
    encode_write_registers,
    parse_status,
)


class Eeprom:
    """A 256-byte EEPROM at 0x50 that refuses data 0xEE."""

    def __init__(self) -> None:
        self.cells = bytearray(range(256))
        self.pointer = 0

    def transfer(self, messages):
        reads = []
        for message in messages:
            if message.address != 0x50:
                raise I2cNack
            if message.is_read:
                reads.append(bytes(self.cells[(self.pointer + i) % 256] for i in range(message.count)))
                self.pointer += message.count
            elif message.data:
                if 0xEE in message.data[1:]:
                    raise I2cNack(Status.NACK_ON_DATA)
                self.pointer = message.data[0]
                for i, byte in enumerate(message.data[1:]):
                    self.cells[(self.pointer + i) % 256] = byte
        return reads


def test_frames_are_those_of_the_data_sheet():
    assert encode_write(0x50, b"\x01\x02") == b"S\xa0\x02\x01\x02P"
    assert encode_read(0x50, 4) == b"S\xa1\x04P"
    assert encode_write_read(0x33, b"\x24\x00", 2) == b"S\x66\x02\x24\x00S\x67\x02P"
    assert encode_read_registers(Register.I2C_STAT) == b"R\x0aP"
    assert encode_write_registers({Register.I2C_CLK_L: 5, Register.I2C_CLK_H: 0}) == b"W\x07\x05\x08\x00P"


def test_host_and_chip_agree():
    bridge = Bridge(Eeprom())
    assert bridge.feed(encode_write(0x50, b"\x10SP")) == b""
    assert bridge.feed(encode_write_read(0x50, b"\x0f", 4)) == b"\x0fSP\x12"
    assert bridge.feed(encode_read(0x50, 255))[:253] == bytes(i % 256 for i in range(0x13, 0x13 + 253))
    assert parse_status(bridge.feed(encode_read_registers(Register.I2C_STAT))) is Status.OK


def test_a_device_that_does_not_acknowledge_is_seen_in_the_status():
    bridge = Bridge(Eeprom())
    assert bridge.feed(encode_read(0x51, 4)) == b""
    assert parse_status(bridge.feed(encode_read_registers(Register.I2C_STAT))) is Status.NACK_ON_ADDRESS
    bridge.feed(encode_write(0x50, b"\x00\xee"))
    assert parse_status(bridge.feed(encode_read_registers(Register.I2C_STAT))) is Status.NACK_ON_DATA
    bridge.feed(b"S\xa0\x00P")  # an address alone, as bus scanners send it
    assert parse_status(bridge.feed(encode_read_registers(Register.I2C_STAT))) is Status.OK


def test_registers_and_port():
    bridge = Bridge(Eeprom())
    assert bridge.reset() == RESET_GREETING == b"OK"
    everything = bridge.feed(b"R" + bytes(range(11)) + b"P")
    assert everything.hex() == "f00255550f0026130066f0"
    assert bridge.feed(b"R\x00") == b"\xf0"  # answered before the stop
    bridge.feed(b"P" + encode_write_registers({Register.PORT_CONF1: 0x50, Register.I2C_ADR: 0x57}))
    assert bridge.feed(b"R\x02\x06P") == b"\x50\x57"
    bridge.feed(b"W\x0a\x00P")
    assert bridge.feed(b"R\x0aP") == b"\xf0"  # read only
    assert bridge.feed(b"O\xa5PIPZ\x5a\xa5P") == b"\xa5"


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: encode_read(0x50, 256), "256 bytes"),
        (lambda: encode_read(0x50, 0), "0 bytes"),
        (lambda: encode_write(0x50, b"x" * 256), "256 bytes"),
        (lambda: encode_write(0x80, b"x"), "more than 7 bits"),
        (lambda: encode_transfer([]), "at least one message"),
        (lambda: encode_write_registers({Register.BRG0: 256}), "BRG0"),
        (lambda: parse_status(b""), "no answer"),
        (lambda: parse_status(b"\x00"), "no status"),
    ],
)
def test_what_does_not_fit_is_named(use, message):
    with pytest.raises(Sc18im700Error, match=message):
        use()


SESSION = encode_write(0x50, b"\x10abc") + encode_write_read(0x50, b"\x0f", 5) + b"R\x0a\x00PIP" + encode_read(0x50, 2)


@given(st.data())
def test_a_session_does_not_depend_on_how_the_bytes_arrive(data):
    whole = Bridge(Eeprom()).feed(SESSION)
    bridge = Bridge(Eeprom())
    assert b"".join(bridge.feed(chunk) for chunk in data.draw(splits(SESSION))) == whole
    assert whole == b"\x0fabc\x13\xf0\xf0\x0f\x14\x15"


@given(st.data())
def test_damaged_sessions_are_answered_and_stay_bounded(data):
    bridge = Bridge(Eeprom())
    bridge.feed(data.draw(mutated(SESSION)) + data.draw(st.binary(max_size=50)))
    bridge.reset()
    assert bridge.feed(encode_read_registers(Register.I2C_STAT)) == b"\xf0"


def test_an_endless_chain_of_repeated_starts_is_given_up():
    bridge = Bridge(Eeprom())
    for _ in range(1000):
        assert bridge.feed(b"S\xa0\x01\x00") == b""
    bridge.feed(b"P")
    assert bridge.feed(encode_read(0x50, 1)) != b""


@given(st.lists(st.binary(min_size=1, max_size=255), min_size=1, max_size=5))
def test_any_transaction_reaches_the_bus_as_sent(payloads):
    seen = []

    class Recorder:
        def transfer(self, messages):
            seen.extend(messages)
            return []

    sent = [I2cMessage(0x33, payload) for payload in payloads]
    Bridge(Recorder()).feed(encode_transfer(sent))
    assert seen == sent
