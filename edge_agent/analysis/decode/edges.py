"""A digital line as its edges: all that a bus decoder needs, and small however long the record is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.samples import places
from protocols.waveform import LogicCapture, Waveform

_CHUNK = 1 << 18
"""Samples compared at a time: the work array stays in cache and extra memory does not grow with the record."""

_MIN_SWING_STEPS = 4
"""A line that moves by fewer quantisation steps than this is idle, whatever its noise looks like."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """A line that starts at ``first`` (0 or 1) and changes at each of ``positions``.

    ``positions`` has shape (m,), int64, ascending: the index of the first sample with the new level. ``length`` is the
    number of samples of the record.
    """

    first: int
    positions: npt.NDArray[np.int64]
    length: int
    sample_rate_hz: float

    def inverted(self) -> "Edges":
        """Return the same line seen through an inverter (RS-232 levels of a UART)."""
        return Edges(1 - self.first, self.positions, self.length, self.sample_rate_hz)

    def falling(self) -> npt.NDArray[np.int64]:
        """Return the positions of the falling edges, shape (k,)."""
        return self.positions[1 - self.first :: 2]

    def rising(self) -> npt.NDArray[np.int64]:
        """Return the positions of the rising edges, shape (k,)."""
        return self.positions[self.first :: 2]

    def level_at(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the level (0 or 1) at each sample index; same shape as ``samples``."""
        changes = np.searchsorted(self.positions, samples, side="right")
        return ((changes + self.first) & 1).astype(np.uint8)


def channel_bit(capture: LogicCapture, channel: str) -> int:
    """Return the bit of a channel in the capture's words; raise ``KeyError`` naming the channels there are."""
    if channel not in capture.channels:
        known = ", ".join(name for name in capture.channels if name)
        raise KeyError(f"no logic channel {channel!r}; this capture has {known}")
    return capture.channels.index(channel)


def from_logic(capture: LogicCapture, channel: str) -> Edges:
    """Return the edges of one channel of a logic capture; raise ``KeyError`` naming the channels there are."""
    words = capture.words
    mask = words.dtype.type(1 << channel_bit(capture, channel))
    first = int(bool(words[0] & mask)) if words.size else 1
    found: list[npt.NDArray[np.int64]] = []
    for at in range(0, max(words.size - 1, 0), _CHUNK):
        after = words[at + 1 : at + 1 + _CHUNK]
        changed = words[at : at + after.size] ^ after
        changed &= mask
        found.append(places(changed if changed.itemsize == 1 else changed != 0) + (at + 1))
    return Edges(first, joined(found, np.int64), int(words.size), capture.sample_rate_hz)


def from_waveform(waveform: Waveform, threshold: float, hysteresis: float) -> Edges:
    """Return the edges of an analogue waveform that crosses ``threshold`` by half of ``hysteresis`` (both in its unit).

    Samples within the hysteresis band keep the level before them, so noise on a slow edge makes one edge, not many.
    A record that begins in the band begins with the level that it leaves first.
    """
    codes = waveform.codes
    gain = waveform.scale or 1.0
    upper = (threshold + hysteresis / 2 - waveform.offset) / gain
    lower = (threshold - hysteresis / 2 - waveform.offset) / gain
    if gain < 0:
        upper, lower = lower, upper
    state = -1
    first = 1
    found: list[npt.NDArray[np.int64]] = []
    for at in range(0, codes.size, _CHUNK):
        chunk = codes[at : at + _CHUNK]
        decided = np.flatnonzero((chunk >= upper) | (chunk <= lower))
        if decided.size == 0:
            continue
        levels = (chunk[decided] >= upper).astype(np.int8)
        if gain < 0:
            levels = 1 - levels
        if state < 0:
            state = first = int(levels[0])
        changes = np.flatnonzero(np.diff(levels, prepend=np.int8(state)))
        found.append(decided[changes].astype(np.int64) + at)
        state = int(levels[-1])
    return Edges(first, joined(found, np.int64), int(codes.size), waveform.sample_rate_hz)


def digitised(waveform: Waveform) -> Edges | NoAnswer:
    """Return the edges of a line about the middle between its extremes, with a quarter of the swing as hysteresis."""
    if waveform.codes.size == 0:
        return NoAnswer("the record is empty")
    low, high = sorted(
        float(code) * waveform.scale + waveform.offset for code in (waveform.codes.min(), waveform.codes.max())
    )
    swing = high - low
    if swing <= _MIN_SWING_STEPS * abs(waveform.scale):
        return NoAnswer("the line does not move: nothing was sent, or the probe is not on it")
    return from_waveform(waveform, (low + high) / 2, swing / 4)


def joined(parts: Sequence[npt.NDArray[Any]], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return ``parts`` as one array of type ``kind``, empty when there are none."""
    return np.concatenate(parts, dtype=kind, casting="unsafe") if parts else np.empty(0, kind)
