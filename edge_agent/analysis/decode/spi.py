"""SPI from the edges of chip select, clock and data lines."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges


@dataclass(frozen=True, slots=True)
class SpiTransfer:
    """From chip select going active to its release.

    ``start`` and ``end`` are sample indices; the bytes of a line that was not given are empty.
    """

    start: int
    end: int
    mosi: bytes
    miso: bytes
    leftover_bits: int = 0
    """Clocks of an unfinished byte: 0 in a clean transfer."""


def decode(
    clock: Edges,
    *,
    mosi: Edges | None = None,
    miso: Edges | None = None,
    select: Edges | None = None,
    mode: int = 0,
    msb_first: bool = True,
) -> list[SpiTransfer]:
    """Decode 8-bit words in SPI ``mode`` 0 to 3 (CPOL, CPHA), chip select active low.

    Without ``select`` the whole record is one transfer. Raises ``ValueError`` for another mode, or when neither data
    line is given.
    """
    if mode not in (0, 1, 2, 3):
        raise ValueError(f"SPI has modes 0 to 3, not {mode}")
    if mosi is None and miso is None:
        raise ValueError("SPI decoding needs MOSI, MISO, or both")
    sampling = clock.rising() if mode in (0, 3) else clock.falling()
    if select is None:
        starts, ends = np.array([0]), np.array([clock.length])
    else:
        starts, ends = _active(select)
    lines = [None if line is None else line.level_at(sampling) for line in (mosi, miso)]
    firsts = np.searchsorted(sampling, starts)
    lasts = np.searchsorted(sampling, ends)
    return [
        SpiTransfer(
            int(start), int(end), _octets(lines[0], first, last, msb_first), _octets(lines[1], first, last, msb_first),
            int(last - first) % 8,
        )
        for start, end, first, last in zip(starts, ends, firsts, lasts, strict=True)
        if last > first
    ]  # fmt: skip


def _active(select: Edges) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where chip select is low; a transfer that the record cuts off begins at 0 or ends at its length."""
    starts, ends = select.falling(), select.rising()
    if select.first == 0:
        starts = np.concatenate([[0], starts])
    if ends.size < starts.size:
        ends = np.concatenate([ends, [select.length]])
    return starts, ends


def _octets(levels: npt.NDArray[np.uint8] | None, first: int, last: int, msb_first: bool) -> bytes:
    if levels is None:
        return b""
    whole = (last - first) // 8 * 8
    return np.packbits(levels[first : first + whole], bitorder="big" if msb_first else "little").tobytes()
