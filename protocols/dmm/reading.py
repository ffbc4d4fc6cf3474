"""What every meter chip's frame decodes to, and the search for frames in a byte stream."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from protocols.errors import ProtocolError


class DmmError(ProtocolError):
    """A frame that is damaged or does not follow its format."""


class UnsupportedFunction(DmmError):
    """A sound frame of a function that has no unit here (an adapter input, a transistor test)."""


class Flag(StrEnum):
    """Annunciators on the display."""

    AC = "ac"
    DC = "dc"
    AUTO = "auto"
    HOLD = "hold"
    RELATIVE = "relative"
    MIN = "min"
    MAX = "max"
    AVERAGE = "average"
    RMR = "rmr"  # the present value, shown while minimum and maximum are recorded
    PEAK_MIN = "peak_min"
    PEAK_MAX = "peak_max"
    LOW_BATTERY = "low_battery"
    LOW_PASS_FILTER = "low_pass_filter"  # noqa: S105 - no password
    NEGATIVE = "negative"  # the minus sign; on an overload the only trace of the polarity


UNITS = {
    "dc_voltage": "V",
    "ac_voltage": "V",
    "dc_current": "A",
    "ac_current": "A",
    "resistance": "Ohm",
    "diode": "V",
    "continuity": "Ohm",
    "frequency": "Hz",
    "capacitance": "F",
    "temperature": "Cel",
    "duty_cycle": "%",
}
"""Functions by the names that all rooms use, with the UCUM unit of their readings."""


@dataclass(frozen=True, slots=True)
class DmmReading:
    """One reading as displayed.

    ``function`` is a key of `UNITS`; ``value`` is in ``unit``, ``nan`` when the display shows OL (``overload``) or UL
    (``underload``: a frequency or duty cycle too low to be measured). ``counts`` is the signed number on the
    display without its decimal point, ``resolution`` one count in ``unit``; ``range_value`` is the
    full scale in ``unit``, ``None`` where the frame does not tell.
    """

    function: str
    value: float
    unit: str
    overload: bool
    underload: bool
    counts: int
    resolution: float
    range_value: float | None
    flags: frozenset[Flag]


def scaled(counts: int, exponent: int) -> float:
    """Return ``counts`` x 10^``exponent``, correctly rounded."""
    return counts / 10**-exponent if exponent < 0 else float(counts * 10**exponent)


def make_reading(
    function: str,
    counts: int,
    exponent: int,
    flags: frozenset[Flag],
    *,
    range_value: float | None,
    overload: bool = False,
    underload: bool = False,
) -> DmmReading:
    """Return the reading of ``counts`` x 10^``exponent`` in the unit of ``function``."""
    value = math.nan if overload or underload else scaled(counts, exponent)
    resolution = scaled(1, exponent)
    return DmmReading(function, value, UNITS[function], overload, underload, counts, resolution, range_value, flags)


class FrameReader:
    """Finds frames of one fixed size in a byte stream, and resynchronises after garbage.

    ``is_frame`` judges a candidate of ``size`` bytes. Less than one frame is ever held; ``dropped`` counts the
    bytes that belonged to no frame (the first, cut one included): a port that drops everything has the wrong baud
    rate.
    """

    def __init__(self, size: int, is_frame: Callable[[bytes], bool]) -> None:
        self._size = size
        self._is_frame = is_frame
        self._held = b""
        self.dropped = 0

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take in bytes and return the frames that they complete, oldest first."""
        stream = self._held + bytes(data)
        frames: list[bytes] = []
        at = 0
        while len(stream) - at >= self._size:
            candidate = stream[at : at + self._size]
            if self._is_frame(candidate):
                frames.append(candidate)
                at += self._size
            else:
                self.dropped += 1
                at += 1
        self._held = stream[at:]
        return frames
