"""Packed captures: nothing is lost, what is damaged is refused in words, and few bytes beyond the entropy are used."""

import json
import struct

import numpy as np
import pytest
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from protocols.captures import read_capture
from protocols.captures.errors import CaptureError
from protocols.captures.packed import BLOCK_SAMPLES, MAGIC, pack, read_packed, unpack_block, write_packed
from protocols.waveform import Capture, LogicCapture, ThermalImage, Waveform

TYPES = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64, np.float32, np.float64]


def sample() -> Capture:
    rng = np.random.default_rng(3)
    return Capture(
        analog=(
            Waveform("CH1", rng.integers(-300, 300, 500).astype(np.int16), 1e-6, "V", 1e-3, 0.5, -2e-4, 1e-3),
            Waveform("CH2 ä", rng.normal(size=500).astype(np.float32), 1e-6, "A"),
        ),
        logic=LogicCapture(rng.integers(0, 256, 700).astype(np.uint8), 1e6, ("SCL", None, "SDA")),
        thermal=ThermalImage(np.linspace(20, 90, 32, dtype=np.float32).reshape(4, 8), 0.95, 23.0),
        metadata={"format": "made", "ort": "工位"},
    )


PACKED = write_packed(sample())


def same(one: Capture, other: Capture) -> bool:
    if one.logic is None or other.logic is None or one.thermal is None or other.thermal is None:
        return False
    pairs = [(a.codes, b.codes) for a, b in zip(one.analog, other.analog, strict=True)]
    pairs += [(one.logic.words, other.logic.words), (one.thermal.temperatures_c, other.thermal.temperatures_c)]
    told = [[(w.name, w.sample_interval_s, w.unit, w.scale, w.offset, w.start_s, w.resolution) for w in c.analog] +
            [c.logic.sample_rate_hz, c.logic.channels, c.thermal.emissivity, c.thermal.reflected_c, c.metadata]
            for c in (one, other) if c.logic and c.thermal]  # fmt: skip
    return told[0] == told[1] and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def test_a_capture_comes_back_whole_and_by_its_content() -> None:
    assert same(read_packed(PACKED), sample())
    assert same(read_capture(PACKED, "whatever.txt"), sample())
    assert write_packed(sample()) == PACKED


@pytest.mark.parametrize("dtype", TYPES)
def test_extremes_of_every_type_survive(dtype: type) -> None:
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        values = np.array([limits.min, limits.max, limits.min, 0, limits.max, limits.max, 1], dtype)
    else:
        values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e30], dtype)
    (block,) = pack(values)
    back = unpack_block(block, np.dtype(dtype), values.size)
    assert back.tobytes() == values.tobytes()


@given(arrays_of.arrays(st.sampled_from([np.int16, np.uint8, np.int32, np.float32]), st.integers(1, 300)))
def test_any_array_comes_back_bit_for_bit(values: np.ndarray) -> None:
    (block,) = pack(values)
    assert unpack_block(block, values.dtype, values.size).tobytes() == values.tobytes()


def test_long_records_are_in_blocks_near_their_entropy() -> None:
    rng = np.random.default_rng(1)
    times = np.arange(3 * BLOCK_SAMPLES + 17)
    codes = (2000 * np.sin(times / 800) + rng.normal(0, 3, times.size)).astype(np.int16)
    blocks = list(pack(codes))
    assert len(blocks) == 4
    _, counts = np.unique(np.diff(codes.astype(np.int32)), return_counts=True)
    share = counts / counts.sum()
    entropy_bytes = float(-(share * np.log2(share)).sum()) * codes.size / 8
    assert entropy_bytes / sum(map(len, blocks)) >= 0.95
    capture = Capture(analog=(Waveform("CH1", codes, 1e-9),))
    assert np.array_equal(read_packed(write_packed(capture)).analog[0].codes, codes)


def test_empty_arrays_and_byte_orders() -> None:
    capture = Capture(
        analog=(Waveform("CH1", np.zeros(0, np.int16), 1.0), Waveform("B", np.arange(5, dtype=">i4"), 1.0))
    )
    back = read_packed(write_packed(capture))
    assert back.analog[0].codes.size == 0
    assert back.analog[1].codes.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(CaptureError, match="cannot be packed"):
        write_packed(Capture(analog=(Waveform("C", np.zeros(3, np.complex64), 1.0),)))


def rewritten(**changes: object) -> bytes:
    length = struct.unpack_from("<I", PACKED, 4)[0]
    description = json.loads(PACKED[8 : 8 + length]) | changes
    text = json.dumps(description).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + PACKED[8 + length :]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"BWC1", "length of the description"),
        (b"nope", "not a packed capture"),
        (PACKED[:-3], "block"),
        (PACKED + b"x", "follow the last block"),
        (MAGIC + b"\xff\xff\xff\xff", "4294967295 bytes"),
        (rewritten(arrays=[{"type": "i2", "shape": [10**12]}]), "more than the limit"),
        (rewritten(arrays=[{"type": "i2", "shape": [10**8]}]), "too short"),
        (rewritten(arrays=[{"type": "O8", "shape": [1]}]), "no type of samples"),
        (rewritten(analog=[]), "damaged|more arrays|dimension|narrow"),
    ],
)
def test_what_is_refused_and_why(data: bytes, match: str) -> None:
    said = assert_frugal(read_packed, data, CaptureError, 4 << 20)
    import re

    assert re.search(match, said), said


@settings(max_examples=150)
@given(damaged(PACKED))
def test_damage_is_an_error_or_another_capture(data: bytes) -> None:
    survives(lambda d: read_packed(d, limit_bytes=1 << 24), data, CaptureError)
