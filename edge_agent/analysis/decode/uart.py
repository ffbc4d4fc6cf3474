"""Asynchronous serial (UART, EIA-232 framing) from edges: start bit, 5 to 9 data bits LSB first, parity, stop bits."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges
from edge_agent.analysis.result import Answer, NoAnswer
from protocols.quantity import Quantity

STANDARD_BAUDS = (
    300, 600, 1200, 2400, 4800, 9600, 14_400, 19_200, 28_800, 31_250, 38_400, 57_600, 74_880, 76_800,
    115_200, 128_000, 230_400, 250_000, 256_000, 460_800, 500_000, 921_600, 1_000_000, 1_500_000, 2_000_000, 3_000_000,
)  # fmt: skip

_FEWEST_EDGES = 16
_LONGEST_TABLE = 1 << 16


class Parity(StrEnum):
    """What the parity bit says."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class UartFormat:
    """How a line is framed. ``stop_bits`` may be 1, 1.5 or 2."""

    baud: float
    data_bits: int = 8
    parity: Parity = Parity.NONE
    stop_bits: float = 1.0

    def __post_init__(self) -> None:
        if not (self.baud > 0 and 5 <= self.data_bits <= 9 and self.stop_bits in (1.0, 1.5, 2.0)):
            raise ValueError(f"no such UART format: {self.baud} baud {self.data_bits} data {self.stop_bits} stop bits")


@dataclass(frozen=True, slots=True, eq=False)
class UartFrames:
    """Decoded frames, all arrays of shape (k,), in order of time.

    ``starts`` is the sample index of each start bit's edge, ``words`` the data (uint16), ``framing_errors`` marks
    frames whose stop bit is low, ``parity_errors`` those whose parity is wrong. Words with errors are kept: what to do
    with them is the reader's decision. ``false_starts``, shape (j,), are start edges of no frame:
    the line was high again in the middle of the start bit (a glitch, or noise in a break).
    """

    starts: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint16]
    framing_errors: npt.NDArray[np.bool_]
    parity_errors: npt.NDArray[np.bool_]
    false_starts: npt.NDArray[np.int64]
    format: UartFormat
    sample_rate_hz: float

    @property
    def data(self) -> bytes:
        """The words as bytes (the low eight bits of each)."""
        return self.words.astype(np.uint8).tobytes()

    @property
    def start_times_s(self) -> npt.NDArray[np.float64]:
        """Time of each start bit from the beginning of the record."""
        return self.starts / self.sample_rate_hz


def decode(edges: Edges, form: UartFormat) -> UartFrames:
    """Decode a line whose idle level is high (use ``Edges.inverted`` for RS-232 levels).

    Each frame is sampled in the middle of its bits counted from its own start edge, so bytes are right to
    ±4.5 % of baud error. A start bit that is high in its middle begins no frame. The search goes on in the
    middle of the last stop bit, so a sender that is a little fast loses nothing. A frame that the end of the record
    cuts off is left out.

    Raises ``ValueError`` when a bit is shorter than 2 samples.
    """
    bit = edges.sample_rate_hz / form.baud
    if bit < 2:
        raise ValueError(
            f"{form.baud:g} baud at {edges.sample_rate_hz:g} Hz leaves {bit:.2f} samples a bit; 2 are needed"
        )
    starts, false_starts, own = _frames(edges, bit, form)
    # What is sampled, counted in bits from the start edge: data, parity, the first and the last stop bit.
    parity_bits = 0 if form.parity is Parity.NONE else 1
    stop = 1 + form.data_bits + parity_bits
    centres = np.array([*(np.arange(1, stop) + 0.5), stop + 0.5, stop + form.stop_bits - 0.5])
    levels = _sampled(edges, starts, own, np.floor(centres * bit).astype(np.int64))
    words = levels & np.uint16((1 << form.data_bits) - 1)
    parity_errors = np.zeros(starts.size, dtype=np.bool_)
    if parity_bits:
        ones = levels & np.uint16((2 << form.data_bits) - 1)
        for shift in (8, 4, 2, 1):
            ones ^= ones >> np.uint16(shift)
        parity_errors = (ones & np.uint16(1)) != (1 if form.parity is Parity.ODD else 0)
    framing_errors = (levels >> np.uint16(stop - 1)) != 3
    return UartFrames(starts, words, framing_errors, parity_errors, false_starts, form, edges.sample_rate_hz)


def _frames(
    edges: Edges, bit: float, form: UartFormat
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the start edges of all frames, those of no frame, and which of the line's edges the former are."""
    candidates = edges.falling()
    last_stop = 1 + form.data_bits + (form.parity is not Parity.NONE) + form.stop_bits - 0.5
    # The true edge lies between the last high and the first low sample: half a sample before the latter on average.
    middles = candidates + math.floor(0.5 * bit)
    rises = edges.rising()[1 - edges.first :]
    real = np.ones(candidates.size, np.bool_)
    short = np.flatnonzero(rises[: candidates.size] <= middles[: rises.size])
    real[short] = edges.level_at(middles[short]) == 0
    # The search after a false start goes on past its own edge, be a bit as short as it may.
    ends = candidates + np.where(real, (last_stop * bit) - 0.5, max(0.5 * bit - 0.5, 1.0))
    whole = np.ceil(ends) < edges.length
    candidates, real, ends = candidates[whole], real[whole], ends[whole]
    chosen = _chain(np.searchsorted(candidates, _index(ends)))
    good = chosen[real[chosen]]
    own = 2 * np.flatnonzero(whole)[good] + (1 - edges.first)
    return candidates[good], candidates[chosen[~real[chosen]]], own


def _sampled(
    edges: Edges, starts: npt.NDArray[np.int64], own: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint16]:
    """Return the levels ``offsets`` samples after each of ``starts``, the first in bit 0; shape (k,).

    Each edge of the line within a frame turns over all that is sampled after it, so the levels are the exclusive
    or of the edges: no search for one sample among all edges. ``own`` is the start's own place among the edges.
    """
    if starts.size == 0:
        return np.empty(0, np.uint16)
    turned = np.array([(1 << offsets.size) - (1 << k) for k in range(offsets.size + 1)], np.uint16)
    first, last = int(own[0]), edges.positions.size
    distance = edges.positions[first:] - np.repeat(starts, np.diff(own, append=last))
    # The first offset that is not before the edge; a table of them is faster than a search, as long as it is short.
    if offsets[-1] < _LONGEST_TABLE:
        table = turned[np.searchsorted(offsets, np.arange(int(offsets[-1]) + 2))]
        turns = table[np.minimum(distance, table.size - 1, out=distance)]
    else:
        turns = turned[np.searchsorted(offsets, distance)]
    turns[own - first] = 0
    levels = np.asarray(np.bitwise_xor.reduceat(turns, own - first))
    # A frame that begins on the last sample of the one before it is part of both: what is sampled there is low.
    early = np.flatnonzero(np.diff(starts) <= offsets[-1])
    if early.size:
        bits = np.uint16(1) << np.arange(offsets.size, dtype=np.uint16)
        levels[early] = edges.level_at(starts[early, np.newaxis] + offsets).astype(np.uint16) @ bits
    return levels


def estimate_baud(edges: Edges) -> Answer:
    """Estimate the baud rate (unit Bd) from the distances between edges, or say why there is none.

    The shortest common distance is one bit to begin with; a least-squares fit over the distances of up to eleven bits
    between edges of the same direction refines it, so that a slow edge or a skewed threshold does not bias it. The
    standard uncertainty is that of the fit; the recorder's own time base comes on top.
    ``nearest_standard_baud`` names the rate that was meant.
    """
    if edges.positions.size < _FEWEST_EDGES:
        return NoAnswer(f"{edges.positions.size} edges are too few to find a baud rate; record more of the line")
    bit = float(np.percentile(np.diff(edges.positions), 10))
    distances = np.concatenate([np.diff(edges.falling()), np.diff(edges.rising())]).astype(np.float64)
    for _ in range(8):
        multiples = np.round(distances / bit)
        near = (multiples >= 2) & (multiples <= 11) & (np.abs(distances - multiples * bit) < 0.35 * bit)
        if near.sum() < _FEWEST_EDGES // 2:
            return NoAnswer("the distances between edges share no common bit length; is this line a UART?")
        weight = float((multiples[near] ** 2).sum())
        refined = float((distances[near] * multiples[near]).sum()) / weight
        settled = abs(refined - bit) < 1e-9 * bit
        bit = refined
        if settled:
            break
    residual = distances[near] - multiples[near] * bit
    # Each distance is known to a sample at best (two edges, each ±1/2): 1/√6 of a sample rms.
    spread = max(float(np.sqrt(np.mean(residual**2))), 6**-0.5)
    baud = edges.sample_rate_hz / bit
    return Quantity(baud, "Bd", baud * spread / bit / weight**0.5)


def nearest_standard_baud(baud: float, tolerance: float = 0.045) -> int | None:
    """Return the standard rate within ``tolerance`` (relative) of ``baud``, or ``None``."""
    best = min(STANDARD_BAUDS, key=lambda rate: abs(rate - baud) / rate)
    return best if abs(best - baud) <= tolerance * best else None


def _index(positions: Any) -> npt.NDArray[np.int64]:
    indices: npt.NDArray[np.int64] = np.rint(positions).astype(np.int64)
    return indices


def _chain(following: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the indices met on the way from the first start edge, each time to the first one after the frame's end."""
    chosen: list[int] = []
    next_one = following.data
    at, end = 0, following.size
    while at < end:
        chosen.append(at)
        at = next_one[at]
    return np.array(chosen, dtype=np.int64)
