"""I²C (NXP UM10204) from the edges of SCL and SDA."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges


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


def decode(scl: Edges, sda: Edges) -> list[I2cTransfer]:
    """Decode all transfers of a record.

    Data is sampled on SCL's rising edges; SDA moving while SCL is high is a start or a stop.
    """
    positions, kinds = _events(scl, sda)
    return _assemble(positions, kinds, sda.level_at(positions))


_BIT, _START, _STOP = 0, 1, 2


def _events(scl: Edges, sda: Edges) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return positions and kinds of all bits, starts and stops in order of time.

    SDA and SCL that change in the same sample count as data: the bus needs a set-up time, so a true start or stop
    has SCL high before and after.
    """
    falls, rises = sda.falling(), sda.rising()
    starts = falls[(scl.level_at(falls) & scl.level_at(falls - 1)) == 1]
    stops = rises[(scl.level_at(rises) & scl.level_at(rises - 1)) == 1]
    bits = scl.rising()
    positions = np.concatenate([bits, starts, stops])
    kinds = np.repeat(np.array([_BIT, _START, _STOP], dtype=np.uint8), [bits.size, starts.size, stops.size])
    order = np.argsort(positions, kind="stable")
    return positions[order], kinds[order]


def _assemble(
    positions: npt.NDArray[np.int64], kinds: npt.NDArray[np.uint8], levels: npt.NDArray[np.uint8]
) -> list[I2cTransfer]:
    marks = np.flatnonzero(kinds != _BIT)
    transfers: list[I2cTransfer] = []
    open_bus = False
    for index, mark in enumerate(marks):
        if kinds[mark] == _STOP:
            open_bus = False
            continue
        end = int(marks[index + 1]) if index + 1 < marks.size else kinds.size
        stopped = bool(end < kinds.size and kinds[end] == _STOP)
        bits = levels[mark + 1 : end]
        if end < kinds.size and bits.size and bits.size % 9 == 1:
            # The SCL rise that makes the stop or repeated start possible is no data bit.
            bits = bits[:-1]
        transfers.append(_transfer(int(positions[mark]), bits, repeated_start=open_bus, stopped=stopped))
        open_bus = not stopped
    return transfers


def _transfer(start: int, bits: npt.NDArray[np.uint8], *, repeated_start: bool, stopped: bool) -> I2cTransfer:
    whole = bits.size // 9
    table = bits[: whole * 9].reshape(whole, 9)
    octets = np.packbits(table[:, :8], axis=1)[:, 0] if whole else np.empty(0, dtype=np.uint8)
    acknowledged = tuple(bool(bit == 0) for bit in table[:, 8])
    first = int(octets[0]) if whole else None
    return I2cTransfer(
        start=start,
        address=None if first is None else first >> 1,
        read=bool(first is not None and first & 1),
        data=octets[1:].tobytes(),
        acknowledged=acknowledged,
        repeated_start=repeated_start,
        stopped=stopped,
        leftover_bits=int(bits.size - whole * 9),
    )
