"""Asynchronous serial (UART, EIA-232 framing) from edges: start bit, 5 to 9 data bits LSB first, parity, stop bits."""

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
    candidates = edges.falling()
    parity_bits = 0 if form.parity is Parity.NONE else 1
    bits = 1 + form.data_bits + parity_bits
    last_stop = bits + form.stop_bits - 0.5
    # The true edge lies between the last high and the first low sample: half a sample before the latter on average.
    origin = candidates - 0.5
    real = edges.level_at(_index(origin + 0.5 * bit)) == 0
    ends = origin + np.where(real, last_stop, 0.5) * bit
    whole = np.ceil(ends) < edges.length
    candidates, origin, real, ends = candidates[whole], origin[whole], real[whole], ends[whole]
    chosen = _chain(np.searchsorted(candidates, _index(ends)).tolist())
    false_starts = candidates[chosen[~real[chosen]]]
    chosen = chosen[real[chosen]]
    starts, origin = candidates[chosen], origin[chosen]

    centres = (np.arange(1, 1 + form.data_bits) + 0.5) * bit
    values = edges.level_at(_index(origin[:, None] + centres[None, :]))
    weights = (1 << np.arange(form.data_bits)).astype(np.uint16)
    words = (values * weights).sum(axis=1, dtype=np.uint16)
    parity_errors = np.zeros(starts.size, dtype=np.bool_)
    if parity_bits:
        ones = values.sum(axis=1, dtype=np.uint8) + edges.level_at(_index(origin + (1.5 + form.data_bits) * bit))
        parity_errors = (ones & 1) != (1 if form.parity is Parity.ODD else 0)
    framing_errors = np.zeros(starts.size, dtype=np.bool_)
    for stop in {0.5, form.stop_bits - 0.5}:
        framing_errors |= edges.level_at(_index(origin + (bits + stop) * bit)) == 0
    return UartFrames(starts, words, framing_errors, parity_errors, false_starts, form, edges.sample_rate_hz)


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


def _chain(following: list[int]) -> npt.NDArray[np.int64]:
    """Return the indices met on the way from the first start edge, each time to the first one after the frame's end."""
    chosen: list[int] = []
    at = 0
    while at < len(following):
        chosen.append(at)
        at = following[at]
    return np.array(chosen, dtype=np.int64)
