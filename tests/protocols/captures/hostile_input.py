"""What damaged and hostile files look like, for every file parser's tests."""

import struct
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

EXTREME_FIELDS = [struct.pack("<I", v) for v in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)] + [
    struct.pack("<d", v) for v in (0.0, -1.0, 1e308, float("nan"), float("inf"))
]


@st.composite
def damaged(draw: st.DrawFn, original: bytes) -> bytes:
    """Return ``original`` cut, with bytes changed, with fields set to extreme values, or with a piece moved."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        place = st.integers(0, max(0, len(data) - 1))
        # Headers matter most, so half of the changes go there.
        at = draw(st.one_of(place, st.integers(0, max(0, min(len(data) - 1, 300)))))
        match draw(st.sampled_from(["byte", "field", "cut", "drop", "insert"])):
            case "byte":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "field":
                field = draw(st.sampled_from(EXTREME_FIELDS))
                data[at : at + len(field)] = field
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 16))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=16))
    return bytes(data)


def survives(parse: Callable[[bytes], object], data: bytes, own_error: type[Exception]) -> None:
    """Assert that ``parse`` either returns or raises its own error with one clear sentence."""
    try:
        parse(data)
    except own_error as error:
        text = str(error)
        assert 10 < len(text) < 500 and "\n" not in text, f"not one readable sentence: {text!r}"


def assert_frugal(parse: Callable[[bytes], object], data: bytes, own_error: type[Exception], limit_bytes: int) -> str:
    """Assert that ``parse`` refuses hostile ``data`` with little memory; return what it said."""
    tracemalloc.start()
    try:
        with pytest.raises(own_error) as caught:
            parse(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit_bytes, f"took {peak} bytes to refuse {len(data)} bytes"
    return str(caught.value)
