"""I²C (NXP UM10204) from SCL and SDA."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.changes import Lines, from_capture, from_edges, group_starts, octets_at
from edge_agent.analysis.decode.edges import Edges, joined
from protocols.waveform import LogicCapture


@dataclass(frozen=True, slots=True)
class I2cTransfer:
    """From one (repeated) start to the next start or stop.

    ``address`` is the 7-bit address, ``None`` when the transfer ended before it was complete. ``acknowledged`` has one
    entry for the address and one for each byte of ``data``. ``start`` is a sample index.
    """

    start: int
    address: int | None
    read: bool
    data: bytes
    acknowledged: tuple[bool, ...]
    repeated_start: bool
    stopped: bool
    leftover_bits: int = 0
    """Bits of an unfinished byte: 0 in a clean transfer."""


@dataclass(frozen=True, slots=True, eq=False)
class I2cTransfers(Sequence[I2cTransfer]):
    """All transfers of a record as arrays; an ``I2cTransfer`` is made when one is asked for.

    ``starts``, ``repeated_starts``, ``stops`` and ``leftover_bits`` have shape (n,). ``octets`` and ``acknowledged``,
    shape (k,), hold every byte of the record, addresses included; those of transfer *i* are ``offsets[i]`` to
    ``offsets[i + 1]``.
    """

    starts: npt.NDArray[np.int64]
    repeated_starts: npt.NDArray[np.bool_]
    stops: npt.NDArray[np.bool_]
    leftover_bits: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    octets: npt.NDArray[np.uint8]
    acknowledged: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.starts.size)

    @overload
    def __getitem__(self, index: int) -> I2cTransfer: ...
    @overload
    def __getitem__(self, index: slice) -> list[I2cTransfer]: ...
    def __getitem__(self, index: int | slice) -> I2cTransfer | list[I2cTransfer]:
        if isinstance(index, slice):
            return [self._transfer(at) for at in range(*index.indices(len(self)))]
        return self._transfer(range(len(self))[index])

    def __iter__(self) -> Iterator[I2cTransfer]:
        return map(self._transfer, range(len(self)))

    def _transfer(self, at: int) -> I2cTransfer:
        begin, end = int(self.offsets[at]), int(self.offsets[at + 1])
        octets = self.octets[begin:end].tobytes()
        return I2cTransfer(
            start=int(self.starts[at]),
            address=octets[0] >> 1 if octets else None,
            read=bool(octets and octets[0] & 1),
            data=octets[1:],
            acknowledged=tuple(self.acknowledged[begin:end].tolist()),
            repeated_start=bool(self.repeated_starts[at]),
            stopped=bool(self.stops[at]),
            leftover_bits=int(self.leftover_bits[at]),
        )


def decode(scl: Edges, sda: Edges) -> I2cTransfers:
    """Decode all transfers of a record.

    Data is sampled on SCL's rising edges; SDA moving while SCL is high is a start or a stop. Raises ``ValueError``
    when the lines are of two records that differ in length.
    """
    return _assembled(*_events(from_edges((scl, sda))))


def decode_logic(capture: LogicCapture, *, scl: str, sda: str) -> I2cTransfers:
    """Decode channels of one logic capture, as ``decode`` does, in less time and memory.

    Raises ``KeyError`` naming the channels there are.
    """
    # What SDA does while SCL is low says nothing, and SCL's falls do not either.
    return _assembled(*_events(from_capture(capture, (scl, sda), while_high=scl)))


_LOW, _HIGH, _START, _STOP = 1, 2, 3, 4


def _kinds() -> npt.NDArray[np.uint8]:
    """Return what each change means, shape (16,): index SCL, SDA before, then SCL, SDA after, from bit 0 on.

    SDA and SCL that change in the same sample count as data: the bus needs a set-up time, so a true start or stop
    has SCL high before and after.
    """
    kinds = np.zeros(16, np.uint8)
    for change in range(16):
        scl_before, sda_before, scl_after, sda_after = ((change >> k) & 1 for k in range(4))
        if scl_after and not scl_before:
            kinds[change] = _HIGH if sda_after else _LOW
        elif scl_after and sda_after != sda_before:
            kinds[change] = _STOP if sda_after else _START
    return kinds


_KINDS = _kinds()


def _events(
    lines: Lines,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return all bits, and of each start and stop: its position, how many bits came before it, whether it is a stop."""
    bits, positions, places, stops = [], [], [], []
    count = 0
    for block in lines.blocks:
        kinds = _KINDS.take(block.before | block.after << np.uint8(2))
        at = np.flatnonzero((kinds == _LOW) | (kinds == _HIGH))
        bits.append(kinds[at] - np.uint8(_LOW))
        marks = np.flatnonzero(kinds >= _START)
        positions.append(block.positions[marks])
        places.append(count + np.searchsorted(at, marks))
        stops.append(kinds[marks] == _STOP)
        count += at.size
    return joined(bits, np.uint8), joined(positions, np.int64), joined(places, np.int64), joined(stops, np.bool_)


def _assembled(
    bits: npt.NDArray[np.uint8],
    positions: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    stops: npt.NDArray[np.bool_],
) -> I2cTransfers:
    begins = np.flatnonzero(~stops)
    ends = np.append(places[1:], bits.size)[begins]
    ended = begins + 1 < positions.size
    stopped = np.append(stops[1:], False)[begins] if positions.size else stops
    counts = ends - places[begins]
    # The SCL rise that makes the stop or repeated start possible is no data bit.
    counts -= ended & (counts % 9 == 1)
    starts, offsets = group_starts(places[begins], counts // 9, 9)
    return I2cTransfers(
        starts=positions[begins],
        repeated_starts=(begins > 0) & ~stops[begins - 1],
        stops=stopped,
        leftover_bits=counts % 9,
        offsets=offsets,
        octets=octets_at(bits, starts, msb_first=True),
        acknowledged=bits[starts + 8] == 0,
    )
