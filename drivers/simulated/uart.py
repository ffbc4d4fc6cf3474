"""The device's serial output: levels on the wire, and what a receiver at another rate hears. 8 data bits, no parity."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.simulated.noise import Floats

BITS_PER_FRAME = 10


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Characters on a line: ``start_s`` (sorted, shape (n,)) is the falling edge of each start bit."""

    start_s: Floats
    values: npt.NDArray[np.uint8]
    baud: float


def back_to_back(data: bytes, baud: float) -> Frames:
    """Return ``data`` as characters that follow each other without a pause."""
    starts: Floats = np.arange(len(data), dtype=np.float64) * (BITS_PER_FRAME / baud)
    return Frames(starts, np.frombuffer(data, dtype=np.uint8), baud)


def line_is_high(frames: Frames, times_s: Floats) -> npt.NDArray[np.bool_]:
    """Return the ideal level of the line at ``times_s``: high when idle."""
    if frames.start_s.size == 0:
        return np.ones(times_s.shape, dtype=np.bool_)
    index = np.searchsorted(frames.start_s, times_s, side="right") - 1
    safe = np.maximum(index, 0)
    bit = np.floor((times_s - frames.start_s[safe]) * frames.baud)
    bit = np.where((index < 0) | (bit >= BITS_PER_FRAME), BITS_PER_FRAME - 1, bit).astype(np.int64)
    patterns = _pattern(frames.values)
    return ((patterns[safe] >> bit) & 1).astype(np.bool_)


def level_edges(frames: Frames) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the instants at which the line changes, and the level from each instant on; the line is high before."""
    if frames.start_s.size == 0:
        return np.zeros(0), np.zeros(0, dtype=np.bool_)
    bits = (_pattern(frames.values)[:, None] >> np.arange(BITS_PER_FRAME)) & 1
    instants = frames.start_s[:, None] + np.arange(BITS_PER_FRAME) / frames.baud
    levels = bits.astype(np.bool_).ravel()
    changed = np.flatnonzero(levels != np.concatenate(([True], levels[:-1])))
    return instants.ravel()[changed], levels[changed]


class Receiver:
    """A UART receiver that samples in the middle of each bit at its own rate, as in the bench's USB adapter.

    A character whose stop bit is low (a framing error) is passed on all the same, as common adapters do; then
    the receiver waits for the next falling edge.
    """

    def __init__(self, baud: float = 115200.0) -> None:
        self._bit_s = 1.0 / baud
        self._busy_until_s = -np.inf

    def decode(self, frames: Frames) -> bytes:
        """Return what this receiver hears of ``frames``, which follow those of the call before."""
        if abs(frames.baud * self._bit_s - 1.0) < 1e-3:  # in step: no bit can be misread
            return frames.values.tobytes()
        edge_times, levels = level_edges(frames)
        heard = bytearray()
        for start in edge_times[~levels]:
            if start < self._busy_until_s:
                continue
            samples = start + (np.arange(1, BITS_PER_FRAME) + 0.5) * self._bit_s
            bits = line_is_high(frames, samples)
            heard.append(int(np.packbits(bits[:8], bitorder="little")[0]))
            self._busy_until_s = float(samples[-1])
        return bytes(heard)


def _pattern(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return each character's ten bits in sending order from bit 0: start (low), data, stop (high)."""
    return (values.astype(np.int64) << 1) | (1 << (BITS_PER_FRAME - 1))
