"""Several digital lines seen together: the moments at which any of them changes, a block of the record at a time.

A bus decoder that walks these blocks knows the level of every line at each change, so that it needs no search for one
line's level at another line's edges, and no list of all edges of a long record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges, channel_bit
from edge_agent.analysis.samples import places
from protocols.waveform import LogicCapture

_BLOCK = 1 << 17
"""Samples a block: its work arrays stay in cache."""

MOST_LINES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Changes in order of time, arrays of shape (m,).

    ``positions`` (int64) is the index of the first sample with the new levels; bit *k* of ``before`` and ``after``
    (uint8) is the level of line *k*.
    """

    positions: npt.NDArray[np.int64]
    before: npt.NDArray[np.uint8]
    after: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines that start at the levels ``first`` (bit *k* is line *k*) and change as ``blocks`` tell."""

    first: int
    length: int
    blocks: Iterator[Changes]


def from_capture(capture: LogicCapture, channels: Sequence[str], *, while_high: str | None = None) -> Lines:
    """Return channels of one capture together; line *k* is ``channels[k]``.

    With ``while_high`` only the changes after which that channel is high are there: where nothing else matters to a
    bus, most changes need not be looked at. Raises ``KeyError`` naming the channels there are.
    """
    bits = [channel_bit(capture, channel) for channel in channels]
    gate = None if while_high is None else channel_bit(capture, while_high)
    words = capture.words
    first = int(_gathered(words[:1], bits)[0]) if words.size else (1 << len(bits)) - 1
    return Lines(first, int(words.size), _blocks(words, bits, first, gate))


def _blocks(
    words: npt.NDArray[np.unsignedinteger], bits: Sequence[int], first: int, gate: int | None
) -> Iterator[Changes]:
    kind, level = words.dtype.type, np.uint8(first)
    mask = kind(sum({1 << bit for bit in bits}))
    table = _gathered(np.arange(256, dtype=np.uint8), bits) if words.dtype.itemsize == 1 else None
    for at in range(0, max(words.size - 1, 0), _BLOCK):
        new = words[at + 1 : at + 1 + _BLOCK]
        old = words[at : at + new.size]
        changed = old ^ new
        changed &= mask
        if gate is not None:
            changed *= (new >> kind(gate)) & kind(1)
        found = places(changed if changed.itemsize == 1 else changed != 0)
        after = _levels(new, found, bits, table)
        if gate is None:
            # Between two changes nothing changed.
            before = np.empty_like(after)
            before[:1], before[1:] = level, after[:-1]
            level = after[-1] if after.size else level
        else:
            before = _levels(old, found, bits, table)
        found += at + 1
        yield Changes(found, before, after)


def _levels(
    words: npt.NDArray[np.unsignedinteger],
    places: npt.NDArray[np.int64],
    bits: Sequence[int],
    table: npt.NDArray[np.uint8] | None,
) -> npt.NDArray[np.uint8]:
    some = words.take(places)
    return _gathered(some, bits) if table is None else table.take(some)


def _gathered(words: npt.NDArray[np.unsignedinteger], bits: Sequence[int]) -> npt.NDArray[np.uint8]:
    """Return the given bits of each word side by side, the first lowest."""
    together = np.zeros(words.size, np.uint8)
    for line, bit in enumerate(bits):
        together |= ((words >> words.dtype.type(bit)).astype(np.uint8) & np.uint8(1)) << np.uint8(line)
    return together


def from_edges(lines: Sequence[Edges]) -> Lines:
    """Return lines of one length together, from whatever their edges were found in.

    Raises ``ValueError`` when the records differ in length.
    """
    if len({line.length for line in lines}) != 1:
        raise ValueError("lines of one bus must come from one record; these differ in their number of samples")
    first = sum(line.first << k for k, line in enumerate(lines))
    return Lines(first, lines[0].length, _merged(lines, first))


def _merged(lines: Sequence[Edges], first: int) -> Iterator[Changes]:
    level = np.uint8(first)
    for at in range(0, lines[0].length, _BLOCK):
        here = [line.positions[slice(*np.searchsorted(line.positions, (at, at + _BLOCK)))] for line in lines]
        every = np.concatenate(here)
        toggles = np.repeat((1 << np.arange(len(lines))).astype(np.uint8), [part.size for part in here])
        order = np.argsort(every, kind="stable")
        every = every[order]
        levels = np.bitwise_xor.accumulate(np.concatenate([[level], toggles[order]]))
        # Lines that change in the same sample are one change: the levels after the last of them hold.
        last = np.flatnonzero(np.diff(every, append=-1))
        after = levels[1:][last]
        yield Changes(every[last], np.concatenate([[level], after])[:-1], after)
        level = levels[-1]


def octets_at(bits: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], *, msb_first: bool) -> npt.NDArray[np.uint8]:
    """Return the byte that begins at each of ``starts``, shape (k,), in a stream of 0/1 ``bits``, shape (n,)."""
    octets = np.zeros(starts.size, np.uint8)
    for place in range(8):
        octets |= bits[starts + place] << np.uint8(7 - place if msb_first else place)
    return octets


def group_starts(
    firsts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], step: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where each group of ``step`` bits begins, and the offsets of the transfers among the groups.

    Transfer *i* has ``counts[i]`` groups from bit ``firsts[i]`` on: those from ``offsets[i]`` to ``offsets[i + 1]``.
    """
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    within = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], counts)
    return np.repeat(firsts, counts) + step * within, offsets
