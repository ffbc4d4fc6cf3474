"""Modbus RTU frames in a raw byte stream, as a logic capture or a bus monitor sees them (Modbus over serial line
V1.02).

There are no gaps in such a stream to tell frames apart, so a frame is found by its function code, the length that
follows from it, and its CRC. Talking to a device is a library's work; this module only reads along.
"""

import struct
from dataclasses import dataclass
from enum import Enum

from protocols.errors import ProtocolError

MAX_FRAME_BYTES = 256


class ModbusError(ProtocolError):
    """A frame that does not follow Modbus, or a value that does not fit its register."""


class Direction(Enum):
    """Who sends what is read: one side of a full-duplex tap, or both in turn on one pair."""

    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""Exception codes (Modbus application protocol V1.1b3, chapter 7)."""

_READ_BITS, _READ_WORDS, _WRITE_ONE, _WRITE_MANY = (1, 2), (3, 4), (5, 6), (15, 16)
_FUNCTIONS = frozenset((*_READ_BITS, *_READ_WORDS, *_WRITE_ONE, *_WRITE_MANY))
_MAX_COUNT = {1: 2000, 2: 2000, 3: 125, 4: 125, 15: 1968, 16: 123}


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Return the CRC of a frame's bytes (polynomial 0xA001 reflected, start 0xFFFF); it is sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def with_crc(data: bytes) -> bytes:
    """Return ``data`` (unit, function, contents) as a whole frame."""
    return data + crc16(data).to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class RtuFrame:
    """One frame with its meaning.

    ``direction`` is `Direction.REQUEST` or `Direction.RESPONSE`. ``address`` and ``count`` are ``None`` where the
    frame does not carry them. ``values`` are register words (0 … 65535) or bits (0, 1); a response to FC 1 or 2
    carries whole bytes of bits, of which the request's ``count`` are meant. ``exception`` is the code of an
    exception response.
    """

    raw: bytes
    direction: Direction
    unit: int
    function: int
    address: int | None = None
    count: int | None = None
    values: tuple[int, ...] = ()
    exception: int | None = None


def _length(direction: Direction, data: bytes) -> int | None:
    """Return the length of the frame at the start of ``data``: 0 when it cannot be one, ``None`` when unknown yet."""
    if len(data) < 2:
        return None
    function = data[1]
    if direction is Direction.RESPONSE and function & 0x80:
        return 5 if function & 0x7F in _FUNCTIONS else 0
    if function not in _FUNCTIONS:
        return 0
    if direction is Direction.REQUEST:
        if function not in _WRITE_MANY:
            return 8
        return (9 + data[6] if 0 < data[6] <= 246 else 0) if len(data) > 6 else None
    if function in _WRITE_ONE or function in _WRITE_MANY:
        return 8
    return (5 + data[2] if 0 < data[2] <= 250 else 0) if len(data) > 2 else None


def _bits(data: bytes) -> tuple[int, ...]:
    return tuple(byte >> bit & 1 for byte in data for bit in range(8))


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data)


def parse(raw: bytes, direction: Direction) -> RtuFrame:
    """Return the meaning of one whole frame; raise `ModbusError` when it does not follow the protocol.

    ``direction`` must be one of the two: a frame alone does not always tell.
    """
    if direction is Direction.BOTH:
        raise ModbusError("say whether the frame is a request or a response")
    if len(raw) < 4 or _length(direction, raw) != len(raw):
        raise ModbusError(f"{raw[:16].hex(' ')} ({len(raw)} bytes) has not the form of a Modbus RTU {direction.value}")
    if crc16(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
        raise ModbusError(f"the CRC of {raw[:16].hex(' ')} is wrong; check baud rate and parity")
    unit, function = raw[0], raw[1]
    if function & 0x80:
        return RtuFrame(raw, direction, unit, function & 0x7F, exception=raw[2])
    if direction is Direction.REQUEST:
        return _request(raw, unit, function)
    if function in _READ_BITS:
        return RtuFrame(raw, direction, unit, function, values=_bits(raw[3:-2]))
    if function in _READ_WORDS:
        if raw[2] % 2:
            raise ModbusError(f"a response with {raw[2]} bytes of 16-bit registers")
        return RtuFrame(raw, direction, unit, function, values=_words(raw[3:-2]))
    address, value = struct.unpack(">HH", raw[2:6])
    if function in _WRITE_ONE:
        return RtuFrame(raw, direction, unit, function, address, 1, (_single(function, value),))
    return RtuFrame(raw, direction, unit, function, address, value)


def _request(raw: bytes, unit: int, function: int) -> RtuFrame:
    address, second = struct.unpack(">HH", raw[2:6])
    if function in _WRITE_ONE:
        return RtuFrame(raw, Direction.REQUEST, unit, function, address, 1, (_single(function, second),))
    if not 0 < second <= _MAX_COUNT[function]:
        raise ModbusError(f"a request for {second} items; function {function} takes 1 to {_MAX_COUNT[function]}")
    values: tuple[int, ...] = ()
    if function in _WRITE_MANY:
        wanted = (second + 7) // 8 if function == 15 else 2 * second
        if raw[6] != wanted:
            raise ModbusError(f"a request that writes {second} items with {raw[6]} bytes; {wanted} are needed")
        values = _bits(raw[7:-2])[:second] if function == 15 else _words(raw[7:-2])
    return RtuFrame(raw, Direction.REQUEST, unit, function, address, second, values)


def _single(function: int, value: int) -> int:
    if function == 6:
        return value
    if value not in {0x0000, 0xFF00}:
        raise ModbusError(f"a coil is written with 0x0000 or 0xff00, not 0x{value:04x}")
    return value >> 15


class FrameReader:
    """Finds frames in a byte stream. Holds less than two frames; ``dropped`` counts bytes that belong to none.

    With `Direction.BOTH` a frame that could be either is a response when it follows a request to the same unit with
    the same function.
    """

    def __init__(self, direction: Direction) -> None:
        self._direction = direction
        self._held = b""
        self._request: RtuFrame | None = None
        self.dropped = 0

    def feed(self, data: bytes) -> list[RtuFrame]:
        """Take in bytes and return the frames that they complete."""
        return self._take(data, final=False)

    def finish(self) -> list[RtuFrame]:
        """Return the frames left when nothing more will come; bytes of an unfinished frame count as dropped."""
        return self._take(b"", final=True)

    def _take(self, data: bytes, *, final: bool) -> list[RtuFrame]:
        stream = self._held + bytes(data)
        frames: list[RtuFrame] = []
        at = 0
        while at < len(stream):
            frame, undecided = self._at(stream[at : at + MAX_FRAME_BYTES])
            if frame is not None:
                frames.append(frame)
                at += len(frame.raw)
                self._request = frame if frame.direction is Direction.REQUEST else None
            elif undecided and not final:
                break
            else:
                self.dropped += 1
                at += 1
        self._held = stream[at:]
        return frames

    def _directions(self, window: bytes) -> tuple[Direction, ...]:
        if self._direction is not Direction.BOTH:
            return (self._direction,)
        asked = self._request
        answered = (
            asked is not None and len(window) > 1 and (asked.unit, asked.function) == (window[0], window[1] & 0x7F)
        )
        both = (Direction.REQUEST, Direction.RESPONSE)
        return both[::-1] if answered else both

    def _at(self, window: bytes) -> tuple[RtuFrame | None, bool]:
        """Return the frame at the start of ``window``, and whether more bytes could still make one."""
        undecided = False
        for direction in self._directions(window):
            length = _length(direction, window)
            if length is None or length > len(window):
                undecided = True
            elif length:
                try:
                    return parse(window[:length], direction), False
                except ModbusError:
                    continue
        return None, undecided


def split(data: bytes, direction: Direction = Direction.BOTH) -> list[RtuFrame]:
    """Return the frames in a whole stream."""
    reader = FrameReader(direction)
    return [*reader.feed(data), *reader.finish()]


def split_requests(data: bytes) -> list[bytes]:
    """Return the request frames in one side of a full-duplex stream, CRC included."""
    return [frame.raw for frame in split(data, Direction.REQUEST)]


def split_responses(data: bytes) -> list[bytes]:
    """Return the response frames in one side of a full-duplex stream, CRC included."""
    return [frame.raw for frame in split(data, Direction.RESPONSE)]
