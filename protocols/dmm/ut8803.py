"""UNI-T UT8803 and UT8803E bench meters: three frames a second by themselves, 9600 baud 8N1 behind a CP2110.

The payload of a reading is ``02 mode range value[6] state[7]``; the value is text with its decimal point, and mode and
range give its unit. After philpagel/ut8803e and Laserlicht/ut8803-decoder, who found it out on the meter; the maker
publishes no description.
"""

import math
import re
from collections.abc import Iterable

from protocols.dmm import hid_uart
from protocols.dmm.hid_uart import FrameReader
from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading

__all__ = ["BAUD_RATE", "FULL_COUNTS", "FrameReader", "decode", "encode"]

BAUD_RATE = 9600
FULL_COUNTS = 6000

_PAYLOAD_BYTES = 16
_READING = 0x02
_VOLTS = ((0.6, -3, 1), (6.0, 0, 3), (60.0, 0, 2), (600.0, 0, 1))
_MICRO = ((600e-6, -6, 1), (6e-3, -3, 3))
_MILLI = ((60e-3, -3, 2), (600e-3, -3, 1))
_AMPERES = ((10.0, 0, 2),)

# Mode: function, then full scale, exponent of the prefix and decimals of each range. An empty tuple: range and unit
# prefix play no part.
_Range = tuple[float, int, int]
_MODES: dict[int, tuple[str, tuple[_Range, ...]]] = {
    0: ("ac_voltage", (*_VOLTS, (750.0, 0, 0))),
    1: ("dc_voltage", (*_VOLTS, (1000.0, 0, 0))),
    2: ("ac_current", _MICRO),
    3: ("ac_current", _MILLI),
    4: ("ac_current", _AMPERES),
    5: ("dc_current", _MICRO),
    6: ("dc_current", _MILLI),
    7: ("dc_current", _AMPERES),
    8: ("resistance", ((600.0, 0, 1), (6e3, 3, 3), (60e3, 3, 2), (600e3, 3, 1), (6e6, 6, 3), (60e6, 6, 2))),
    9: ("continuity", ((600.0, 0, 1),)),
    10: ("diode", ((6.0, 0, 3),)),
    14: (
        "capacitance",
        ((6e-9, -9, 3), (60e-9, -9, 2), (600e-9, -9, 1), (6e-6, -6, 3), (60e-6, -6, 2), (600e-6, -6, 1), (6e-3, -3, 3)),
    ),
    19: ("temperature", ()),
    20: ("fahrenheit", ()),
    21: ("frequency", ((600.0, 0, 1), (6e3, 3, 3), (60e3, 3, 2), (600e3, 3, 1), (6e6, 6, 3), (20e6, 6, 2))),
    22: ("duty_cycle", ()),
}
_WITHOUT_UNIT = {
    11: "inductance", 12: "the quality of a coil", 13: "the resistance of a coil", 15: "the loss of a capacitor",
    16: "the resistance of a capacitor", 17: "transistor gain", 18: "a thyristor test",
}  # fmt: skip
_NUMBER = re.compile(rb" *(-?) *(\d+)(?:\.(\d*))?[ \0]*")

# Bits of the state, by place in the payload.
_OVERLOAD, _ERROR, _MANUAL = (11, 4), (12, 4), (12, 2)
_FLAGS: tuple[tuple[int, int, Flag], ...] = (
    (11, 1, Flag.HOLD),
    (12, 1, Flag.RELATIVE),
    (13, 2, Flag.MAX),
    (13, 1, Flag.MIN),
)


def decode(frame: bytes) -> DmmReading:
    """Return what a whole frame shows.

    Raise `DmmError` for a damaged frame, a reading that the meter itself marks as an error, and an answer that is no
    reading; `UnsupportedFunction` for functions without a unit here (inductance, hFE, …).
    """
    payload = hid_uart.unpack(frame)
    if len(payload) != _PAYLOAD_BYTES or payload[0] != _READING:
        raise DmmError(f"a frame of kind {payload[0]:#04x} and {len(payload)} bytes is no reading of a UT8803")
    mode, index = payload[1], payload[2] - 0x30
    if mode in _WITHOUT_UNIT:
        raise UnsupportedFunction(f"the meter shows {_WITHOUT_UNIT[mode]}")
    if mode not in _MODES:
        raise DmmError(f"mode {mode} of a UT8803 frame is unknown")
    function, ranges = _MODES[mode]
    full: float | None = None
    prefix, decimals = 0, 1
    if function in ("continuity", "diode"):
        full, prefix, decimals = ranges[0]
    elif ranges:
        if not 0 <= index < len(ranges):
            raise DmmError(f"range {payload[2]:#04x} of a UT8803 frame does not exist for {function}")
        full, prefix, decimals = ranges[index]
    elif function == "duty_cycle":
        full = 100.0
    if payload[_ERROR[0]] & _ERROR[1]:
        raise DmmError("the UT8803 marks its reading as an error; check what is connected")
    flags = {flag for byte, bit, flag in _FLAGS if payload[byte] & bit}
    if not payload[_MANUAL[0]] & _MANUAL[1]:
        flags.add(Flag.AUTO)
    if function[:3] in ("ac_", "dc_"):
        flags.add(Flag.AC if function.startswith("ac_") else Flag.DC)
    value = payload[3:9]
    overload = bool(payload[_OVERLOAD[0]] & _OVERLOAD[1])
    if b"-" in value:
        flags.add(Flag.NEGATIVE)
    counts, exponent = (0, prefix - decimals) if overload else _counts(value, prefix)
    if function == "fahrenheit":
        # In hundredths of a degree Celsius, so that counts stay whole.
        function, counts, exponent = "temperature", round((counts * 10.0**exponent - 32) * 500 / 9), -2
    return make_reading(function, counts, exponent, frozenset(flags), range_value=full, overload=overload)


def _counts(value: bytes, prefix: int) -> tuple[int, int]:
    number = _NUMBER.fullmatch(value)
    if number is None:
        raise DmmError(f"the value {value!r} of a UT8803 frame is no number")
    sign, whole, decimals = number.groups()
    counts = int(whole + (decimals or b""))
    return -counts if sign else counts, prefix - len(decimals or b"")


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``, as a UT8803 would send it.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value. A value beyond the
    range, or ``inf``, gives OL. Raise `DmmError` for a function that the meter lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    free = {"temperature": (1000.0, 0, 1), "duty_cycle": (100.0, 0, 1)}
    rows = sorted(
        (scale, mode, index)
        for mode, (kind, ranges) in _MODES.items()
        for index, scale in enumerate(ranges or ((free[kind],) if kind in free else ()))
        if kind == function
    )
    if not rows:
        raise DmmError(f"a UT8803 does not measure {function!r}")
    wanted = abs(value) if range_value is None else range_value
    scale, mode, index = next((row for row in rows if wanted <= row[0][0] * (1 + 1e-9)), rows[-1])
    full, prefix, decimals = scale
    shown = set(flags)
    state = dict.fromkeys(range(9, _PAYLOAD_BYTES), 0x30)
    for byte, bit, flag in _FLAGS:
        if flag in shown:
            state[byte] |= bit
    if Flag.AUTO not in shown:
        state[_MANUAL[0]] |= _MANUAL[1]
    text = "0"
    if abs(value) > full * (1 + 1e-9):
        state[_OVERLOAD[0]] |= _OVERLOAD[1]
    else:
        text = f"{value / 10.0**prefix:.{decimals}f}"
    payload = bytes([_READING, mode, 0x30 + index]) + text.rjust(6).encode("ascii")[:6] + bytes(state.values())
    return hid_uart.pack(payload)
