"""Brymen BM867, BM869 and their s models: 24-byte images of the display, sent through the BU-86X USB-HID cable.

The image comes as three HID reports of 8 bytes, one for each `REQUEST`. Segments after Brymen's description of the
BM860/BM860s protocol as libsigrok's bm86x and TheHWcave/BM869S-remote-access have it; bytes 16 to 19 are 0x86.
"""

import math
import re
from collections.abc import Iterable

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading
from protocols.dmm.reading import FrameReader as _FrameReader

FRAME_BYTES = 24
FULL_COUNTS = 50000
REQUEST = bytes((0x00, 0x00, 0x86, 0x66))
"""The output report that asks for one image; its first byte is the report number 0."""

_MODEL = b"\x86\x86\x86\x86"
# Segments of one digit (bits 7 to 1: b g c d a f e), without bit 0, which is the decimal point before it.
_SEGMENTS = {
    0xBE: "0", 0xA0: "1", 0xDA: "2", 0xF8: "3", 0xE4: "4", 0x7C: "5", 0x7E: "6", 0xA8: "7", 0xFE: "8", 0xFC: "9",
    0x00: " ", 0x16: "L", 0xF2: "d", 0x20: "i", 0x72: "o", 0x40: "-", 0x1E: "C", 0x4E: "F", 0x62: "n", 0x5E: "E",
    0x42: "r",
}  # fmt: skip
_DIGITS = {text: bits for bits, text in _SEGMENTS.items()}

# (byte, bit) of the annunciators.
_DC, _AC, _AUTO, _HOLD, _RELATIVE, _BATTERY = (1, 0x10), (2, 0x01), (1, 0x01), (1, 0x08), (3, 0x01), (9, 0x80)
_MAX, _MIN, _AVERAGE = (1, 0x20), (1, 0x40), (1, 0x80)
_NEGATIVE = (2, 0x80)
_PROBES, _FIRST_PROBE = (2, 0x0A), (2, 0x02)  # T1 or T2, T1
_DIFFERENCE = (2, 0x04)  # T1-T2
_UNITS: tuple[tuple[tuple[int, int], str], ...] = (
    ((8, 0x01), "voltage"),
    ((14, 0x80), "current"),
    ((14, 0x20), "capacitance"),
    ((14, 0x10), "conductance"),
    ((15, 0x01), "frequency"),
    ((10, 0x01), "continuity"),
    ((15, 0x10), "resistance"),
    ((15, 0x02), "level"),
    ((15, 0x80), "duty_cycle"),
)
_PREFIXES = {(14, 0x40): -9, (15, 0x08): -6, (15, 0x04): -3, (15, 0x40): 3, (15, 0x20): 6}
_NUMBER = re.compile(r" *(-?) *(\d+)(?:\.(\d*))? *")
_OVERLOAD = re.compile(r"[ -]*0?\.?0?\.?L[ .]*")


def is_frame(data: bytes) -> bool:
    """Tell whether these 24 bytes have the four bytes that every image has."""
    return len(data) == FRAME_BYTES and data[16:20] == _MODEL


class FrameReader(_FrameReader):
    """Finds images in a byte stream (the reports' bytes joined): feed it bytes, it returns images."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES, is_frame)


def decode(frame: bytes) -> DmmReading:
    """Return what the main display of an image shows.

    Temperatures are turned into °C. The full scale is known where the position of the point tells it (voltages,
    currents, resistances) and the display has 50 000 counts. Raise `DmmError` for a damaged image,
    `UnsupportedFunction` for AC+DC, dBm, conductance and the difference of two temperatures.
    """
    if not is_frame(frame):
        raise DmmError(f"no image of a BM869: {frame[:24].hex(' ')}; check the cable")

    def on(place: tuple[int, int]) -> bool:
        return bool(frame[place[0]] & place[1])

    text = _text(frame[3:9])
    if on(_NEGATIVE):
        text = "-" + text
    function, letter = _function(frame, text)
    if letter:
        text = text[:-1]
    flags = {
        flag
        for place, flag in (
            (_AUTO, Flag.AUTO), (_HOLD, Flag.HOLD), (_RELATIVE, Flag.RELATIVE), (_BATTERY, Flag.LOW_BATTERY),
            (_NEGATIVE, Flag.NEGATIVE),
        )
        if on(place)
    }  # fmt: skip
    recorded = {flag for place, flag in ((_MAX, Flag.MAX), (_MIN, Flag.MIN), (_AVERAGE, Flag.AVERAGE)) if on(place)}
    # All three together say that a recording runs while the present value is shown.
    flags |= {Flag.RMR} if len(recorded) == 3 else recorded
    if function in ("voltage", "current"):
        if on(_AC) and on(_DC):
            raise UnsupportedFunction("the meter shows AC+DC, which is neither an AC nor a DC value")
        if not on(_AC) and not on(_DC):
            raise DmmError(f"an image of a BM869 with a {function} shows neither AC nor DC")
        function = f"{'ac' if on(_AC) else 'dc'}_{function}"
        flags.add(Flag.AC if on(_AC) else Flag.DC)
    prefixes = [exponent for place, exponent in _PREFIXES.items() if on(place)]
    if len(prefixes) > 1:
        raise DmmError(f"an image of a BM869 shows more than one prefix: {frame[14:16].hex(' ')}")
    prefix = prefixes[0] if prefixes else 0
    if _OVERLOAD.fullmatch(text):
        return make_reading(function, 0, prefix, frozenset(flags), range_value=None, overload=True)
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise DmmError(f"the display {text!r} of a BM869 is no number")
    sign, whole, decimals = number.groups()
    counts = int(whole + (decimals or "")) * (-1 if sign else 1)
    exponent = prefix - len(decimals or "")
    if letter == "F":
        # In hundredths of a degree Celsius, so that counts stay whole.
        counts, exponent = round((counts * 10.0**exponent - 32) * 500 / 9), -2
    return make_reading(
        function, counts, exponent, frozenset(flags), range_value=_full_scale(function, len(whole), prefix)
    )


def _full_scale(function: str, whole_digits: int, prefix: int) -> float | None:
    """Return the range that the point's position stands for: 5.0000, 50.000, 500.00 and 1000.0 V, and so on."""
    if function == "duty_cycle":
        return 100.0
    if function not in ("dc_voltage", "ac_voltage", "resistance", "dc_current", "ac_current"):
        return None
    if whole_digits > 3:
        return (1000.0 if function.endswith("voltage") else 5000.0) * 10.0**prefix
    if function.endswith("current") and prefix == 0 and whole_digits == 2:
        return 10.0
    return 5.0 * 10.0 ** (whole_digits - 1 + prefix)


def _function(frame: bytes, text: str) -> tuple[str, str]:
    """Return the function, and the letter C or F at the end of a temperature."""
    unit = next((name for (byte, bit), name in _UNITS if frame[byte] & bit), None)
    if unit in ("conductance", "level"):
        raise UnsupportedFunction(f"the meter shows a {unit}, which has no unit here")
    if unit is None:
        if frame[_DIFFERENCE[0]] & _DIFFERENCE[1]:
            raise UnsupportedFunction("the meter shows the difference of two temperatures")
        if frame[_PROBES[0]] & _PROBES[1] and text[-1:] in ("C", "F"):
            return "temperature", text[-1]
        raise UnsupportedFunction("the meter shows a number without a unit")
    if unit == "voltage" and _text(frame[10:14]).strip() == "diod":
        return "diode", ""
    return unit, ""


def _text(digits: bytes) -> str:
    """Return the characters of a row of digits, each with the point before it where it is lit."""
    text = ""
    for at, byte in enumerate(digits):
        bits = byte & 0xFE
        if bits not in _SEGMENTS:
            raise DmmError(f"segments {byte:#04x} of a BM869 form no character")
        # Bit 0 of the outer digits belongs to other annunciators.
        if byte & 1 and 0 < at < 5:
            text += "."
        text += _SEGMENTS[bits]
    return text


_Row = tuple[int, int, int]  # whole digits, decimals, exponent of the prefix
_ENCODED: dict[str, tuple[str, tuple[_Row, ...]]] = {
    "dc_voltage": ("voltage", ((3, 2, -3), (1, 4, 0), (2, 3, 0), (3, 2, 0), (4, 1, 0))),
    "ac_voltage": ("voltage", ((3, 2, -3), (1, 4, 0), (2, 3, 0), (3, 2, 0), (4, 1, 0))),
    "dc_current": ("current", ((3, 2, -6), (4, 1, -6), (2, 3, -3), (3, 2, -3), (1, 4, 0), (2, 3, 0))),
    "ac_current": ("current", ((3, 2, -6), (4, 1, -6), (2, 3, -3), (3, 2, -3), (1, 4, 0), (2, 3, 0))),
    "resistance": ("resistance", ((3, 2, 0), (1, 4, 3), (2, 3, 3), (3, 2, 3), (1, 4, 6), (2, 3, 6))),
    "continuity": ("continuity", ((3, 2, 0),)),
    "diode": ("voltage", ((1, 4, 0),)),
    "capacitance": (
        "capacitance",
        ((2, 2, -9), (3, 1, -9), (1, 3, -6), (2, 2, -6), (3, 1, -6), (1, 3, -3), (2, 2, -3)),
    ),
    "frequency": ("frequency", ((2, 3, 0), (3, 2, 0), (1, 4, 3), (2, 3, 3), (3, 2, 3), (1, 4, 6))),
    "temperature": ("", ((4, 1, 0),)),
    "duty_cycle": ("duty_cycle", ((2, 2, 0), (3, 1, 0))),
}


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the image of a BM869 that shows ``value`` (base unit) of ``function`` with 50 000 counts.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value. A value beyond the
    range, or ``inf``, gives 0.L. Raise `DmmError` for a function that the meter lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    if function not in _ENCODED:
        raise DmmError(f"a BM869 does not measure {function!r}")
    unit, rows = _ENCODED[function]

    def limit(row: _Row) -> float:
        whole, decimals, prefix = row
        full = _full_scale(function, whole, prefix)
        return (10.0**whole - 10.0**-decimals) * 10.0**prefix if full is None else full

    wanted = abs(value) if range_value is None else range_value
    row = next((row for row in rows if wanted <= limit(row) * (1 + 1e-9)), rows[-1])
    whole, decimals, prefix = row
    frame = bytearray(FRAME_BYTES)
    frame[16:20] = _MODEL

    if abs(value) > limit(row) * (1 + 1e-9):
        text = "  0.L "
    else:
        text = f"{abs(value) / 10.0**prefix:0{whole + 1 + decimals}.{decimals}f}"
    if function == "temperature":
        text = text.rstrip().rjust(6) + "C"
    _write(frame, 3, text.ljust(6 + text.count(".")))
    if function == "diode":
        _write(frame, 10, "diod")
    places = [place for place, name in _UNITS if name == unit]
    places += [place for place, exponent in _PREFIXES.items() if exponent == prefix]
    annunciators = {Flag.AUTO: _AUTO, Flag.HOLD: _HOLD, Flag.RELATIVE: _RELATIVE, Flag.MAX: _MAX, Flag.MIN: _MIN}
    places += [place for flag, place in annunciators.items() if flag in set(flags)]
    lit = {
        _AC: function.startswith("ac_"),
        _DC: function.startswith("dc_") or function == "diode",
        _NEGATIVE: value < 0,
        _FIRST_PROBE: function == "temperature",
    }
    for byte, bit in [*places, *(place for place, on in lit.items() if on)]:
        frame[byte] |= bit
    return bytes(frame)


def _write(frame: bytearray, first: int, text: str) -> None:
    """Light the segments of ``text``, each point with the character after it."""
    at = first
    for character, before in zip(text, " " + text, strict=False):
        if character != ".":
            frame[at] |= _DIGITS[character] | (before == ".")
            at += 1
