"""UNI-T UT61E+ (and UT161E): one frame for each request, 9600 baud 8N1 behind the meter's optical port.

The payload is ``mode range display[7] bar[2] flags1 flags2 flags3``; the display is text with its decimal point, and
mode and range give its unit. Frame after the captures of ljakob/unit_ut61eplus and mbraune/ut161b, ranges after the
table of the maker's own programme (funOl_UT61E+.json there).
"""

import math
import re
from collections.abc import Iterable

from protocols.dmm import hid_uart
from protocols.dmm.hid_uart import FrameReader
from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading

__all__ = ["BAUD_RATE", "FULL_COUNTS", "IDENTITY_REQUEST", "REQUEST", "FrameReader", "decode", "encode", "identity"]

BAUD_RATE = 9600
FULL_COUNTS = 22000
REQUEST = hid_uart.pack(b"\x5e")
"""Asks for what the display shows."""
IDENTITY_REQUEST = hid_uart.pack(b"\x5f")
"""Asks for the meter's name."""

_PAYLOAD_BYTES = 14
_VOLTS = ((2.2, 0, 4), (22.0, 0, 3), (220.0, 0, 2), (1000.0, 0, 1))
_MICRO = ((220e-6, -6, 2), (2200e-6, -6, 1))
_MILLI = ((22e-3, -3, 3), (220e-3, -3, 2))
_AMPERES = (None, (20.0, 0, 3))

# Mode: function, then full scale, exponent of the prefix and decimals of each range.
_Range = tuple[float, int, int]
_MODES: dict[int, tuple[str, tuple[_Range | None, ...]]] = {
    0x00: ("ac_voltage", _VOLTS),
    0x01: ("ac_voltage", ((220e-3, -3, 2),)),
    0x02: ("dc_voltage", _VOLTS),
    0x03: ("dc_voltage", ((220e-3, -3, 2),)),
    0x04: (
        "frequency",
        ((22.0, 0, 3), (220.0, 0, 2), (2.2e3, 3, 4), (22e3, 3, 3), (220e3, 3, 2), (2.2e6, 6, 4), (22e6, 6, 3),
         (220e6, 6, 2)),
    ),
    0x05: ("duty_cycle", ((100.0, 0, 1),)),
    0x06: (
        "resistance",
        ((220.0, 0, 2), (2.2e3, 3, 4), (22e3, 3, 3), (220e3, 3, 2), (2.2e6, 6, 4), (22e6, 6, 3), (220e6, 6, 2)),
    ),
    0x07: ("continuity", ((220.0, 0, 2),)),
    0x08: ("diode", ((3.0, 0, 4),)),
    0x09: (
        "capacitance",
        ((22e-9, -9, 3), (220e-9, -9, 2), (2.2e-6, -6, 4), (22e-6, -6, 3), (220e-6, -6, 2), (2.2e-3, -3, 4),
         (22e-3, -3, 3), (220e-3, -3, 2)),
    ),
    0x0A: ("temperature", ((300.0, 0, 1), (1000.0, 0, 0))),
    0x0B: ("fahrenheit", ((572.0, 0, 1), (1832.0, 0, 0))),
    0x0C: ("dc_current", _MICRO),
    0x0D: ("ac_current", _MICRO),
    0x0E: ("dc_current", _MILLI),
    0x0F: ("ac_current", _MILLI),
    0x10: ("dc_current", _AMPERES),
    0x11: ("ac_current", _AMPERES),
    0x18: ("ac_voltage", _VOLTS),  # with the low-pass filter
}  # fmt: skip
_LOW_PASS = 0x18
_WITHOUT_UNIT = frozenset(range(0x12, 0x1F)) - {_LOW_PASS}
_NUMBER = re.compile(rb" *(-?) *(\d+)(?:\.(\d*))? *")

_FLAGS: tuple[tuple[int, int, Flag], ...] = (
    (11, 8, Flag.MAX),
    (11, 4, Flag.MIN),
    (11, 2, Flag.HOLD),
    (11, 1, Flag.RELATIVE),
    (12, 2, Flag.LOW_BATTERY),
    (13, 4, Flag.PEAK_MAX),
    (13, 2, Flag.PEAK_MIN),
)
_MANUAL = (12, 4)


def decode(frame: bytes) -> DmmReading:
    """Return what a whole frame shows.

    Raise `DmmError` for a damaged frame and for an answer that is no reading (an acknowledgement, the name),
    `UnsupportedFunction` for functions without a unit here (hFE, NCV, AC+DC, …).
    """
    payload = hid_uart.unpack(frame)
    if len(payload) != _PAYLOAD_BYTES:
        raise DmmError(f"a frame of {len(payload)} bytes is no reading of a UT61E+, which has {_PAYLOAD_BYTES}")
    mode, index = payload[0], payload[1] - 0x30
    if mode in _WITHOUT_UNIT:
        raise UnsupportedFunction(f"the meter stands at a function without a unit here (mode {mode})")
    if mode not in _MODES:
        raise DmmError(f"mode {mode} of a UT61E+ frame is unknown")
    function, ranges = _MODES[mode]
    scale = ranges[index] if 0 <= index < len(ranges) else None
    if scale is None:
        raise DmmError(f"range {payload[1]:#04x} of a UT61E+ frame does not exist for {function}")
    full: float | None = scale[0]
    _, prefix, decimals = scale
    flags = {flag for byte, bit, flag in _FLAGS if payload[byte] & bit}
    if not payload[_MANUAL[0]] & _MANUAL[1]:
        flags.add(Flag.AUTO)
    if mode == _LOW_PASS:
        flags.add(Flag.LOW_PASS_FILTER)
    if function[:3] in ("ac_", "dc_"):
        flags.add(Flag.AC if function.startswith("ac_") else Flag.DC)
    display = payload[2:9]
    if b"-" in display:
        flags.add(Flag.NEGATIVE)
    if display.replace(b" ", b"").replace(b".", b"").lstrip(b"-") == b"OL":
        counts, exponent, overload = 0, prefix - decimals, True
    else:
        counts, exponent, overload = *_counts(display, prefix), False
    if function == "fahrenheit":
        # In hundredths of a degree Celsius, so that counts stay whole.
        function, full = "temperature", None
        counts, exponent = round((counts * 10.0**exponent - 32) * 500 / 9), -2
    return make_reading(function, counts, exponent, frozenset(flags), range_value=full, overload=overload)


def _counts(display: bytes, prefix: int) -> tuple[int, int]:
    number = _NUMBER.fullmatch(display)
    if number is None:
        raise DmmError(f"the display {display!r} of a UT61E+ frame is no number")
    sign, whole, decimals = number.groups()
    counts = int(whole + (decimals or b""))
    return -counts if sign else counts, prefix - len(decimals or b"")


def identity(frame: bytes) -> str | None:
    """Return the name that a frame carries as an answer to `IDENTITY_REQUEST`, or ``None`` for another answer."""
    payload = hid_uart.unpack(frame)
    text = payload.decode("ascii", errors="replace").strip("\0 ")
    return text if text.isprintable() and text.startswith("UT") else None


def encode_identity(model: str) -> bytes:
    """Return the answer to `IDENTITY_REQUEST` of a meter called ``model``."""
    return hid_uart.pack(model.encode("ascii"))


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``, as a UT61E+ would send it.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value, and a voltage is
    never shown in the 220 mV range, which has its own knob position. A value beyond the range, or ``inf``, gives OL.
    Raise `DmmError` for a function that the meter lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    rows = sorted(
        (scale, mode, index)
        for mode, (kind, ranges) in _MODES.items()
        for index, scale in enumerate(ranges)
        if kind == function and scale is not None and mode != _LOW_PASS
    )
    if not rows or function == "fahrenheit":
        raise DmmError(f"a UT61E+ does not measure {function!r}")
    if range_value is None and function.endswith("voltage"):
        rows = rows[1:]
    wanted = abs(value) if range_value is None else range_value
    scale, mode, index = next((row for row in rows if wanted <= row[0][0] * (1 + 1e-9)), rows[-1])
    full, prefix, decimals = scale
    shown = set(flags)
    if abs(value) > full * (1 + 1e-9):
        display = "-OL." if value < 0 else "OL."
    else:
        display = f"{value / 10.0**prefix:.{decimals}f}"
    bits = dict.fromkeys((11, 12, 13), 0x30)
    for byte, bit, flag in _FLAGS:
        if flag in shown:
            bits[byte] |= bit
    if Flag.AUTO not in shown:
        bits[_MANUAL[0]] |= _MANUAL[1]
    payload = bytes([mode, 0x30 + index]) + display.rjust(7).encode("ascii") + bytes(2)
    return hid_uart.pack(payload + bytes(bits[byte] for byte in (11, 12, 13)))
