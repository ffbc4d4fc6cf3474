"""SPI from chip select, clock and data lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.changes import Lines, from_capture, from_edges, group_starts, octets_at
from edge_agent.analysis.decode.edges import Edges, joined
from protocols.waveform import LogicCapture


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


@dataclass(frozen=True, slots=True, eq=False)
class SpiTransfers(Sequence[SpiTransfer]):
    """All transfers of a record as arrays; an ``SpiTransfer`` is made when one is asked for.

    ``starts``, ``ends`` and ``leftover_bits`` have shape (n,). ``mosi`` and ``miso``, shape (k,), hold every byte of
    the record (shape (0,) for a line that was not given); those of transfer *i* are ``offsets[i]`` to
    ``offsets[i + 1]``.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    leftover_bits: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    mosi: npt.NDArray[np.uint8]
    miso: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.starts.size)

    @overload
    def __getitem__(self, index: int) -> SpiTransfer: ...
    @overload
    def __getitem__(self, index: slice) -> list[SpiTransfer]: ...
    def __getitem__(self, index: int | slice) -> SpiTransfer | list[SpiTransfer]:
        if isinstance(index, slice):
            return [self._transfer(at) for at in range(*index.indices(len(self)))]
        return self._transfer(range(len(self))[index])

    def __iter__(self) -> Iterator[SpiTransfer]:
        return map(self._transfer, range(len(self)))

    def _transfer(self, at: int) -> SpiTransfer:
        octets = slice(int(self.offsets[at]), int(self.offsets[at + 1]))
        return SpiTransfer(
            int(self.starts[at]), int(self.ends[at]), self.mosi[octets].tobytes(), self.miso[octets].tobytes(),
            int(self.leftover_bits[at]),
        )  # fmt: skip


def decode(
    clock: Edges,
    *,
    mosi: Edges | None = None,
    miso: Edges | None = None,
    select: Edges | None = None,
    mode: int = 0,
    msb_first: bool = True,
) -> SpiTransfers:
    """Decode 8-bit words in SPI ``mode`` 0 to 3 (CPOL, CPHA), chip select active low.

    Without ``select`` the whole record is one transfer. Raises ``ValueError`` for another mode, when neither data
    line is given, or when the lines are of records that differ in length.
    """
    wiring = _Wiring.of(mode, mosi is not None, miso is not None, select is not None)
    return _decoded(from_edges([line for line in (clock, mosi, miso, select) if line is not None]), wiring, msb_first)


def decode_logic(
    capture: LogicCapture,
    *,
    clock: str,
    mosi: str | None = None,
    miso: str | None = None,
    select: str | None = None,
    mode: int = 0,
    msb_first: bool = True,
) -> SpiTransfers:
    """Decode channels of one logic capture, as ``decode`` does, in less time and memory.

    Raises ``KeyError`` naming the channels there are, ``ValueError`` as ``decode`` does.
    """
    wiring = _Wiring.of(mode, mosi is not None, miso is not None, select is not None)
    channels = [name for name in (clock, mosi, miso, select) if name is not None]
    return _decoded(from_capture(capture, channels), wiring, msb_first)


@dataclass(frozen=True, slots=True)
class _Wiring:
    """Which line is which (the clock is line 0), and the clock edge that samples."""

    mosi: int | None
    miso: int | None
    select: int | None
    rising: bool

    @classmethod
    def of(cls, mode: int, mosi: bool, miso: bool, select: bool) -> "_Wiring":
        if mode not in (0, 1, 2, 3):
            raise ValueError(f"SPI has modes 0 to 3, not {mode}")
        if not (mosi or miso):
            raise ValueError("SPI decoding needs MOSI, MISO, or both")
        return cls(
            1 if mosi else None, 1 + mosi if miso else None, 1 + mosi + miso if select else None, rising=mode in (0, 3)
        )


def _decoded(lines: Lines, wiring: _Wiring, msb_first: bool) -> SpiTransfers:
    levels, positions, places, released = _events(lines, wiring)
    selected = wiring.select is None or not (lines.first >> wiring.select) & 1
    # A transfer that the record cuts off begins at 0 or ends at its length.
    if selected:
        positions, places = np.insert(positions, 0, 0), np.insert(places, 0, 0)
        released = np.insert(released, 0, False)
    if positions.size and not released[-1]:
        positions, places = np.append(positions, lines.length), np.append(places, levels.size)
    starts, ends = positions[0::2], positions[1::2]
    firsts, counts = places[0::2], places[1::2] - places[0::2]
    clocked = counts > 0
    starts, ends, firsts, counts = starts[clocked], ends[clocked], firsts[clocked], counts[clocked]
    groups, offsets = group_starts(firsts, counts // 8, 8)
    octets = [
        np.zeros(0, np.uint8)
        if line is None
        else octets_at((levels >> np.uint8(line)) & np.uint8(1), groups, msb_first=msb_first)
        for line in (wiring.mosi, wiring.miso)
    ]
    return SpiTransfers(starts, ends, counts % 8, offsets, *octets)


def _events(
    lines: Lines, wiring: _Wiring
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the levels of all lines at each sampling edge, and of each edge of chip select: its position, how many
    sampling edges came before it, whether it releases the device."""
    levels, positions, places, released = [], [], [], []
    count = 0
    for block in lines.blocks:
        changed = block.before ^ block.after
        clock = block.after if wiring.rising else block.before
        samples = np.flatnonzero((changed & clock & np.uint8(1)).view(np.bool_))
        levels.append(block.after[samples])
        if wiring.select is not None:
            select = np.uint8(wiring.select)
            edges = np.flatnonzero((changed >> select & np.uint8(1)).view(np.bool_))
            positions.append(block.positions[edges])
            # An edge of the clock in the very sample of chip select's edge comes after it.
            places.append(count + np.searchsorted(samples, edges))
            released.append((block.after[edges] >> select & np.uint8(1)).view(np.bool_))
        count += samples.size
    return joined(levels, np.uint8), joined(positions, np.int64), joined(places, np.int64), joined(released, np.bool_)
