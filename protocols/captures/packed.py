"""Packed captures (``.bwc``): long records at the speed of the disk, in a third of their size.

Samples of one array, in blocks of 131,072: differences (modulo the word), zigzag (small differences of either sign
become small numbers), the bytes of the words in planes (all low bytes, then all high ones), Zstandard level 1 with a
checksum. Floating-point samples are only split into planes. Everything is little-endian::

    "BWC1", u32 length of the description, the description (JSON, UTF-8),
    then for each array and block: u32 length, one Zstandard frame

The description is that of ``npz`` files, and names each array with its type and shape. Any block can be unpacked alone.
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from protocols.captures.binary import BinaryReader
from protocols.captures.errors import CaptureError, quoted
from protocols.captures.limits import LIMIT_BYTES
from protocols.waveform import Capture, LogicCapture, ThermalImage, Waveform

MAGIC = b"BWC1"
BLOCK_SAMPLES = 131_072
LEVEL = 1
MAX_DESCRIPTION_BYTES = 4 << 20
MAX_ARRAYS = 4096
_TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")


def pack(samples: npt.NDArray[Any]) -> Iterator[bytes]:
    """Yield the packed blocks of an array of whole or floating-point numbers, shape (n,)."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    for at in range(0, samples.size, BLOCK_SAMPLES):
        yield compressor.compress(_planes(samples[at : at + BLOCK_SAMPLES]).data)


def unpack_block(block: bytes, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    """Return the ``count`` samples of one block; raise ``ValueError`` when it is damaged or holds another number."""
    import zstandard

    size = count * dtype.itemsize
    try:
        if zstandard.frame_content_size(block) != size:
            raise ValueError(f"the block does not hold {count} samples")
        planes = zstandard.ZstdDecompressor().decompress(block, max_output_size=size)
    except zstandard.ZstdError as error:
        raise ValueError(f"the block is damaged ({error})") from error
    if len(planes) != size:
        raise ValueError(f"the block does not hold {count} samples")
    return _samples(planes, dtype, count)


def _planes(samples: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    words = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    width = words.dtype.itemsize
    unsigned, signed = np.dtype(f"<u{width}"), np.dtype(f"<i{width}")
    view = np.ascontiguousarray(words).view(unsigned)
    if words.dtype.kind in "iu":
        steps = np.empty(words.size, unsigned)
        steps[0] = view[0]
        np.subtract(view[1:], view[:-1], out=steps[1:])
        # Zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …
        sign = np.right_shift(steps.view(signed), 8 * width - 1).view(unsigned)
        np.left_shift(steps, 1, out=steps)
        np.bitwise_xor(steps, sign, out=steps)
        view = steps
    planes = np.empty(width * view.size, np.uint8)
    for byte in range(width):
        np.right_shift(view, 8 * byte, out=planes[byte * view.size : (byte + 1) * view.size], casting="unsafe")
    return planes


def _samples(planes: bytes, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    width = dtype.itemsize
    data = np.frombuffer(planes, np.uint8)
    if width > 1:
        data = np.ascontiguousarray(data.reshape(width, count).T).ravel()
    if dtype.kind not in "iu":
        return data.view(dtype).copy()
    unsigned = np.dtype(f"<u{width}")
    folded = data.view(unsigned)
    one = unsigned.type(1)
    steps = (folded >> one) ^ (unsigned.type(0) - (folded & one))
    return np.cumsum(steps, dtype=unsigned).view(dtype)


def write_packed(capture: Capture) -> bytes:
    """Return ``capture`` as a packed file; the same capture always gives the same bytes.

    Raises ``CaptureError`` for samples of a type that is none of the format's.
    """
    arrays: list[npt.NDArray[Any]] = [wave.codes for wave in capture.analog]
    description: dict[str, Any] = {
        "analog": [
            {
                "name": wave.name, "unit": wave.unit, "scale": wave.scale, "offset": wave.offset,
                "sample_interval_s": wave.sample_interval_s, "start_s": wave.start_s, "resolution": wave.resolution,
            }
            for wave in capture.analog
        ],
        "metadata": dict(capture.metadata),
    }  # fmt: skip
    if capture.logic is not None:
        logic = capture.logic
        description["logic"] = {"sample_rate_hz": logic.sample_rate_hz, "channels": list(logic.channels)}
        arrays.append(logic.words)
    if capture.thermal is not None:
        image = capture.thermal
        description["thermal"] = {"emissivity": image.emissivity, "reflected_c": image.reflected_c}
        arrays.append(image.temperatures_c)
    description["arrays"] = [{"type": _type_of(one), "shape": list(one.shape)} for one in arrays]
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > MAX_DESCRIPTION_BYTES or len(arrays) > MAX_ARRAYS:
        raise CaptureError("the capture has more channels or metadata than a packed file holds; save it in parts")
    parts = [MAGIC, struct.pack("<I", len(text)), text]
    for one in arrays:
        for block in pack(np.ascontiguousarray(one).reshape(-1)):
            parts += [struct.pack("<I", len(block)), block]
    return b"".join(parts)


def read_packed(data: bytes, name: str = "capture.bwc", *, limit_bytes: int = LIMIT_BYTES) -> Capture:
    """Read a packed file; what it unpacks to may be ``limit_bytes`` at most. Raises ``CaptureError``."""
    reader = BinaryReader(data, name)
    if not data.startswith(MAGIC):
        raise reader.fail(0, "not a packed capture; choose a .bwc file")
    length = reader.u32(4, "the length of the description")
    if length > MAX_DESCRIPTION_BYTES:
        raise reader.fail(4, f"a description of {length} bytes; the file is damaged")
    reader.check(8, length, "the description")
    try:
        description = json.loads(data[8 : 8 + length])
        shapes = [(_dtype(one["type"]), _shape(one["shape"])) for one in description["arrays"]]
        total = sum(dtype.itemsize * math.prod(shape) for dtype, shape in shapes)
        if len(shapes) > MAX_ARRAYS or total > limit_bytes:
            raise CaptureError(
                f"{name}: unpacks to {total} bytes, more than the limit of {limit_bytes}; raise limit_bytes if you "
                f"trust this file"
            )
        arrays = _read_arrays(reader, data, 8 + length, shapes)
        return _capture(description, arrays)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        if isinstance(error, CaptureError):
            raise
        raise reader.fail(8, f"the description is damaged ({quoted(str(error))}); copy the file again") from error


def _read_arrays(
    reader: BinaryReader, data: bytes, at: int, shapes: list[tuple[np.dtype[Any], tuple[int, ...]]]
) -> list[npt.NDArray[Any]]:
    arrays = []
    for dtype, shape in shapes:
        size = math.prod(shape)
        # A block of n samples takes some bytes at least: what the rest of the file cannot hold is no claim to believe.
        if -(-size // BLOCK_SAMPLES) * 8 > len(data) - at:
            raise reader.fail(at, f"the file is too short for an array of {size} samples; it was cut")
        samples = np.empty(size, dtype)
        for first in range(0, size, BLOCK_SAMPLES):
            length = reader.u32(at, "the length of a block")
            reader.check(at + 4, length, "a block of samples")
            count = min(BLOCK_SAMPLES, size - first)
            try:
                samples[first : first + count] = unpack_block(data[at + 4 : at + 4 + length], dtype, count)
            except ValueError as error:
                raise reader.fail(at, f"{error}; copy the file again") from error
            at += 4 + length
        arrays.append(samples.reshape(shape))
    if at != len(data):
        raise reader.fail(at, f"{len(data) - at} bytes follow the last block; the file is damaged")
    return arrays


def _capture(description: Mapping[str, Any], arrays: list[npt.NDArray[Any]]) -> Capture:
    rest = iter(arrays)
    analog = tuple(
        Waveform(
            name=str(one["name"]),
            codes=_line(next(rest)),
            sample_interval_s=_positive(one["sample_interval_s"]),
            unit=str(one["unit"]),
            scale=_finite(one["scale"]),
            offset=_finite(one["offset"]),
            start_s=_finite(one["start_s"]),
            resolution=None if one["resolution"] is None else _finite(one["resolution"]),
        )
        for one in description["analog"]
    )
    logic = thermal = None
    if "logic" in description:
        told = description["logic"]
        channels = tuple(None if channel is None else str(channel) for channel in told["channels"])
        words = _line(next(rest))
        if words.dtype.kind != "u" or len(channels) > 8 * words.dtype.itemsize:
            raise ValueError("the words of the logic channels are too narrow")
        logic = LogicCapture(words, _positive(told["sample_rate_hz"]), channels)
    if "thermal" in description:
        told = description["thermal"]
        picture = next(rest)
        if picture.ndim != 2 or picture.dtype != np.float32:
            raise ValueError("the thermal image has no rows and columns of float32")
        reflected = None if told["reflected_c"] is None else _finite(told["reflected_c"])
        thermal = ThermalImage(picture, _finite(told["emissivity"]), reflected)
    if next(rest, None) is not None:
        raise ValueError("there are more arrays than channels")
    metadata = {str(key): str(value) for key, value in description["metadata"].items()}
    return Capture(analog, logic, thermal, metadata)


def _type_of(array: npt.NDArray[Any]) -> str:
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in _TYPES:
        raise CaptureError(f"samples of type {array.dtype} cannot be packed; convert them to a number of 1 to 8 bytes")
    return kind


def _dtype(text: Any) -> np.dtype[Any]:
    if text not in _TYPES:
        raise ValueError(f"no type of samples {text!r}")
    return np.dtype(f"<{text}")


def _shape(given: Any) -> tuple[int, ...]:
    shape = tuple(given)
    if not 1 <= len(shape) <= 2 or any(type(one) is not int or not 0 <= one <= 1 << 40 for one in shape):
        raise ValueError(f"no shape {given!r}")
    return shape


def _line(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.ndim != 1:
        raise ValueError("a channel has one dimension")
    return array


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no finite number")
    return number


def _positive(value: Any) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError(f"{value!r} is not above 0")
    return number
