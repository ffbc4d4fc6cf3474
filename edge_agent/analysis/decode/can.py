"""CAN 2.0 A and B (ISO 11898-1 classical frames) from the edges of a transceiver's receive line."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges

SAMPLE_POINT = 0.6
"""Part of a bit after which its level counts: edges to recessive are the slow ones, but few samples a bit need room."""
_LONGEST_RUN = 32
"""Bits of one level that are told apart; more mean idle, or a line that is held down."""
_IDLE_BITS = 11
_STUFF_AFTER = 5
_CRC_POLYNOMIAL = 0x4599
_CRC_BITS = 15
_END_OF_FRAME_BITS = 7


class CanFault(StrEnum):
    """Why a frame is not valid."""

    STUFF = "stuff error"
    CRC = "CRC error"
    FORM = "form error"
    FD = "CAN FD frame"
    """Its format begins with a recessive FDF bit; only identifier and ``extended`` are known."""


@dataclass(frozen=True, slots=True)
class CanFrame:
    """One data or remote frame; ``start`` is the sample index of its start bit.

    What a fault cuts off keeps ``None`` or no bytes. ``length_code`` may be above 8, the frame still has 8 bytes.
    ``crc`` is the one received. ``acknowledged`` says that some other node did; a frame nobody acknowledged is valid.
    """

    start: int
    identifier: int | None = None
    extended: bool = False
    remote: bool = False
    length_code: int | None = None
    data: bytes = b""
    crc: int | None = None
    acknowledged: bool = False
    fault: CanFault | None = None


def decode(line: Edges, bit_rate_hz: float) -> list[CanFrame]:
    """Decode all frames of a record whose recessive level is high (``Edges.inverted`` for CANH minus CANL).

    Bits are counted from every edge to dominant, as a controller resynchronises, and sampled at 60 %; so the sender's
    bit rate may be off by 4 %. After a fault the search goes on when the bus was idle for 11 bits, so an error frame
    makes one frame with a fault. At the beginning of the record, where the bus may be in the
    middle of a frame, only a valid frame counts until then. A frame that the end of the record cuts off is left out.
    ``uart.estimate_baud`` finds an unknown bit rate. Raises ``ValueError`` when a bit is shorter than 4 samples.
    """
    bit = line.sample_rate_hz / bit_rate_hz if bit_rate_hz > 0 else 0.0
    if bit < 4:
        raise ValueError(
            f"{bit_rate_hz:g} bit/s at {line.sample_rate_hz:g} Hz leaves {bit:.2f} samples a bit; 4 are needed"
        )
    stream = _Stream.of(line, bit)
    bits = stream.bits
    frames: list[CanFrame] = []
    at, integrated = 0, False
    while (at := bits.find(0, at)) >= 0:
        integrated = integrated or bits.endswith(b"\1" * _IDLE_BITS, 0, at)
        reader = _Reader(bits, at)
        try:
            frame = reader.frame(stream.position(at))
        except _RecordEndsError:
            break
        if integrated or frame.fault is None:
            frames.append(frame)
        if frame.fault is None and bits[reader.at : reader.at + 2] == b"\1\1":
            # Intermission is three bits; a dominant third one is already the next start bit.
            at, integrated = reader.at + 2, True
            continue
        at = bits.find(b"\1" * _IDLE_BITS, at)
        if at < 0:
            break
        at += _IDLE_BITS
        integrated = True
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class _Stream:
    """The bus bit by bit, 1 is recessive; bit ``firsts[i]`` begins at sample ``positions[i]``."""

    bits: bytes
    firsts: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]

    @classmethod
    def of(cls, line: Edges, bit: float) -> "_Stream":
        falls, rises = line.falling(), line.rising()
        if line.first == 0:
            # A dominant level that the record begins in starts nowhere.
            rises = rises[1:]
        lead = int(falls[0] / bit) if falls.size else 0
        rises = np.append(rises, line.length)[: falls.size]
        totals = np.rint(np.diff(falls, append=line.length) / bit)
        dominant = np.ceil((rises - falls) / bit - SAMPLE_POINT)
        if falls.size:
            # Of the last bit, the sample may be missing.
            totals[-1] = np.floor((line.length - falls[-1]) / bit + 1 - SAMPLE_POINT)
        dominant = np.minimum(dominant, totals)
        counts = np.empty(2 * falls.size + 1, np.int64)
        counts[0] = lead
        counts[1::2] = dominant
        counts[2::2] = totals - dominant
        counts = np.clip(counts, 0, _LONGEST_RUN)
        levels = np.ones(counts.size, np.uint8)
        levels[1::2] = 0
        ends = np.cumsum(counts)
        return cls(np.repeat(levels, counts).tobytes(), ends[:-1:2], falls)

    def position(self, bit: int) -> int:
        """Return the sample at which the dominant run with this bit begins."""
        return int(self.positions[int(np.searchsorted(self.firsts, bit, side="right")) - 1])


class _RecordEndsError(Exception):
    """The record ends within a frame."""


class _StuffError(Exception):
    """Six equal bits where only five may be."""


class _Reader:
    """Reads one frame from its start bit on, without its stuff bits."""

    def __init__(self, bits: bytes, at: int) -> None:
        self.at = at
        self._bits = bits
        self._run, self._last = 0, -1
        self._crc = 0

    def frame(self, start: int) -> CanFrame:
        known: dict[str, int | bool | bytes] = {}
        try:
            fault = self._stuffed_part(known) or self._tail(known)
        except _StuffError:
            fault = CanFault.STUFF
        return CanFrame(start, fault=fault, **known)  # type: ignore[arg-type]

    def _stuffed_part(self, known: dict[str, int | bool | bytes]) -> CanFault | None:
        self._number(1)
        identifier, remote, extended = self._number(11), self._number(1), self._number(1)
        if extended:
            identifier = identifier << 18 | self._number(18)
            remote = self._number(1)
        known |= {"identifier": identifier, "extended": bool(extended), "remote": bool(remote)}
        if self._number(1):
            return CanFault.FD
        if extended:
            self._number(1)
        length_code = known["length_code"] = self._number(4)
        octets = 0 if remote else min(length_code, 8)
        known["data"] = self._number(8 * octets).to_bytes(octets, "big")
        expected = self._crc
        crc = known["crc"] = self._number(_CRC_BITS)
        if self._run == _STUFF_AFTER:
            self._skip_stuff_bit()
        return None if crc == expected else CanFault.CRC

    def _tail(self, known: dict[str, int | bool | bytes]) -> CanFault | None:
        delimiter, acknowledge, end = self._raw(), self._raw(), self._raw()
        known["acknowledged"] = acknowledge == 0
        if not (delimiter and end):
            return CanFault.FORM
        # A dominant last bit of the end is an overload, no fault, for all but the sender.
        if any(self._raw() == 0 for _ in range(_END_OF_FRAME_BITS - 1)):
            return CanFault.FORM
        self._raw()
        return None

    def _number(self, count: int) -> int:
        """Return the next ``count`` bits, the first highest, and count them into the checksum."""
        value = 0
        for _ in range(count):
            if self._run == _STUFF_AFTER:
                self._skip_stuff_bit()
            bit = self._raw()
            self._run = self._run + 1 if bit == self._last else 1
            self._last = bit
            value = value << 1 | bit
            self._crc = self._crc << 1 ^ (_CRC_POLYNOMIAL if bit ^ self._crc >> (_CRC_BITS - 1) else 0)
            self._crc &= (1 << _CRC_BITS) - 1
        return value

    def _skip_stuff_bit(self) -> None:
        bit = self._raw()
        if bit == self._last:
            raise _StuffError
        self._run, self._last = 1, bit

    def _raw(self) -> int:
        if self.at >= len(self._bits):
            raise _RecordEndsError
        bit = self._bits[self.at]
        self.at += 1
        return bit
