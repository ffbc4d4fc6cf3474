"""1-Wire (Maxim/Analog Devices application note 126, DS18B20 data sheet) from the edges of its one line."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decode.edges import Edges

SEARCH_COMMANDS = (0xF0, 0xEC)
ADDRESS_COMMANDS = (0x33, 0x55)
_ADDRESS_BITS = 64


@dataclass(frozen=True, slots=True)
class OneWireTiming:
    """Limits in seconds: how long a low level means what.

    Up to ``one_s`` it is a bit 1, up to ``zero_s`` a bit 0, from ``reset_s`` on a reset. A device answers a reset
    within ``presence_wait_s`` and holds the line low for ``presence_s`` at most. A slot lasts ``slot_s`` at least.
    """

    one_s: float
    zero_s: float
    reset_s: float
    presence_wait_s: float
    presence_s: float
    slot_s: float


STANDARD = OneWireTiming(15e-6, 120e-6, 480e-6, 60e-6, 240e-6, 60e-6)
OVERDRIVE = OneWireTiming(2e-6, 16e-6, 48e-6, 6e-6, 24e-6, 6e-6)
_TOLERANCE = 0.1
"""Lengths of resets, zeros, presences and slots may be off by this part: clocks of cheap masters are."""


@dataclass(frozen=True, slots=True)
class OneWireTransfer:
    """From one reset to the next; ``start`` is a sample index.

    A record that begins within a transfer has one with ``reset`` false. ``data`` has the bytes on the bus, least
    significant bit first, whoever sent them; for a search it is the command alone, and ``address`` the device that the
    search arrived at. ``address`` (8 bytes: family, serial number, CRC) is ``None`` where the transfer names no device.
    """

    start: int
    reset: bool
    presence: bool
    data: bytes
    address: bytes | None
    leftover_bits: int
    """Bits of an unfinished byte or search: 0 in a clean transfer."""
    timing_errors: int
    """Low levels that are neither bit nor reset, and slots shorter than the bus allows."""

    @property
    def address_valid(self) -> bool:
        """Whether there is an address and its CRC is right."""
        return self.address is not None and crc8(self.address) == 0


def decode(line: Edges, timing: OneWireTiming = STANDARD) -> list[OneWireTransfer]:
    """Decode all transfers of a record; ``timing`` is ``STANDARD`` or ``OVERDRIVE``.

    A low level that the record begins or ends in is left out. Raises ``ValueError`` when the sample rate leaves fewer
    than 2 samples for the longest bit 1.
    """
    if line.sample_rate_hz * timing.one_s < 2:
        raise ValueError(
            f"{line.sample_rate_hz:g} Hz is too slow for this 1-Wire timing; {2 / timing.one_s:g} Hz is needed"
        )
    falls, rises = line.falling(), line.rising()
    if line.first == 0:
        rises = rises[1:]
    falls = falls[: rises.size]
    lows_s = (rises - falls) / line.sample_rate_hz
    resets = lows_s >= timing.reset_s * (1 - _TOLERANCE)
    waits_s = np.full(falls.size, np.inf)
    waits_s[1:] = (falls[1:] - rises[:-1]) / line.sample_rate_hz
    follows_reset = np.zeros(falls.size, np.bool_)
    follows_reset[1:] = resets[:-1]
    presences = (
        follows_reset
        & ~resets
        & (waits_s <= timing.presence_wait_s * (1 + _TOLERANCE))
        & (lows_s > timing.one_s)
        & (lows_s <= timing.presence_s * (1 + _TOLERANCE))
    )
    others = ~resets & ~presences
    bits = others & (lows_s <= timing.zero_s * (1 + _TOLERANCE))
    short = np.zeros(falls.size, np.bool_)
    slots_s = np.diff(falls) / line.sample_rate_hz
    short[:-1] = bits[:-1] & (slots_s < timing.slot_s * (1 - _TOLERANCE))
    ones = lows_s <= timing.one_s
    firsts = np.flatnonzero(resets)
    bounds = [0, *firsts[firsts > 0].tolist(), falls.size]
    return [
        _transfer(
            int(falls[begin]),
            ones[begin:end][bits[begin:end]],
            reset=bool(resets[begin]),
            presence=bool(presences[begin:end].any()),
            timing_errors=int((others & ~bits | short)[begin:end].sum()),
        )
        for begin, end in pairwise(bounds)
        if end > begin
    ]


def _transfer(
    start: int, bits: npt.NDArray[np.bool_], *, reset: bool, presence: bool, timing_errors: int
) -> OneWireTransfer:
    data = _octets(bits)
    address, leftover = None, bits.size % 8
    if reset and data[:1] and data[0] in SEARCH_COMMANDS:
        # Three slots a bit of the address: the devices' bit, its complement, and the way that the master goes on.
        triplets = (bits.size - 8) // 3
        if triplets >= _ADDRESS_BITS:
            address = _octets(bits[10 : 8 + 3 * _ADDRESS_BITS : 3])
        data, leftover = data[:1], (bits.size - 8) % (3 * _ADDRESS_BITS)
    elif reset and data[:1] and data[0] in ADDRESS_COMMANDS and len(data) > _ADDRESS_BITS // 8:
        address = data[1:9]
    return OneWireTransfer(start, reset, presence, data, address, leftover, timing_errors)


def _octets(bits: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(bits[: bits.size // 8 * 8], bitorder="little").tobytes()


def crc8(data: bytes) -> int:
    """Return the 1-Wire CRC (application note 27, x⁸ + x⁵ + x⁴ + 1): 0 over data that ends with its own CRC."""
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
