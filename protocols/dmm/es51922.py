"""Cyrustek ES51922, the chip of the UNI-T UT61E: 14-byte frames at 19200 baud, 7 data bits, odd parity.

A frame is ``range digit4 … digit0 function status option1 option2 option3 option4 CR LF``; each byte before CR is
0x30 plus four bits. Tables after the ES51922 data sheet ("RS232 serial port"), compared with libsigrok's es519xx
and with frames of a UT61E.
"""

import math
from collections.abc import Iterable

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading, scaled
from protocols.dmm.reading import FrameReader as _FrameReader

FRAME_BYTES = 14
BAUD_RATE = 19200
FULL_COUNTS = 22000

_VOLTAGE = {0: -4, 1: -3, 2: -2, 3: -1, 4: -5}
_CURRENT = {
    "=": {0: -8, 1: -7},  # automatic, lower and higher µA range
    "?": {0: -6, 1: -5},  # automatic, lower and higher mA range
    "0": {0: -3},  # the 22 A input
    "9": {0: -4, 1: -3, 2: -2, 3: -1, 4: 0},  # manual A
}
_CURRENT_VBAR = {"=": {0: -2, 1: -1}, "?": {0: -3, 1: -2}}
_RESISTANCE = {0: -2, 1: -1, 2: 0, 3: 1, 4: 2, 5: 3, 6: 4}
_FREQUENCY = {0: -2, 1: -1, 3: 0, 4: 1, 5: 2, 6: 3, 7: 4}
_CAPACITANCE = {0: -12, 1: -11, 2: -10, 3: -9, 4: -8, 5: -7, 6: -6, 7: -5}
_PLAIN = {
    "3": ("resistance", _RESISTANCE),
    "6": ("capacitance", _CAPACITANCE),
    "1": ("diode", {0: -4}),
    "5": ("continuity", {0: -2}),
}
_ADAPTERS = ">8:<"  # ADP0 … ADP3

# Bits of status and options, most significant first.
_OPTION_FLAGS: tuple[tuple[int, int, Flag], ...] = (
    (7, 4, Flag.NEGATIVE),
    (7, 2, Flag.LOW_BATTERY),
    (8, 8, Flag.MAX),
    (8, 4, Flag.MIN),
    (8, 2, Flag.RELATIVE),
    (8, 1, Flag.RMR),
    (9, 4, Flag.PEAK_MAX),
    (9, 2, Flag.PEAK_MIN),
    (10, 8, Flag.DC),
    (10, 4, Flag.AC),
    (10, 2, Flag.AUTO),
    (11, 2, Flag.HOLD),
    (11, 1, Flag.LOW_PASS_FILTER),
)
_JUDGE, _OVERLOAD, _UNDERLOAD, _VAHZ, _VBAR = (7, 8), (7, 1), (9, 8), (10, 1), (11, 4)


def is_frame(data: bytes) -> bool:
    """Tell whether these 14 bytes have the form of a frame."""
    return len(data) == FRAME_BYTES and data[12:] == b"\r\n" and all(byte >> 4 == 3 for byte in data[:12])


class FrameReader(_FrameReader):
    """Finds ES51922 frames in a byte stream: feed it bytes, it returns frames."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES, is_frame)


def decode(frame: bytes) -> DmmReading:
    """Return what a frame of 14 bytes shows.

    Temperatures are in °C: the digits are Celsius whichever unit the display is set to. Raise `DmmError` for a
    damaged frame, `UnsupportedFunction` for the adapter inputs ADP0 … ADP3.
    """
    if not is_frame(frame):
        raise DmmError(f"no ES51922 frame: {frame[:16].hex(' ')}; check 19200 baud, 7 data bits, odd parity")
    digits = frame[1:6]
    if not digits.isdigit():
        raise DmmError(f"digits {digits.decode('ascii')!r} of an ES51922 frame are no decimal digits")
    flags = frozenset(flag for byte, bit, flag in _OPTION_FLAGS if frame[byte] & bit)
    if {Flag.AC, Flag.DC} <= flags:
        raise DmmError("an ES51922 frame says both AC and DC")

    def bit(place: tuple[int, int]) -> bool:
        return bool(frame[place[0]] & place[1])

    range_index = frame[0] & 0x0F
    function, exponent = _function(frame, flags, judge=bit(_JUDGE), hertz=bit(_VAHZ), vbar=bit(_VBAR))
    counts = int(digits) * (-1 if Flag.NEGATIVE in flags else 1)
    match function:
        case "duty_cycle":
            full: float | None = 100.0
        case "frequency" if range_index < 2:  # 22.00 Hz and 220.0 Hz show four digits
            full = scaled(2200, exponent)
        case _:
            full = scaled(FULL_COUNTS, exponent)
    return make_reading(
        function,
        counts,
        exponent,
        flags,
        range_value=full,
        overload=bit(_OVERLOAD),
        underload=bit(_UNDERLOAD),
    )


def _function(frame: bytes, flags: frozenset[Flag], *, judge: bool, hertz: bool, vbar: bool) -> tuple[str, int]:
    """Return the function and the exponent of ten of one count."""
    code = chr(frame[6])
    index = frame[0] & 0x0F
    if code == "2" or (hertz and (code == ";" or code in _CURRENT)):
        return ("duty_cycle", -1) if judge else ("frequency", _exponent(_FREQUENCY, index, "frequency"))
    if code == ";":
        return _coupled("voltage", flags), _exponent(_VOLTAGE, index, "voltage")
    if code in _CURRENT:
        table = _CURRENT_VBAR.get(code, _CURRENT[code]) if vbar else _CURRENT[code]
        return _coupled("current", flags), _exponent(table, index, "current")
    if code == "4":
        return "temperature", -1 if vbar else -2
    if code in _PLAIN:
        function, table = _PLAIN[code]
        return function, _exponent(table, index, function)
    if code in _ADAPTERS:
        raise UnsupportedFunction(f"the meter shows an adapter input (function byte {code!r}), which has no unit")
    raise DmmError(f"function byte {code!r} of an ES51922 frame is unknown")


def _exponent(table: dict[int, int], index: int, function: str) -> int:
    if index not in table:
        raise DmmError(f"range {index} of an ES51922 frame does not exist for {function}")
    return table[index]


def _coupled(quantity: str, flags: frozenset[Flag]) -> str:
    if Flag.DC in flags:
        return f"dc_{quantity}"
    if Flag.AC in flags:
        return f"ac_{quantity}"
    raise DmmError(f"an ES51922 frame of {quantity} says neither AC nor DC")


def _encodings(function: str) -> list[tuple[str, int, int, float]]:
    """Return (function byte, range, exponent, full scale) of each range of ``function``, smallest first."""
    rows: list[tuple[str, int, int]]
    match function:
        case "dc_voltage" | "ac_voltage":
            rows = [(";", index, exponent) for index, exponent in _VOLTAGE.items()]
        case "dc_current" | "ac_current":
            rows = [(code, i, exponent) for code in "=?0" for i, exponent in _CURRENT[code].items()]
        case "resistance":
            rows = [("3", index, exponent) for index, exponent in _RESISTANCE.items()]
        case "frequency":
            rows = [("2", index, exponent) for index, exponent in _FREQUENCY.items()]
        case "capacitance":
            rows = [("6", index, exponent) for index, exponent in _CAPACITANCE.items()]
        case "diode":
            rows = [("1", 0, -4)]
        case "continuity":
            rows = [("5", 0, -2)]
        case "duty_cycle":
            return [("2", 1, -1, 100.0)]
        case "temperature":
            rows = [("4", 0, -2), ("4", 0, -1)]
        case _:
            raise DmmError(f"an ES51922 does not measure {function!r}")
    few = function == "frequency"
    scales = [(c, i, e, (2200 if few and i < 2 else FULL_COUNTS) * scaled(1, e)) for c, i, e in rows]
    return sorted(scales, key=lambda row: row[3])


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``, as a UT61E would send it.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value, and a voltage
    is never shown in the 220 mV range, which has its own knob position. A value beyond the range, or ``inf``, gives
    OL; a duty cycle below 10 % gives UL. AC or DC follows ``function``. Raise `DmmError` for an unknown function or
    ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    ranges = _encodings(function)
    wanted = abs(value) if range_value is None else range_value
    if range_value is None and function.endswith("voltage"):
        ranges = ranges[1:]
    code, index, exponent, full = next((row for row in ranges if wanted <= row[3] * (1 + 1e-9)), ranges[-1])
    overload = abs(value) >= full + 10.0**exponent / 2
    underload = function == "duty_cycle" and value < 10
    counts = 22580 if overload else 0 if underload else round(abs(value) / 10.0**exponent)
    frame = bytearray(f"{index}{counts:05d}{code}00000\r\n".encode("ascii"))

    def put(place: tuple[int, int]) -> None:
        frame[place[0]] |= place[1]

    shown = set(flags) - {Flag.AC, Flag.DC, Flag.NEGATIVE}
    if function.startswith(("ac_", "dc_")):
        shown.add(Flag.AC if function.startswith("ac_") else Flag.DC)
    if value < 0:
        shown.add(Flag.NEGATIVE)
    for byte, bit, flag in _OPTION_FLAGS:
        if flag in shown:
            put((byte, bit))
    for place, on in (
        (_OVERLOAD, overload),
        (_UNDERLOAD, underload),
        (_JUDGE, function in {"duty_cycle", "temperature"}),
        (_VBAR, function == "temperature" and exponent == -1),
    ):
        if on:
            put(place)
    return bytes(frame)
