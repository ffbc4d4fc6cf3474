"""The one kind of PNG that thermal cameras embed: greyscale, 16 bits a pixel, not interlaced.

PNG specification (ISO/IEC 15948), clauses 5, 9 and 11. An imaging library would do it too, but costs a bench some
10 MB of memory for these few lines (docs/decisions/0015).
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_BYTES_PER_PIXEL = 2


def decode_png16(data: bytes, where: str, *, width: int, height: int) -> npt.NDArray[np.uint16]:
    """Return the pixels, shape (height, width), in the byte order that the PNG specification demands (big-endian).

    ``width`` and ``height`` are what the picture must have: they bound the memory used. ``where`` opens the messages.
    Raises ``CaptureError``.
    """
    header, packed = _chunks(data, where)
    found_width, found_height, depth, colour, compression, filtering, interlace = header
    if (found_width, found_height) != (width, height):
        raise CaptureError(f"{where}: the PNG is {found_width} × {found_height}, its record says {width} × {height}")
    if (depth, colour, compression, filtering, interlace) != (16, 0, 0, 0, 0):
        raise CaptureError(f"{where}: the PNG is not plain 16-bit greyscale (depth {depth}, colour type {colour})")
    stride = 1 + width * _BYTES_PER_PIXEL
    try:
        unpacker = zlib.decompressobj()
        rows = unpacker.decompress(packed, stride * height)
    except zlib.error as error:
        raise CaptureError(
            f"{where}: the PNG does not unpack ({error}); copy the file again from its source"
        ) from error
    if len(rows) != stride * height:
        raise CaptureError(f"{where}: the PNG holds {len(rows)} of {stride * height} bytes; copy the file again")
    lines = np.frombuffer(rows, np.uint8).reshape(height, stride)
    return _unfilter(lines, where).view(">u2").astype(np.uint16)


def _chunks(data: bytes, where: str) -> tuple[tuple[int, ...], bytes]:
    """Return the header's fields and the joined image data."""
    if not data.startswith(SIGNATURE):
        raise CaptureError(f"{where}: is no PNG")
    header: tuple[int, ...] | None = None
    packed: list[bytes] = []
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        body = data[at + 8 : end - 4]
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise CaptureError(f"{where}: PNG chunk {kind!r} has a wrong checksum; copy the file again from its source")
        if kind == b"IHDR" and length == _HEADER.size:
            header = _HEADER.unpack(body)
        elif kind == b"IDAT":
            packed.append(body)
        elif kind == b"IEND":
            break
        at = end
    if header is None or not packed:
        raise CaptureError(f"{where}: the PNG has no header or no pixels; copy the file again from its source")
    return header, b"".join(packed)


def _unfilter(lines: npt.NDArray[np.uint8], where: str) -> npt.NDArray[np.uint8]:
    """Undo the filter of each line (clause 9); the first byte of each line names its filter."""
    height, stride = lines.shape
    plain = np.empty((height, stride - 1), np.uint8)
    above = np.zeros(stride - 1, np.uint8)
    for number, line in enumerate(lines):
        coded, kind = line[1:], int(line[0])
        match kind:
            case 0:
                plain[number] = coded
            case 1:
                steps = coded.reshape(-1, _BYTES_PER_PIXEL)
                plain[number] = np.cumsum(steps, axis=0, dtype=np.uint8).reshape(-1)
            case 2:
                plain[number] = coded + above
            case 3 | 4:
                undo = _undo_average if kind == 3 else _undo_paeth
                plain[number] = np.frombuffer(undo(coded.tobytes(), above.tobytes()), np.uint8)
            case _:
                raise CaptureError(f"{where}: line {number} of the PNG has filter {kind}, which does not exist")
        above = plain[number]
    return plain


def _undo_average(coded: bytes, above: bytes) -> bytearray:
    plain = bytearray(len(coded))
    for at, value in enumerate(coded):
        left = plain[at - _BYTES_PER_PIXEL] if at >= _BYTES_PER_PIXEL else 0
        plain[at] = (value + ((left + above[at]) >> 1)) & 0xFF
    return plain


def _undo_paeth(coded: bytes, above: bytes) -> bytearray:
    plain = bytearray(len(coded))
    for at, value in enumerate(coded):
        up = above[at]
        left = corner = 0
        if at >= _BYTES_PER_PIXEL:
            left, corner = plain[at - _BYTES_PER_PIXEL], above[at - _BYTES_PER_PIXEL]
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        plain[at] = (value + nearest) & 0xFF
    return plain
