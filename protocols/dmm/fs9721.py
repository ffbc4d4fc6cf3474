"""Fortune FS9721_LP3, the chip of the Voltcraft VC820 and many others: 14-byte LCD images at 2400 baud 8N1.

Each byte carries its place (1 … 14) in the high nibble and four LCD segments in the low one (FS9721_LP3 data sheet,
"RS232 output"; compared with libsigrok's fs9721 and with frames of a VC820).
"""

import math
from collections.abc import Iterable, Mapping
from enum import IntEnum

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading, scaled
from protocols.dmm.reading import FrameReader as _FrameReader

FRAME_BYTES = 14
BAUD_RATE = 2400
FULL_COUNTS = 4000

_SEGMENTS = {
    0x7D: 0, 0x05: 1, 0x5B: 2, 0x1F: 3, 0x27: 4, 0x3E: 5, 0x7E: 6, 0x15: 7, 0x7F: 8, 0x3F: 9,
    0x00: 0,  # a digit left blank
}  # fmt: skip
_DIGIT_SEGMENTS = [0x7D, 0x05, 0x5B, 0x1F, 0x27, 0x3E, 0x7E, 0x15, 0x7F, 0x3F]
_LETTER_L = 0x68

_FLAGS: tuple[tuple[int, int, Flag], ...] = (
    (0, 8, Flag.AC),
    (0, 4, Flag.DC),
    (0, 2, Flag.AUTO),
    (1, 8, Flag.NEGATIVE),
    (11, 2, Flag.RELATIVE),
    (11, 1, Flag.HOLD),
    (12, 1, Flag.LOW_BATTERY),
)
_RS232 = (0, 1)
_PREFIXES = {(9, 8): -6, (9, 4): -9, (9, 2): 3, (10, 8): -3, (10, 2): 6}
_UNITS = {(12, 2): "Hz", (11, 4): "Ohm", (11, 8): "F", (12, 8): "A", (12, 4): "V", (10, 4): "%"}
_DIODE, _BEEPER = (9, 1), (10, 1)
_POINTS = {(3, 8): -3, (5, 8): -2, (7, 8): -1}


class Symbol(IntEnum):
    """The four segments that each meter's maker uses as he likes (bits of the last byte)."""

    C2C1_00 = 1
    C2C1_01 = 2
    C2C1_10 = 4
    C2C1_11 = 8


class Meaning(IntEnum):
    """What a maker has printed on such a segment."""

    CELSIUS = 1
    FAHRENHEIT = 2
    MIN = 3
    MAX = 4


def is_frame(data: bytes) -> bool:
    """Tell whether these 14 bytes have the form of a frame: the high nibbles count from 1 to 14."""
    return len(data) == FRAME_BYTES and all(byte >> 4 == place for place, byte in enumerate(data, start=1))


class FrameReader(_FrameReader):
    """Finds FS9721 frames in a byte stream: feed it bytes, it returns frames."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES, is_frame)


def decode(frame: bytes, symbols: Mapping[Symbol, Meaning] | None = None) -> DmmReading:
    """Return what a frame of 14 bytes shows.

    ``symbols`` tells what the maker's own segments mean (none on a VC820; ``{Symbol.C2C1_00: Meaning.CELSIUS}`` on a
    VC840). The full scale is that of the 4000-count chip, and unknown for frequencies. Raise `DmmError` for a
    damaged frame, `UnsupportedFunction` for a display without a unit.
    """
    if not is_frame(frame):
        raise DmmError(f"no FS9721 frame: {frame[:16].hex(' ')}; check 2400 baud, 8 data bits, no parity")

    def on(place: tuple[int, int]) -> bool:
        return bool(frame[place[0]] & place[1])

    meanings = {meaning for symbol, meaning in (symbols or {}).items() if frame[13] & symbol}
    flags = frozenset(flag for byte, bit, flag in _FLAGS if frame[byte] & bit)
    flags |= {flag for meaning, flag in ((Meaning.MIN, Flag.MIN), (Meaning.MAX, Flag.MAX)) if meaning in meanings}
    prefixes = [exponent for place, exponent in _PREFIXES.items() if on(place)]
    points = [exponent for place, exponent in _POINTS.items() if on(place)]
    units = [unit for place, unit in _UNITS.items() if on(place)]
    if len(prefixes) > 1 or len(points) > 1 or len(units) > 1 or {Flag.AC, Flag.DC} <= flags or not on(_RS232):
        raise DmmError(f"contradictory segments in an FS9721 frame: {frame.hex(' ')}")
    if on(_DIODE) and units not in ([], ["V"]):
        raise DmmError(f"a diode test in {units[0]} in an FS9721 frame: {frame.hex(' ')}")

    overload, counts = _digits(frame)
    if Flag.NEGATIVE in flags:
        counts = -counts
    exponent = sum(prefixes) + sum(points)
    function = _function(units, flags, diode=on(_DIODE), beeper=on(_BEEPER), meanings=meanings)
    if Meaning.FAHRENHEIT in meanings and function == "temperature":
        # In hundredths of a degree Celsius, so that counts stay whole.
        celsius = (counts * 10.0**exponent - 32) * 5 / 9
        counts, exponent = round(celsius * 100), -2
    full = {"frequency": None, "temperature": None, "duty_cycle": 100.0}.get(function, scaled(FULL_COUNTS, exponent))
    return make_reading(function, counts, exponent, flags, range_value=full, overload=overload)


def _digits(frame: bytes) -> tuple[bool, int]:
    """Return whether the display shows OL, and the number on it without sign and point."""
    codes = [((frame[at] << 4) | (frame[at + 1] & 0x0F)) & 0x7F for at in (1, 3, 5, 7)]
    if _LETTER_L in codes:
        return True, 0
    counts = 0
    for code in codes:
        if code not in _SEGMENTS:
            raise DmmError(f"segments 0x{code:02x} of an FS9721 frame form no digit")
        counts = counts * 10 + _SEGMENTS[code]
    if codes[3] == 0:
        raise DmmError("the last digit of an FS9721 frame is blank")
    return False, counts


def _function(
    units: list[str], flags: frozenset[Flag], *, diode: bool, beeper: bool, meanings: set[Meaning]
) -> str:  # fmt: skip
    if meanings & {Meaning.CELSIUS, Meaning.FAHRENHEIT}:
        return "temperature"
    if diode:
        return "diode"
    if beeper:
        return "continuity"
    if not units:
        raise UnsupportedFunction("the meter shows a number without a unit")
    plain = {"Hz": "frequency", "Ohm": "resistance", "F": "capacitance", "%": "duty_cycle"}
    if units[0] in plain:
        return plain[units[0]]
    quantity = "voltage" if units[0] == "V" else "current"
    if Flag.DC in flags:
        return f"dc_{quantity}"
    if Flag.AC in flags:
        return f"ac_{quantity}"
    raise DmmError(f"an FS9721 frame of {quantity} shows neither AC nor DC")


# Ranges of a VC820: (exponent of ten of one count, exponent of the prefix shown), smallest first.
_RANGES = {
    "voltage": ((-4, -3), (-3, 0), (-2, 0), (-1, 0), (0, 0)),
    "current": ((-7, -6), (-6, -6), (-5, -3), (-4, -3), (-2, 0)),
    "resistance": ((-1, 0), (0, 3), (1, 3), (2, 3), (3, 6), (4, 6)),
    "capacitance": ((-12, -9), (-11, -9), (-10, -9), (-9, -6), (-8, -6), (-7, -6)),
    "frequency": ((-3, 0), (-2, 0), (-1, 0), (0, 3), (1, 3), (2, 3), (3, 6)),
    "diode": ((-3, 0),),
    "continuity": ((-1, 0),),
    "duty_cycle": ((-1, 0),),
}
_UNIT_OF = {
    "voltage": "V", "current": "A", "resistance": "Ohm", "capacitance": "F", "frequency": "Hz", "diode": "V",
    "continuity": "Ohm", "duty_cycle": "%",
}  # fmt: skip


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``, as a VC820 would send it.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value. A value beyond
    the range, or ``inf``, gives OL. AC or DC follows ``function``. Raise `DmmError` for an unknown function or
    ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    kind = function[3:] if function.startswith(("ac_", "dc_")) else function
    if kind not in _RANGES or (function == kind and kind in {"voltage", "current"}):
        raise DmmError(f"a VC820 does not measure {function!r}")
    limit = 9999 if kind == "frequency" else 1000 if kind == "duty_cycle" else FULL_COUNTS - 1
    wanted = abs(value) if range_value is None else range_value * (1 - 1 / FULL_COUNTS)
    exponent, prefix = next(
        (row for row in _RANGES[kind] if wanted <= (limit + 0.49) * 10.0 ** row[0]), _RANGES[kind][-1]
    )
    overload = abs(value) > (limit + 0.49) * 10.0**exponent
    frame = bytearray(place << 4 for place in range(1, FRAME_BYTES + 1))

    def put(place: tuple[int, int]) -> None:
        frame[place[0]] |= place[1]

    if overload:
        codes = [0x00, 0x7D, _LETTER_L, 0x00]
    else:
        codes = [_DIGIT_SEGMENTS[int(digit)] for digit in f"{round(abs(value) / 10.0**exponent):04d}"]
    for at, code in zip((1, 3, 5, 7), codes, strict=True):
        frame[at] |= code >> 4
        frame[at + 1] |= code & 0x0F
    shown = set(flags) - {Flag.AC, Flag.DC, Flag.NEGATIVE}
    if function != kind:
        shown.add(Flag.AC if function.startswith("ac_") else Flag.DC)
    if value < 0:
        shown.add(Flag.NEGATIVE)
    for byte, bit, flag in _FLAGS:
        if flag in shown:
            put((byte, bit))
    put(_RS232)
    for places, wanted_value in (
        (_PREFIXES, prefix),
        (_POINTS, exponent - prefix),
        (_UNITS, _UNIT_OF[kind]),
    ):
        for place, meaning in places.items():
            if meaning == wanted_value:
                put(place)
    if kind == "diode":
        put(_DIODE)
    if kind == "continuity":
        put(_BEEPER)
    return bytes(frame)
