from array import array
from datetime import UTC, datetime

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.messages.codec import MessageError
from protocols.messages.control import LiveFrame
from protocols.messages.live import MAX_FRAME_BYTES, decode_frame, encode_frame

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def frame(**data):
    return LiveFrame(bench="bench-01", stream="scope", at=AT, data=data)


@given(
    st.lists(st.floats(width=32, allow_nan=False)),
    st.lists(st.floats(allow_nan=False)),
    st.dictionaries(
        st.text(max_size=8), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
    ),
)
def test_a_frame_comes_back_as_it_went(singles, doubles, other):
    sent = frame(minimum=array("f", singles), maximum=array("d", doubles), other=other)
    assert decode_frame(encode_frame(sent)) == sent


def test_arrays_travel_as_rfc_8746_typed_arrays():
    document = cbor2.loads(encode_frame(frame(y=array("f", [1.0, -2.0]))))
    assert document["data"]["y"] == cbor2.CBORTag(85, b"\0\0\x80\x3f\0\0\0\xc0")


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(MessageError, match="decimate it"):
        encode_frame(frame(y=array("f", [0.0]) * 20_000))
    with pytest.raises(MessageError, match="use 'f' or 'd'"):
        encode_frame(frame(y=array("h", [1])))
    with pytest.raises(MessageError, match="at most"):
        decode_frame(b"\0" * (MAX_FRAME_BYTES + 1))


@given(st.binary(max_size=60), st.integers(0, 100), st.booleans())
def test_hostile_bytes_raise_nothing_else(noise, cut, inside):
    payload = encode_frame(frame(value=3.3, y=array("f", [1.0, 2.0])))
    hostile = payload[:cut] + noise + (payload[cut:] if inside else b"")
    try:
        decode_frame(hostile)
    except MessageError as error:
        assert str(error).startswith("not a valid LiveFrame: ")
