"""WS2812 and SK6812 light-emitting diodes on one data line (Worldsemi WS2812B data sheet, sequence chart)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.changes import group_starts, octets_at
from edge_agent.analysis.decode.edges import Edges

ZERO_HIGH_S = (0.2e-6, 0.55e-6)
"""High time of a bit 0: 0.4 µs ± 0.15 µs (WS2812B), down to 0.22 µs (WS2812B-V5)."""
ONE_HIGH_S = (0.55e-6, 1.0e-6)
"""High time of a bit 1: 0.8 µs ± 0.15 µs (WS2812B), up to 1 µs (WS2812B-V5)."""
LONGEST_PAUSE_S = 5e-6
"""A low level between bits; longer ones make some chips take what came so far as all there is."""


@dataclass(frozen=True, slots=True, eq=False)
class Ws2812Frames:
    """All frames (what stands between two resets) of a record as arrays.

    ``starts`` (sample indices), ``leftover_bits`` and ``timing_errors`` have shape (n,): bits of an unfinished colour
    (0 in a clean frame), and levels of a length that the data sheet does not allow. ``colours``, shape (k, channels),
    has one row for each diode, its columns in the order of ``order``; those of frame *i* are ``offsets[i]`` to
    ``offsets[i + 1]``.
    """

    starts: npt.NDArray[np.int64]
    leftover_bits: npt.NDArray[np.int64]
    timing_errors: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    colours: npt.NDArray[np.uint8]
    order: str

    def frame(self, index: int) -> npt.NDArray[np.uint8]:
        """Return the colours of one frame, shape (diodes, channels)."""
        return self.colours[self.offsets[index] : self.offsets[index + 1]]

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Return red, green and blue of every diode, shape (k, 3)."""
        return self.colours[:, [self.order.index(colour) for colour in "RGB"]]


def decode(line: Edges, *, order: str = "GRB", reset_s: float = 50e-6) -> Ws2812Frames:
    """Decode all frames of a record; a low level of ``reset_s`` ends one.

    ``order`` names the colours as they are sent: GRB (WS2812B), RGB (WS2811), GRBW (SK6812). ``reset_s`` is 50 µs by
    the first data sheets and 280 µs for WS2812B-V5; drivers often send little more than it takes. A pulse that the
    record begins or ends in is left out. Raises ``ValueError`` for another order, or when a bit has
    fewer than 4 samples.
    """
    if sorted(order) not in (sorted("RGB"), sorted("RGBW")):
        raise ValueError(f"a diode has the colours R, G, B and sometimes W, each once, not {order!r}")
    if line.sample_rate_hz * 1.25e-6 < 4:
        raise ValueError(f"{line.sample_rate_hz:g} Hz leaves a WS2812 bit fewer than 4 samples; record at 3.2 MHz")
    rises, falls = line.rising(), line.falling()
    if line.first == 1:
        falls = falls[1:]
    rises = rises[: falls.size]
    highs_s = (falls - rises) / line.sample_rate_hz
    lows_s = (rises[1:] - falls[:-1]) / line.sample_rate_hz
    step_s = 0.5 / line.sample_rate_hz
    wrong = (highs_s < ZERO_HIGH_S[0] - step_s) | (highs_s > ONE_HIGH_S[1] + step_s)
    wrong[1:] |= (lows_s > LONGEST_PAUSE_S) & (lows_s < reset_s)
    firsts = np.concatenate([[0], np.flatnonzero(lows_s >= reset_s) + 1])[: rises.size]
    counts = np.diff(firsts, append=rises.size)
    diode = 8 * len(order)
    groups, offsets = group_starts(firsts, counts // diode, diode)
    bits = (highs_s >= ONE_HIGH_S[0]).view(np.uint8)
    columns = [octets_at(bits, groups + 8 * colour, msb_first=True) for colour in range(len(order))]
    before = np.concatenate([[0], np.cumsum(wrong)])
    return Ws2812Frames(
        starts=rises[firsts],
        leftover_bits=counts % diode,
        timing_errors=before[firsts + counts] - before[firsts],
        offsets=offsets,
        colours=np.stack(columns, axis=1),
        order=order,
    )
