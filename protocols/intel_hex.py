"""Intel HEX firmware images (Intel "Hexadecimal Object File Format Specification", revision A, 1988)."""

from collections.abc import Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError

MAX_TEXT_BYTES = 64 << 20
MAX_BINARY_BYTES = 64 << 20

_DATA, _END, _SEGMENT_BASE, _SEGMENT_START, _LINEAR_BASE, _LINEAR_START = range(6)
_LENGTHS = {_END: 0, _SEGMENT_BASE: 2, _SEGMENT_START: 4, _LINEAR_BASE: 2, _LINEAR_START: 4}


class IntelHexError(ProtocolError):
    """A file that is no sound Intel HEX, or an image that cannot be one."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes without a gap, from ``address`` on."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.address + len(self.data)


@dataclass(frozen=True, slots=True)
class Image:
    """The contents of a file: ``segments`` by rising address, no two touching.

    ``start_address`` is where a program begins (record 05: EIP), ``start_segment`` the CS:IP pair of record 03.
    """

    segments: tuple[Segment, ...]
    start_address: int | None = None
    start_segment: tuple[int, int] | None = None

    def to_binary(self, fill: int = 0xFF, *, max_bytes: int = MAX_BINARY_BYTES) -> tuple[int, bytes]:
        """Return the lowest address and the bytes from there on, gaps filled with ``fill``.

        Raise `IntelHexError` for an empty image or one that spans more than ``max_bytes``.
        """
        if not self.segments:
            raise IntelHexError("the image holds no data")
        start, end = self.segments[0].address, self.segments[-1].end
        if end - start > max_bytes:
            raise IntelHexError(
                f"the image spans 0x{start:08x} to 0x{end - 1:08x}, more than {max_bytes} bytes; "
                "write its segments one by one"
            )
        binary = bytearray([fill]) * (end - start)
        for segment in self.segments:
            binary[segment.address - start : segment.end - start] = segment.data
        return start, bytes(binary)


def parse(text: bytes | str) -> Image:
    """Return the image in an Intel HEX file.

    A record that runs over the end of its 64 kB segment (base by record 02, or none) or of the 4 GB (base by record
    04) goes on at its beginning. Bytes given twice must be the same. Raise `IntelHexError` naming the line for
    anything that does not follow the format, and for a file without an end record.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise IntelHexError(f"a file of {len(text)} bytes; at most {MAX_TEXT_BYTES} are accepted")
    try:
        lines = (text if isinstance(text, str) else text.decode("ascii")).splitlines()
    except UnicodeDecodeError as error:
        raise IntelHexError(f"byte 0x{error.object[error.start]:02x} at {error.start} is no Intel HEX text") from None
    runs: list[tuple[int, bytearray]] = []
    base, wrap = 0, 0x1_0000
    start_address: int | None = None
    start_segment: tuple[int, int] | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        offset, kind, data = _record(line.strip(), number)
        value = int.from_bytes(data, "big")
        match kind:
            case 0:
                _append(runs, base, offset, wrap, data)
            case 1:
                rest = next((n for n, left in enumerate(lines[number:], start=number + 1) if left.strip()), None)
                if rest is not None:
                    raise IntelHexError(f"line {rest} follows the end record of line {number}")
                return Image(_merge(runs), start_address, start_segment)
            case 2:
                base, wrap = value << 4, 0x1_0000
            case 3:
                start_segment = (value >> 16, value & 0xFFFF)
            case 4:
                base, wrap = value << 16, 0x1_0000_0000
            case _:
                start_address = value
    raise IntelHexError("the file has no end record (:00000001FF); it is cut short")


def _record(line: str, number: int) -> tuple[int, int, bytes]:
    """Return offset, type and data of one record."""
    if line[0] != ":":
        raise IntelHexError(f"line {number} begins with {line[0]!r}, not with a colon")
    try:
        raw = bytes.fromhex(line[1:])
    except ValueError:
        raise IntelHexError(f"line {number} holds something else than hexadecimal digits: {line[:20]!r}") from None
    if len(raw) < 5 or len(raw) != raw[0] + 5 or len(line) != 2 * len(raw) + 1:
        raise IntelHexError(
            f"line {number} has {len(raw)} bytes where its length byte and frame ask for another number"
        )
    if sum(raw) & 0xFF:
        right = -sum(raw[:-1]) & 0xFF
        raise IntelHexError(f"line {number} has the checksum 0x{raw[-1]:02X}, its bytes give 0x{right:02X}")
    kind, data = raw[3], raw[4:-1]
    if kind > _LINEAR_START:
        raise IntelHexError(f"line {number} has the record type {kind:02X}; known are 00 to 05")
    if kind in _LENGTHS and len(data) != _LENGTHS[kind]:
        raise IntelHexError(f"line {number}: a record of type {kind:02X} holds {_LENGTHS[kind]} bytes, not {len(data)}")
    return int.from_bytes(raw[1:3], "big"), kind, data


def _append(runs: list[tuple[int, bytearray]], base: int, offset: int, wrap: int, data: bytes) -> None:
    """Add a data record, split where its address wraps around."""
    # A linear address wraps as a whole, a segmented one keeps its base.
    start, origin = ((base + offset) % wrap, 0) if wrap > 0x1_0000 else (offset, base)
    room = wrap - start
    for at, part in ((origin + start, data[:room]), (origin, data[room:])):
        if not part:
            continue
        if runs and runs[-1][0] + len(runs[-1][1]) == at:
            runs[-1][1].extend(part)
        else:
            runs.append((at, bytearray(part)))


def _merge(runs: Iterable[tuple[int, bytearray]]) -> tuple[Segment, ...]:
    merged: list[tuple[int, bytearray]] = []
    for address, data in sorted(runs, key=lambda run: run[0]):
        end = merged[-1][0] + len(merged[-1][1]) if merged else -1
        if address > end:
            merged.append((address, data))
            continue
        start, into = merged[-1]
        common = min(end - address, len(data))
        if into[address - start : address - start + common] != data[:common]:
            differing = next(i for i in range(common) if into[address - start + i] != data[i])
            raise IntelHexError(f"address 0x{address + differing:08x} is given twice with different bytes")
        into.extend(data[common:])
    return tuple(Segment(address, bytes(data)) for address, data in merged)


def format_image(image: Image, *, record_bytes: int = 16) -> str:
    """Return ``image`` as Intel HEX text with linear addresses; raise `IntelHexError` beyond 32 bits."""
    if not 1 <= record_bytes <= 255:
        raise IntelHexError(f"a record holds 1 to 255 bytes, not {record_bytes}")
    lines: list[str] = []
    upper = 0
    for segment in image.segments:
        if segment.address < 0 or segment.end > 1 << 32:
            raise IntelHexError(f"0x{segment.address:x} to 0x{segment.end - 1:x} is beyond 32-bit addresses")
        at = 0
        while at < len(segment.data):
            address = segment.address + at
            if address >> 16 != upper:
                upper = address >> 16
                lines.append(_line(0, _LINEAR_BASE, upper.to_bytes(2, "big")))
            count = min(record_bytes, len(segment.data) - at, 0x1_0000 - (address & 0xFFFF))
            lines.append(_line(address & 0xFFFF, _DATA, segment.data[at : at + count]))
            at += count
    if image.start_segment is not None:
        code, pointer = image.start_segment
        lines.append(_line(0, _SEGMENT_START, code.to_bytes(2, "big") + pointer.to_bytes(2, "big")))
    if image.start_address is not None:
        lines.append(_line(0, _LINEAR_START, image.start_address.to_bytes(4, "big")))
    lines.append(_line(0, _END, b""))
    return "\n".join(lines) + "\n"


def _line(offset: int, kind: int, data: bytes) -> str:
    raw = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    return f":{(raw + bytes([-sum(raw) & 0xFF])).hex().upper()}"


def from_binary(data: bytes, address: int = 0) -> Image:
    """Return the image of raw bytes that begin at ``address``."""
    return Image((Segment(address, bytes(data)),) if data else ())
