"""UNI-T UT71A … UT71E, UT804 and Voltcraft VC920, VC940, VC960: 11-byte frames at 2400 baud, 7O1.

A frame is ``digit4 … digit0 range function state1 state2 CR LF``; each byte before CR is 0x30 plus four bits, and ``:``
is a blank digit. Function table after Voltcraft's description of the interface (VC820 … VC960, section 3), ranges after
libsigrok's ut71x; compared with a recording of a VC940 (sigrok-dumps, uart/voltcraft_vc940).
"""

import math
from collections.abc import Iterable

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading, scaled
from protocols.dmm.reading import FrameReader as _FrameReader

FRAME_BYTES = 11
BAUD_RATE = 2400
FULL_COUNTS = 40000

# Function nibble: quantity, coupling while neither state bit is set, exponents of ten of one count by range.
_FUNCTIONS: dict[int, tuple[str, str, dict[int, int]]] = {
    0x0: ("voltage", "ac", {0: -5}),
    0x1: ("voltage", "dc", {1: -4, 2: -3, 3: -2, 4: -1}),
    0x2: ("voltage", "ac", {1: -4, 2: -3, 3: -2, 4: -1}),
    0x3: ("voltage", "dc", {0: -5}),
    0x4: ("resistance", "", {1: -2, 2: -1, 3: 0, 4: 1, 5: 2, 6: 3}),
    0x5: ("capacitance", "", {1: -12, 2: -11, 3: -10, 4: -9, 5: -8, 6: -7, 7: -6}),
    0x6: ("temperature", "", {0: -1}),
    0x7: ("current", "dc", {0: -8, 1: -7}),
    0x8: ("current", "dc", {0: -6, 1: -5}),
    0x9: ("current", "dc", {1: -3}),
    0xA: ("continuity", "", dict.fromkeys(range(8), -1)),
    0xB: ("diode", "", {0: -4}),
    0xC: ("frequency", "", {0: -3, 1: -2, 2: -1, 3: 0, 4: 1, 5: 2, 6: 3, 7: 4}),
    0xD: ("fahrenheit", "", {0: -1}),
}
_WITHOUT_UNIT = {0xE: "a function that its description leaves empty", 0xF: "the percentage of a 4-20 mA loop"}
_AC, _DC = 1, 2  # state 1
_AUTO, _MANUAL, _SIGN = 1, 2, 4  # state 2
_OVER, _UNDER = b"::0<:", b":<0::"


def is_frame(data: bytes) -> bool:
    """Tell whether these 11 bytes have the form of a frame."""
    return len(data) == FRAME_BYTES and data[9:] == b"\r\n" and all(byte >> 4 == 3 for byte in data[:9])


class FrameReader(_FrameReader):
    """Finds UT71x frames in a byte stream: feed it bytes, it returns frames."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES, is_frame)


def decode(frame: bytes) -> DmmReading:
    """Return what a frame of 11 bytes shows.

    A display of four digits (resistance on a VC940) has ten times the step of one with five. Temperatures are
    turned into °C. Raise `DmmError` for a damaged frame, `UnsupportedFunction` for AC+DC, the 4-20 mA loop and the
    function that the description leaves empty.
    """
    if not is_frame(frame):
        raise DmmError(f"no UT71x frame: {frame[:16].hex(' ')}; check 2400 baud, 7 data bits, odd parity")
    index, code, state1, state2 = (byte & 0x0F for byte in frame[5:9])
    if code in _WITHOUT_UNIT:
        raise UnsupportedFunction(f"the meter shows {_WITHOUT_UNIT[code]}")
    if state2 & _AUTO and state2 & _MANUAL:
        raise DmmError("a UT71x frame says both automatic and manual range")
    quantity, coupling, table = _FUNCTIONS[code]
    if index not in table:
        raise DmmError(f"range {index} of a UT71x frame does not exist for {quantity}")
    counts, exponent, full_counts, overload, underload = _digits(frame, table[index])
    flags = {Flag.AUTO} if state2 & _AUTO else set()
    function = quantity
    if coupling:
        if state1 & _AC and state1 & _DC:
            raise UnsupportedFunction("the meter shows AC+DC, which is neither an AC nor a DC value")
        coupling = "ac" if state1 & _AC else "dc" if state1 & _DC else coupling
        function = f"{coupling}_{quantity}"
        flags.add(Flag.AC if coupling == "ac" else Flag.DC)
    full: float | None = scaled(full_counts, exponent)
    if state2 & _SIGN:
        if quantity == "frequency":  # the sign turns a frequency into a duty cycle
            function = "duty_cycle"
        else:
            counts = -counts
            flags.add(Flag.NEGATIVE)
    match function:
        case "duty_cycle":
            full = 100.0
        case "temperature" | "fahrenheit":
            full = None
    if function == "fahrenheit":
        # In hundredths of a degree Celsius, so that counts stay whole.
        function, counts, exponent = "temperature", round((counts * 10.0**exponent - 32) * 500 / 9), -2
    return make_reading(
        function, counts, exponent, frozenset(flags), range_value=full, overload=overload, underload=underload
    )


def _digits(frame: bytes, exponent: int) -> tuple[int, int, int, bool, bool]:
    """Return counts, exponent, full counts, overload and underload of the display."""
    digits = frame[:5]
    if digits in (_OVER, _UNDER):
        return 0, exponent, FULL_COUNTS, digits == _OVER, digits == _UNDER
    if digits[4:] == b":" and digits[:4].isdigit():
        return int(digits[:4]), exponent + 1, FULL_COUNTS // 10, False, False
    if not digits.isdigit():
        raise DmmError(f"digits {digits.decode('ascii')!r} of a UT71x frame are no decimal digits")
    return int(digits), exponent, FULL_COUNTS, False, False


# Of the functions that can show a quantity, those that a VC940 uses for its ranges, smallest first.
_ENCODED: dict[str, tuple[int, ...]] = {
    "dc_voltage": (0x3, 0x1),
    "ac_voltage": (0x0, 0x2),
    "dc_current": (0x7, 0x8, 0x9),
    "ac_current": (0x7, 0x8, 0x9),
    "resistance": (0x4,),
    "capacitance": (0x5,),
    "temperature": (0x6,),
    "continuity": (0xA,),
    "diode": (0xB,),
    "frequency": (0xC,),
    "duty_cycle": (0xC,),
}


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function`` with five digits.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value, and a voltage is
    never shown in the 400 mV range, which has its own knob position. A value beyond the range, or ``inf``, gives OL.
    Raise `DmmError` for a function that the meter lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    if function not in _ENCODED:
        raise DmmError(f"a UT71x does not measure {function!r}")
    rows = [(exponent, code, index) for code in _ENCODED[function] for index, exponent in _FUNCTIONS[code][2].items()]
    if function == "duty_cycle":
        rows = [(-2, 0xC, 1)]
    elif function == "continuity":
        rows = rows[:1]
    wanted = abs(value) if range_value is None else range_value
    if range_value is None and function.endswith("voltage"):
        rows = rows[1:]
    limit = 99999 if function == "frequency" else 10000 if function == "duty_cycle" else FULL_COUNTS
    exponent, code, index = next((row for row in rows if wanted <= limit * 10.0 ** row[0] * (1 + 1e-9)), rows[-1])
    overload = abs(value) >= (limit + 0.5) * 10.0**exponent
    digits = _OVER if overload else f"{round(abs(value) / 10.0**exponent):05d}".encode("ascii")
    state1 = _AC if function.startswith("ac_") else 0
    state2 = (_AUTO if Flag.AUTO in set(flags) else _MANUAL) | (_SIGN if value < 0 or function == "duty_cycle" else 0)
    return digits + bytes(0x30 | bits for bits in (index, code, state1, state2)) + b"\r\n"
