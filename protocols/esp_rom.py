"""The serial protocol of Espressif's ROM loaders: SLIP packets with commands and answers.

After Espressif, "Serial Protocol" of the esptool documentation. A packet is framed by 0xC0 (RFC 1055); a command is
``00 op size16 checksum32 data``, an answer ``01 op size16 value32 data status``, little-endian.
"""

from dataclasses import dataclass
from enum import IntEnum

from protocols.errors import ProtocolError

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
HEADER_BYTES = 8
MAX_PACKET_BYTES = 65536
CHECKSUM_SEED = 0xEF


class EspRomError(ProtocolError):
    """A packet that does not follow the protocol."""


class Op(IntEnum):
    """Commands of the ESP32's ROM loader."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    READ_FLASH_SLOW = 0x0E
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13


@dataclass(frozen=True, slots=True)
class Command:
    """What the host asks. ``op`` may be one that the ROM does not know."""

    op: int
    data: bytes
    checksum: int


def slip_encode(packet: bytes) -> bytes:
    """Return a packet between its two ends."""
    escaped = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + escaped + b"\xc0"


class SlipReader:
    """Takes packets out of a stream of bytes; what is longer than ``MAX_PACKET_BYTES`` or badly escaped is dropped."""

    def __init__(self) -> None:
        self._packet = bytearray()
        self._inside = False
        self._escaped = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes and return the packets that they complete, oldest first; empty ones are none."""
        packets: list[bytes] = []
        for byte in data:
            if byte == END:
                if self._inside and self._packet and not self._escaped:
                    packets.append(bytes(self._packet))
                self._packet.clear()
                self._inside, self._escaped = True, False
            elif not self._inside:
                self.dropped += 1
            elif self._escaped:
                self._escaped = False
                if byte in (ESCAPED_END, ESCAPED_ESCAPE):
                    self._packet.append(END if byte == ESCAPED_END else ESCAPE)
                else:
                    self._give_up()
            elif byte == ESCAPE:
                self._escaped = True
            else:
                self._packet.append(byte)
            if len(self._packet) > MAX_PACKET_BYTES:
                self._give_up()
        return packets

    def _give_up(self) -> None:
        self.dropped += len(self._packet)
        self._packet.clear()
        self._inside = False


def parse_command(packet: bytes) -> Command:
    """Return the command of a packet; raise `EspRomError` when it is none."""
    if len(packet) < HEADER_BYTES or packet[0] != 0x00:
        raise EspRomError(f"a packet of {len(packet)} bytes is no command of the ROM loader")
    size = int.from_bytes(packet[2:4], "little")
    data = packet[HEADER_BYTES:]
    if len(data) != size:
        raise EspRomError(f"a command says {size} bytes of data and has {len(data)}")
    return Command(packet[1], data, int.from_bytes(packet[4:8], "little"))


def encode_command(op: int, data: bytes = b"", checksum: int = 0) -> bytes:
    """Return the framed packet of a command."""
    header = bytes((0, op)) + len(data).to_bytes(2, "little") + checksum.to_bytes(4, "little")
    return slip_encode(header + data)


def encode_answer(op: int, value: int = 0, data: bytes = b"", *, error: int = 0) -> bytes:
    """Return the framed packet of an answer; ``error`` 0 is success (the ESP32 sends four bytes of status)."""
    body = data + bytes((1 if error else 0, error, 0, 0))
    header = bytes((1, op)) + len(body).to_bytes(2, "little") + value.to_bytes(4, "little")
    return slip_encode(header + body)


def checksum(data: bytes) -> int:
    """Return the exclusive or of the bytes, from 0xEF on."""
    total = CHECKSUM_SEED
    for byte in data:
        total ^= byte
    return total
