"""Ideal digital lines made bit by bit, to be sampled at any rate."""

import numpy as np

from protocols.waveform import LogicCapture


def sampled(intervals, sample_rate_hz, names):
    """Sample parallel lines given as [(seconds, (level, level …)), …]."""
    ends = np.cumsum([seconds for seconds, _ in intervals])
    times = np.arange(int(ends[-1] * sample_rate_hz)) / sample_rate_hz
    index = np.searchsorted(ends, times, side="right")
    words = np.array([sum(bit << k for k, bit in enumerate(levels)) for _, levels in intervals], dtype=np.uint8)
    return LogicCapture(words[index], sample_rate_hz, tuple(names))


def uart_line(data, baud, *, bits=8, parity=None, stop=1, gap_bits=0.0, bad_stops=(), bad_parities=()):
    """Intervals of an idle-high UART line with faults planted at the given byte indices."""
    bit = 1 / baud
    line = [(3 * bit, (1,))]
    for index, word in enumerate(data):
        levels = [(word >> k) & 1 for k in range(bits)]
        if parity is not None:
            ones = sum(levels) + (1 if parity == "odd" else 0)
            levels.append((ones & 1) ^ (index in bad_parities))
        line += [(bit, (level,)) for level in [0, *levels]]
        line.append((bit * stop, (0 if index in bad_stops else 1,)))
        line.append((bit * (gap_bits + (1 if index in bad_stops else 0)), (1,)))
    return [*line, (4 * bit, (1,))]
