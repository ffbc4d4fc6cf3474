"""NXP SC18IM700, a bridge from UART to I2C: what a host sends to it, and the chip's side for the simulator.

Frames are ASCII commands with binary arguments: ``S address n data… P`` (write), ``S address+1 n P`` (read), both
joined by a repeated start when another ``S`` takes the place of ``P``; ``R register… P``, ``W (register value)…
P``; ``I P`` and ``O value P`` for the port, ``Z 5A A5 P`` for power-down (data sheet rev. 02, chapter 7).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from protocols.errors import ProtocolError

MAX_BYTES = 255
"""Most bytes of one I2C message: the count is one byte."""

RESET_GREETING = b"OK"
"""What the chip sends after power-up or reset."""

_START, _STOP = ord("S"), ord("P")
_MAX_MESSAGES = 16


class Sc18im700Error(ProtocolError):
    """A request that the bridge cannot express, or an answer that is none of its."""


class Register(IntEnum):
    """Internal registers."""

    BRG0 = 0x00
    BRG1 = 0x01
    PORT_CONF1 = 0x02
    PORT_CONF2 = 0x03
    IO_STATE = 0x04
    I2C_ADR = 0x06
    I2C_CLK_L = 0x07
    I2C_CLK_H = 0x08
    I2C_TO = 0x09
    I2C_STAT = 0x0A


class Status(IntEnum):
    """Outcome of the last I2C transaction (register I2CStat)."""

    OK = 0xF0
    NACK_ON_ADDRESS = 0xF1
    NACK_ON_DATA = 0xF2
    TIME_OUT = 0xF8


RESET_VALUES: Mapping[int, int] = {
    0x00: 0xF0, 0x01: 0x02, 0x02: 0x55, 0x03: 0x55, 0x04: 0x0F, 0x05: 0x00, 0x06: 0x26, 0x07: 0x13, 0x08: 0x00,
    0x09: 0x66, 0x0A: 0xF0,
}  # fmt: skip
"""Registers after reset: 9600 baud (BRG 0x02F0 = 7.3728 MHz / 9600 - 16)."""


@dataclass(frozen=True, slots=True)
class I2cMessage:
    """One message of a transaction: ``data`` to write, or ``count`` bytes to read. ``address`` has 7 bits."""

    address: int
    data: bytes = b""
    count: int | None = None

    @property
    def is_read(self) -> bool:
        """Whether this message reads."""
        return self.count is not None


class I2cNack(Exception):
    """A device did not acknowledge; ``status`` says what. A bus raises it, the bridge turns it into its status."""

    def __init__(self, status: Status = Status.NACK_ON_ADDRESS) -> None:
        super().__init__(status.name)
        self.status = status


class I2cBus(Protocol):
    """What hangs on the bridge."""

    def transfer(self, messages: Sequence[I2cMessage]) -> Sequence[bytes]:
        """Carry out one transaction (repeated start between messages) and return the bytes of each read, in order.

        Raise `I2cNack` when a device does not acknowledge.
        """


# Host side


def encode_transfer(messages: Iterable[I2cMessage]) -> bytes:
    """Return the frame of one transaction; raise `Sc18im700Error` for a message that does not fit.

    The bridge answers the bytes of the reads, without any frame, and nothing at all when a device does not
    acknowledge: read `Register.I2C_STAT` then.
    """
    frame = bytearray()
    for message in messages:
        length = len(message.data) if message.count is None else message.count
        if not 0 <= message.address <= 0x7F:
            raise Sc18im700Error(f"I2C address 0x{message.address:x} has more than 7 bits")
        if not 0 < length <= MAX_BYTES:
            raise Sc18im700Error(f"an I2C message of {length} bytes; the bridge takes 1 to {MAX_BYTES} at a time")
        frame += bytes([_START, message.address << 1 | message.is_read, length])
        frame += b"" if message.is_read else message.data
    if not frame:
        raise Sc18im700Error("a transaction needs at least one message")
    frame.append(_STOP)
    return bytes(frame)


def encode_write(address: int, data: bytes) -> bytes:
    """Return the frame that writes ``data`` (1 … 255 bytes) to a device."""
    return encode_transfer([I2cMessage(address, data)])


def encode_read(address: int, count: int) -> bytes:
    """Return the frame that reads ``count`` (1 … 255) bytes from a device."""
    return encode_transfer([I2cMessage(address, count=count)])


def encode_write_read(address: int, data: bytes, count: int) -> bytes:
    """Return the frame that writes ``data`` and, after a repeated start, reads ``count`` bytes."""
    return encode_transfer([I2cMessage(address, data), I2cMessage(address, count=count)])


def encode_read_registers(*registers: Register) -> bytes:
    """Return the frame that reads the bridge's own registers; it answers one byte each."""
    return b"R" + bytes(registers) + b"P"


def encode_write_registers(values: Mapping[Register, int]) -> bytes:
    """Return the frame that writes the bridge's own registers; raise `Sc18im700Error` for a value beyond one byte."""
    frame = bytearray(b"W")
    for register, value in values.items():
        if not 0 <= value <= 0xFF:
            raise Sc18im700Error(f"{value} for register {register.name} does not fit in one byte")
        frame += bytes([register, value])
    return bytes(frame + b"P")


def parse_status(data: bytes) -> Status:
    """Return the status that a read of `Register.I2C_STAT` answered; raise `Sc18im700Error` when it is none."""
    if len(data) == 1 and data[0] in set(Status):
        return Status(data[0])
    raise Sc18im700Error(f"{data[:8].hex(' ') or 'no answer'} is no status of an SC18IM700; check port and baud rate")


# The chip's side


class Bridge:
    """The chip: fed the bytes of the host, it returns the answer. Its time-outs are not modelled; `reset` ends a
    frame.

    Registers are read and written as soon as their number has arrived, transactions when ``P`` has (data sheet 7.1).
    Bytes that begin no command are ignored.
    """

    def __init__(self, bus: I2cBus) -> None:
        self._bus = bus
        self.reset()

    def reset(self) -> bytes:
        """Forget everything, as after power-up; return the greeting that the chip sends."""
        self.registers = bytearray(RESET_VALUES[number] for number in range(len(RESET_VALUES)))
        self._idle()
        return RESET_GREETING

    def _idle(self) -> None:
        self._command = 0
        self._arguments = bytearray()
        self._messages: list[I2cMessage] = []

    def feed(self, data: bytes) -> bytes:
        """Take in bytes of the host and return what the chip sends."""
        answer = bytearray()
        for byte in data:
            match self._command:
                case 0x53:
                    answer += self._transfer_byte(byte)
                case 0x52 | 0x57:
                    answer += self._register_byte(byte)
                case 0x49 | 0x4F | 0x5A:
                    answer += self._port_byte(byte)
                case _:
                    self._command = byte if byte in b"SRWIOZ" else 0
        return bytes(answer)

    def _transfer_byte(self, byte: int) -> bytes:
        arguments = self._arguments
        if not arguments or len(arguments) < (
            2 if arguments[0] & 1 else 2 + (arguments[1] if len(arguments) > 1 else 0)
        ):
            arguments.append(byte)
            return b""
        address, count = arguments[0] >> 1, arguments[1]
        if arguments[0] & 1:
            self._messages.append(I2cMessage(address, count=count))
        else:
            self._messages.append(I2cMessage(address, bytes(arguments[2:])))
        self._arguments = bytearray()
        if byte == _START and len(self._messages) < _MAX_MESSAGES:
            return b""
        messages = self._messages
        self._idle()
        if byte != _STOP:
            self.registers[Register.I2C_STAT] = Status.TIME_OUT
            return b""
        try:
            read = b"".join(self._bus.transfer(messages))
        except I2cNack as nack:
            self.registers[Register.I2C_STAT] = nack.status
            return b""
        self.registers[Register.I2C_STAT] = Status.OK
        return read

    def _register_byte(self, byte: int) -> bytes:
        if self._command == 0x57 and self._arguments:
            register = self._arguments.pop()
            if register < Register.I2C_STAT:
                self.registers[register] = byte
        elif byte == _STOP:
            self._idle()
        elif self._command == 0x57:
            self._arguments.append(byte)
        elif byte < len(self.registers):
            return bytes([self.registers[byte]])
        return b""

    def _port_byte(self, byte: int) -> bytes:
        self._arguments.append(byte)
        wanted = {0x49: 1, 0x4F: 2, 0x5A: 3}[self._command]
        if len(self._arguments) < wanted:
            return b""
        command, arguments = self._command, bytes(self._arguments)
        self._idle()
        if arguments[-1] != _STOP:
            return b""
        if command == 0x4F:
            self.registers[Register.IO_STATE] = arguments[0]
        return bytes([self.registers[Register.IO_STATE]]) if command == 0x49 else b""
