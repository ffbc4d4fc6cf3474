"""I²C: Linux i2c-dev through smbus2, or an NXP SC18IM700 bridge on a serial port, behind one interface."""

import contextlib
import errno
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from drivers.errors import BadResponse, ConnectionLost, InstrumentRefused, Misconfigured, NoResponse, OutOfRange
from drivers.guard import Guard
from drivers.transports.stream import ByteStream
from protocols.sc18im700 import (
    Register,
    Sc18im700Error,
    Status,
    encode_read_registers,
    encode_write,
    encode_write_read,
    parse_status,
)

if TYPE_CHECKING:
    from smbus2 import i2c_msg

BRIDGE_TIMEOUT_S = 1.0


class I2cDevice(ABC):
    """One device on a bus. Raises ``InstrumentRefused`` when it does not acknowledge, ``OutOfRange`` for a message
    that the bus cannot carry."""

    label: str
    guard: Guard
    max_bytes: int
    """Longest message."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Write ``data`` to the device."""

    @abstractmethod
    def write_read(self, data: bytes, count: int) -> bytes:
        """Write ``data`` and, after a repeated start, read ``count`` bytes."""

    @abstractmethod
    def close(self) -> None:
        """Release the bus. Never raises."""

    def _check(self, length: int) -> None:
        if not 0 < length <= self.max_bytes:
            raise OutOfRange(f"{self.label}: an I²C message has 1 to {self.max_bytes} bytes here, not {length}")


class LinuxI2c(I2cDevice):
    """A device on ``/dev/i2c-N``.

    One transfer is one system call, which the guard can precede but not interrupt; 1,700 bytes take 40 ms at 400 kHz.
    """

    max_bytes = 8192

    def __init__(self, label: str, guard: Guard, path: str, address: int) -> None:
        from smbus2 import SMBus

        self.label = label
        self.guard = guard
        self._address = _seven_bits(label, address)
        self._lock = threading.Lock()
        try:
            self._bus = SMBus(path)
        except OSError as error:
            reasons = {
                errno.ENOENT: "there is no such bus; enable I²C on this machine",
                errno.EACCES: "permission is missing; add the user to the group i2c",
            }
            reason = reasons.get(error.errno or 0, f"{error.strerror}; check the name")
            raise ConnectionLost(f"{label} cannot be opened: {reason}") from error

    def write(self, data: bytes) -> None:
        """Write in one message."""
        from smbus2 import i2c_msg

        self._check(len(data))
        self._transfer(i2c_msg.write(self._address, data))

    def write_read(self, data: bytes, count: int) -> bytes:
        """Write and read in one transfer."""
        from smbus2 import i2c_msg

        self._check(len(data))
        self._check(count)
        answer = i2c_msg.read(self._address, count)
        self._transfer(i2c_msg.write(self._address, data), answer)
        return bytes(answer)

    def close(self) -> None:
        """Close the bus."""
        with self._lock, contextlib.suppress(OSError):
            self._bus.close()

    def _transfer(self, *messages: "i2c_msg") -> None:
        with self.guard.sending(), self._lock:
            if self._bus.fd is None:
                raise ConnectionLost(f"{self.label} is closed; open it again")
            try:
                self._bus.i2c_rdwr(*messages)
            except OSError as error:
                if error.errno in (errno.ENXIO, errno.EREMOTEIO):
                    raise _no_acknowledge(self.label, self._address) from error
                if error.errno == errno.ETIMEDOUT:
                    raise NoResponse(f"{self.label}: the bus is stuck (timed out); check SDA and SCL") from error
                raise ConnectionLost(f"{self.label} is gone ({error.strerror}); check the bus") from error


class BridgedI2c(I2cDevice):
    """A device behind an SC18IM700.

    The bridge answers nothing when a device does not acknowledge, so each transfer is followed by a question for its
    status: the answer is the bytes read and one byte of status, or that byte alone.
    """

    max_bytes = 255

    def __init__(self, stream: ByteStream, address: int) -> None:
        self.label = stream.label
        self.guard = stream.guard
        self._stream = stream
        self._address = _seven_bits(stream.label, address)

    def write(self, data: bytes) -> None:
        """Write, and check the status."""
        self._check(len(data))
        self._carry_out(encode_write(self._address, data), 0)

    def write_read(self, data: bytes, count: int) -> bytes:
        """Write, read, and check the status."""
        self._check(len(data))
        self._check(count)
        return self._carry_out(encode_write_read(self._address, data, count), count)

    def close(self) -> None:
        """Release the serial port."""
        self._stream.close()

    def _carry_out(self, frame: bytes, count: int) -> bytes:
        self._stream.drain()
        self._stream.write(frame + encode_read_registers(Register.I2C_STAT))
        answer = bytearray()
        while len(answer) <= count:
            # One byte alone may be a status; it is when no more follows at once.
            timeout_s = 0.2 if len(answer) == 1 and count else BRIDGE_TIMEOUT_S
            new = self._stream.read_available(timeout_s, count + 1 - len(answer))
            if not new:
                break
            answer += new
        if not answer:
            raise NoResponse(f"{self.label} did not answer within {BRIDGE_TIMEOUT_S:g} s; check port and baud rate")
        try:
            status = parse_status(bytes(answer[-1:]))
        except Sc18im700Error as error:
            raise BadResponse(f"{self.label}: {error}") from error
        if status is not Status.OK:
            raise _no_acknowledge(self.label, self._address, status.name.lower().replace("_", " "))
        if len(answer) != count + 1:
            raise BadResponse(f"{self.label} answered {len(answer) - 1} of {count} bytes; ask again")
        return bytes(answer[:count])


def _seven_bits(label: str, address: int) -> int:
    if not 0x03 <= address <= 0x77:
        raise Misconfigured(f"{label}: an I²C address is from 0x03 to 0x77, not 0x{address:02x}")
    return address


def _no_acknowledge(label: str, address: int, detail: str = "no acknowledge") -> InstrumentRefused:
    return InstrumentRefused(
        f"{label}: nothing answers at I²C address 0x{address:02x} ({detail}); check wiring and power"
    )
