"""A Modbus server over RTU and TCP for a simulated instrument (Modbus application protocol V1.1b3)."""

import struct
from collections.abc import Sequence

from drivers.simulated.endpoints import Session
from protocols.modbus_rtu import Direction, FrameReader, ModbusError, RtuFrame, crc16, parse, with_crc

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
_MBAP = struct.Struct(">HHH")
_LONGEST_TCP_BODY = 254


class Refused(Exception):
    """The device answers with a Modbus exception; ``code`` says which."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class Registers:
    """What a device has of Modbus' tables; it overrides what it has, and the rest is an illegal function."""

    def read(self, address: int, count: int) -> Sequence[int]:  # noqa: ARG002
        """Return ``count`` holding registers from ``address``; raise ``Refused``."""
        raise Refused(ILLEGAL_FUNCTION)

    def write(self, address: int, words: Sequence[int]) -> None:  # noqa: ARG002
        """Write holding registers from ``address`` on; raise ``Refused``."""
        raise Refused(ILLEGAL_FUNCTION)

    def read_coils(self, address: int, count: int) -> Sequence[bool]:  # noqa: ARG002
        """Return ``count`` coils from ``address``; raise ``Refused``."""
        raise Refused(ILLEGAL_FUNCTION)

    def write_coils(self, address: int, bits: Sequence[bool]) -> None:  # noqa: ARG002
        """Write coils from ``address`` on; raise ``Refused``."""
        raise Refused(ILLEGAL_FUNCTION)


def answer(request: RtuFrame, registers: Registers) -> bytes:
    """Return unit, function and contents of the response to a request (no CRC)."""
    head = bytes([request.unit, request.function])
    address, count = request.address or 0, request.count or 0
    try:
        match request.function:
            case 3:  # read holding registers
                words = registers.read(address, count)
                return head + bytes([2 * count]) + struct.pack(f">{count}H", *words)
            case 1:  # read coils
                bits = registers.read_coils(address, count)
                packed = sum(bit << place for place, bit in enumerate(bits)).to_bytes((count + 7) // 8, "little")
                return head + bytes([len(packed)]) + packed
            case 6 | 16:
                registers.write(address, request.values)
                return request.raw[:6]
            case 5 | 15:
                registers.write_coils(address, [bool(value) for value in request.values])
                return request.raw[:6]
    except Refused as refusal:
        return _exception(request, refusal.code)
    return _exception(request, ILLEGAL_FUNCTION)


def _exception(request: RtuFrame, code: int) -> bytes:
    return bytes([request.unit, request.function | 0x80, code])


class RtuSession(Session):
    """Modbus RTU on a serial line; frames for other units are passed over in silence."""

    cut_above = 8

    def __init__(self, registers: Registers, *, unit: int, baud: int) -> None:
        self._registers = registers
        self._unit = unit
        self.baud = baud
        self._reader = FrameReader(Direction.REQUEST)

    def opened(self) -> None:
        """Forget what an earlier client left unfinished."""
        self._reader = FrameReader(Direction.REQUEST)

    def receive(self, data: bytes) -> bytes:
        """Answer every whole request in ``data``."""
        requests = [frame for frame in self._reader.feed(data) if frame.unit in {0, self._unit}]
        replies = [(frame, with_crc(answer(frame, self._registers))) for frame in requests]
        return b"".join(reply for frame, reply in replies if frame.unit)  # a broadcast has no answer


class TcpSession(Session):
    """Modbus TCP: each request behind its MBAP header."""

    cut_above = 9

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._held = b""

    def receive(self, data: bytes) -> bytes:
        """Answer every whole request in ``data``; what is no Modbus TCP is thrown away."""
        self._held += data
        replies = bytearray()
        while len(self._held) >= _MBAP.size:
            transaction, protocol, length = _MBAP.unpack_from(self._held)
            if protocol != 0 or not 2 <= length <= _LONGEST_TCP_BODY:
                self._held = b""
                break
            if len(self._held) < _MBAP.size + length:
                break
            body = self._held[_MBAP.size : _MBAP.size + length]
            self._held = self._held[_MBAP.size + length :]
            reply = self._reply(body)
            replies += _MBAP.pack(transaction, 0, len(reply)) + reply
        return bytes(replies)

    def _reply(self, body: bytes) -> bytes:
        try:
            request = parse(body + crc16(body).to_bytes(2, "little"), Direction.REQUEST)
        except ModbusError:
            known = body[1] in {1, 2, 3, 4, 5, 6, 15, 16}
            return bytes([body[0], body[1] | 0x80, ILLEGAL_VALUE if known else ILLEGAL_FUNCTION])
        return answer(request, self._registers)
