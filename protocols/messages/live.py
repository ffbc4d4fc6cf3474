"""Live frames as CBOR (RFC 8949); number arrays travel as typed arrays (RFC 8746), little-endian."""

import sys
from array import array
from typing import Any

import msgspec

from protocols.messages.codec import MessageError
from protocols.messages.control import LiveFrame

MAX_FRAME_BYTES = 64_000
_TAG_FLOAT32_LE = 85
_TAG_FLOAT64_LE = 86
_TAG_OF = {"f": _TAG_FLOAT32_LE, "d": _TAG_FLOAT64_LE}
_TYPECODE_OF = {tag: code for code, tag in _TAG_OF.items()}


def encode_frame(frame: LiveFrame) -> bytes:
    """Encode a frame; ``array.array`` of ``f`` or ``d`` in its data becomes a typed array.

    Raises ``MessageError`` when the frame is longer than ``MAX_FRAME_BYTES`` or holds what CBOR cannot carry.
    """
    import cbor2

    try:
        document = {
            "bench": frame.bench,
            "stream": frame.stream,
            "at": frame.at.isoformat(),
            "data": _tagged(frame.data),
        }
        payload = cbor2.dumps(document)
    except (cbor2.CBOREncodeError, TypeError, ValueError) as error:
        raise MessageError(f"live frame of stream {frame.stream!r} cannot be encoded: {error}") from error
    if len(payload) > MAX_FRAME_BYTES:
        raise MessageError(
            f"live frame of stream {frame.stream!r} has {len(payload)} bytes, at most {MAX_FRAME_BYTES} go: decimate it"
        )
    return payload


def decode_frame(payload: bytes) -> LiveFrame:
    """Decode a frame strictly, typed arrays to ``array.array``; raise ``MessageError``."""
    import cbor2

    if len(payload) > MAX_FRAME_BYTES:
        raise MessageError(f"not a valid LiveFrame: {len(payload)} bytes, at most {MAX_FRAME_BYTES} are taken")
    try:
        document = _untagged(cbor2.loads(payload))
        return msgspec.convert(document, LiveFrame)
    except (cbor2.CBORError, msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise MessageError(f"not a valid LiveFrame: {error}") from error


def _tagged(value: Any) -> Any:
    """Put arrays into their tags; left to itself, cbor2 would write them as lists."""
    import cbor2

    if isinstance(value, dict):
        return {key: _tagged(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tagged(item) for item in value]
    if isinstance(value, array):
        if value.typecode not in _TAG_OF:
            raise TypeError(f"an array of {value.typecode!r} has no typed array here; use 'f' or 'd'")
        return cbor2.CBORTag(_TAG_OF[value.typecode], _little_endian(value).tobytes())
    return value


def _untagged(value: Any) -> Any:
    """Undo ``_tagged``; any other tag that is left is not of the contract."""
    import cbor2

    if isinstance(value, dict):
        return {key: _untagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if isinstance(value, cbor2.CBORTag):
        code = _TYPECODE_OF.get(value.tag)
        if code is None or not isinstance(value.value, bytes):
            raise ValueError(f"CBOR tag {value.tag} is no typed array of 32- or 64-bit floats, little-endian")
        numbers: array[float] = array(code)
        numbers.frombytes(value.value)
        return _little_endian(numbers)
    return value


def _little_endian(numbers: "array[float]") -> "array[float]":
    if sys.byteorder == "little":
        return numbers
    swapped = array(numbers.typecode, numbers)
    swapped.byteswap()
    return swapped
