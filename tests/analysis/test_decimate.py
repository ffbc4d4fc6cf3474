"""Previews keep every spike and every sample's place."""

import numpy as np
import pytest
from analysis_signals import reason
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis.decimate import curve, minimum_maximum
from protocols.messages.codec import decode, encode
from protocols.messages.records import Curve
from protocols.waveform import Waveform


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5000), st.integers(1, 1000), st.sampled_from([np.uint8, np.int16, np.float32]), st.integers(0, 99)
)
def test_equals_the_plain_loop(n, spans, dtype, seed) -> None:
    codes = np.random.default_rng(seed).integers(0, 255, n).astype(dtype)
    least, greatest, length = minimum_maximum(codes, spans)
    parts = [codes[k : k + length] for k in range(0, n, length)]
    assert least.tolist() == [part.min() for part in parts]
    assert greatest.tolist() == [part.max() for part in parts]
    assert len(parts) <= spans
    assert least.dtype == dtype


def test_a_single_spike_in_ten_million_samples_is_on_the_curve() -> None:
    codes = np.full(10_000_000, 100, np.uint8)
    codes[7_654_321] = 240
    found = curve(Waveform("CH1", codes, 1e-9, scale=0.01, offset=-1.0, start_s=-5e-3))
    assert len(found.minimum) == len(found.maximum) == 1000
    place = int(np.argmax(found.maximum))
    assert found.maximum[place] == pytest.approx(1.4)
    begin = found.start_s + place * found.span_s
    assert begin <= -5e-3 + 7_654_321e-9 < begin + found.span_s
    assert decode(encode(found), Curve) == found


def test_an_inverted_scale_keeps_minimum_below_maximum() -> None:
    found = curve(Waveform("x", np.arange(100, dtype=np.int16), 1.0, scale=-2.0), spans=10)
    assert found.minimum[0] == -18.0
    assert found.maximum[0] == 0.0


def test_what_has_no_curve() -> None:
    assert "samples" in reason(curve(Waveform("x", np.zeros(0, np.uint8), 1.0)))
    assert "without a value" in reason(curve(Waveform("x", np.array([1.0, np.nan]), 1.0)))
    assert "1 to 1000 spans" in reason(curve(Waveform("x", np.zeros(5, np.uint8), 1.0), spans=2000))
