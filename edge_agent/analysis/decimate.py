"""Minimum and maximum of equal spans: what a long record looks like on a screen, with no spike lost."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.samples import problem
from protocols.messages.records import Curve
from protocols.waveform import Waveform

MOST_SPANS = 1000
"""What a ``Curve`` message holds."""
_BLOCK_BYTES = 1 << 19
"""Both extremes are taken of a block while it is in the cache, so the record is read from memory once."""


def minimum_maximum(codes: npt.NDArray[Any], spans: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    """Return minimum and maximum of each of at most ``spans`` equal spans, and the samples in a span.

    ``codes`` has shape (n,), n ≥ 1; both results have shape (k,), k ≤ ``spans``, and its type. Every sample is in a
    span; the last one may be shorter.
    """
    length = math.ceil(codes.size / spans)
    full = codes.size // length
    number = math.ceil(codes.size / length)
    least, greatest = np.empty(number, codes.dtype), np.empty(number, codes.dtype)
    table = codes[: full * length].reshape(full, length)
    rows = max(1, _BLOCK_BYTES // (length * codes.itemsize))
    for start in range(0, full, rows):
        block = table[start : start + rows]
        stop = start + len(block)
        np.minimum.reduce(block, axis=1, out=least[start:stop])
        np.maximum.reduce(block, axis=1, out=greatest[start:stop])
    if number > full:
        least[full], greatest[full] = codes[full * length :].min(), codes[full * length :].max()
    return least, greatest, length


def curve(waveform: Waveform, *, spans: int = MOST_SPANS) -> Curve | NoAnswer:
    """Return the preview of ``waveform`` in at most ``spans`` (1 … 1,000) spans, for a ``CaptureTaken`` record."""
    refusal = problem(waveform, 1)
    if refusal:
        return refusal
    if not 1 <= spans <= MOST_SPANS:
        return NoAnswer(f"a curve has 1 to {MOST_SPANS} spans, not {spans}")
    ends = minimum_maximum(waveform.codes, spans)
    low, high = (codes.astype(np.float64) * waveform.scale + waveform.offset for codes in ends[:2])
    if waveform.scale < 0:
        low, high = high, low
    return Curve(
        name=waveform.name[:64],
        unit=waveform.unit,
        start_s=waveform.start_s,
        span_s=ends[2] * waveform.sample_interval_s,
        minimum=tuple(low.tolist()),
        maximum=tuple(high.tolist()),
    )
