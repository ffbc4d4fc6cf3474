"""Fluke 287 and 289: ASCII questions and answers at 115200 baud 8N1 through the infrared cable.

Every answer begins with one digit (the acknowledgement) and CR. A reading is asked for with QDDA, since the shorter QM
tells neither the range nor that a value is held, relative or a minimum; both answers are read. After the Fluke 289/287
Remote Interface Specification (technical note, 2007).
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading, scaled

BAUD_RATE = 115200
FULL_COUNTS = 50000
REQUEST = b"QDDA\r"
"""Asks for all that the display shows."""
IDENTITY_REQUEST = b"ID\r"
"""Asks for model, software version and serial number."""

MAX_ANSWER_BYTES = 2000
_ACKNOWLEDGEMENTS = {"1": "a syntax error", "2": "an execution error", "5": "that it has no data"}
_READING_FIELDS = 9

_UNITS = {
    "VDC": "dc_voltage",
    "VAC": "ac_voltage",
    "ADC": "dc_current",
    "AAC": "ac_current",
    "OHM": "resistance",
    "OHMS": "resistance",
    "HZ": "frequency",
    "F": "capacitance",
    "CEL": "temperature",
    "FAR": "temperature",
    "PCT": "duty_cycle",
}
_MODES = {
    "AUTO_HOLD": Flag.HOLD,
    "HOLD": Flag.HOLD,
    "LOW_PASS_FILTER": Flag.LOW_PASS_FILTER,
    "MIN_MAX_AVG": Flag.RMR,
    "REL": Flag.RELATIVE,
    "REL_PERCENT": Flag.RELATIVE,
    "RECORD": None,
}
_NUMBER = re.compile(r"([-+]?)(\d+)(?:\.(\d*))?(?:[eE]([-+]?\d{1,3}))?")


class FrameReader:
    """Finds answers in a byte stream: an acknowledgement, and the line that follows when it is 0.

    ``dropped`` counts the bytes that belonged to no answer (echoes, line noise); at most `MAX_ANSWER_BYTES` are held.
    """

    def __init__(self) -> None:
        self._held = b""
        self._acknowledged = False
        self.dropped = 0

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take in bytes and return the answers that they complete, each as ``0 CR text CR`` or ``digit CR``."""
        *lines, self._held = (self._held + bytes(data)).split(b"\r")
        if len(self._held) > MAX_ANSWER_BYTES:
            self.dropped += len(self._held)
            self._held = b""
        answers: list[bytes] = []
        for raw in lines:
            line = raw.strip(b"\n")
            if line == b"0":
                self.dropped += 2 if self._acknowledged else 0
                self._acknowledged = True
            elif len(line) == 1 and line in b"125":
                self.dropped += 2 if self._acknowledged else 0
                self._acknowledged = False
                answers.append(line + b"\r")
            elif self._acknowledged and line and len(line) <= MAX_ANSWER_BYTES:
                self._acknowledged = False
                answers.append(b"0\r" + line + b"\r")
            else:
                self.dropped += len(raw) + 1
        return answers


def _fields(answer: bytes) -> list[str]:
    """Return the fields of an answer's text; raise `DmmError` when the meter refused or it is no answer."""
    try:
        acknowledgement, _, rest = answer.decode("ascii").partition("\r")
    except UnicodeDecodeError as error:
        raise DmmError(f"no answer of a Fluke 287: {answer[:24].hex(' ')}; check 115200 baud, 8 data bits") from error
    if acknowledgement in _ACKNOWLEDGEMENTS:
        raise DmmError(f"the Fluke 287 answers {_ACKNOWLEDGEMENTS[acknowledgement]}; leave its menu and ask again")
    text = rest.rstrip("\r").strip()
    if acknowledgement != "0" or not text or "\r" in text:
        raise DmmError(f"no answer of a Fluke 287: {answer[:24]!r}; check 115200 baud, 8 data bits, no parity")
    return [field.strip() for field in text.split(",")]


def identity(answer: bytes) -> str | None:
    """Return the identification that an answer carries, or ``None`` for another answer."""
    fields = _fields(answer)
    return ",".join(fields) if fields[0].startswith("FLUKE") else None


def encode_identity(model: str, *, serial: str = "95081087", firmware: str = "V1.16") -> bytes:
    """Return the answer to `IDENTITY_REQUEST` of a meter called ``model`` (``FLUKE 287``)."""
    return f"0\r{model.upper()},{firmware},{serial}\r".encode("ascii")


def decode(answer: bytes) -> DmmReading:
    """Return what the display shows, from an answer to QDDA or to QM.

    A QM answer has no range and no sign of a held value. Temperatures are turned into °C. Raise `DmmError` for an
    answer that is damaged or that refuses, `UnsupportedFunction` for what has no unit here (dB, conductance,
    AC+DC, pulse width, …).
    """
    fields = _fields(answer)
    if fields[0].startswith("FLUKE"):
        raise DmmError("the Fluke 287 answered its name, not a reading")
    if len(fields) == 4:
        return _reading(_Shown(*fields), "", frozenset(), None, None)
    return _decode_display(fields)


def _decode_display(fields: list[str]) -> DmmReading:
    """Read the fields of a QDDA answer: function, range, modes, then the readings, of which PRIMARY counts."""
    try:
        function = fields[0]
        automatic, range_unit, range_number, multiplier = fields[2:6]
        modes_end = 9 + int(fields[8])
        readings = int(fields[modes_end])
        full = (
            scaled(int(range_number), int(multiplier)) if abs(int(multiplier)) <= 12 and len(range_number) < 9 else None
        )
    except (ValueError, IndexError) as error:
        raise DmmError(f"{len(fields)} fields of a Fluke 287 do not make up a display: {fields[:9]}") from error
    rest = fields[modes_end + 1 :]
    if modes_end < 9 or len(rest) != readings * _READING_FIELDS:
        raise DmmError(f"the Fluke 287 announces {readings} values and sends {len(rest)} fields of them")
    if any(mode.upper().replace(" ", "_") not in _MODES for mode in fields[9:modes_end]):
        raise DmmError(f"a measurement mode of a Fluke 287 is unknown: {fields[9:modes_end]}")
    shown = [_MODES[mode.upper().replace(" ", "_")] for mode in fields[9:modes_end]]
    flags = {flag for flag in shown if flag is not None}
    if automatic == "AUTO":
        flags.add(Flag.AUTO)
    for at in range(0, len(rest), _READING_FIELDS):
        name, value, unit, scale, decimals, _, state, attribute, _ = rest[at : at + _READING_FIELDS]
        if name == "PRIMARY":
            full = full if unit == range_unit else None
            try:
                exponent = int(scale) - int(decimals)
            except ValueError as error:
                raise DmmError(f"the resolution {scale}, {decimals} of a Fluke 287 reading is no number") from error
            return _reading(_Shown(value, unit, state, attribute), function, frozenset(flags), full, exponent)
    raise DmmError("the display of the Fluke 287 has no primary reading")


@dataclass(frozen=True)
class _Shown:
    """One value as the meter writes it."""

    text: str
    unit: str
    state: str
    attribute: str


def _reading(
    shown: _Shown, knob: str, flags: frozenset[Flag], full: float | None, exponent: int | None
) -> DmmReading:  # fmt: skip
    unit, state = shown.unit.upper(), shown.state
    function = _UNITS.get(unit)
    if function is None:
        raise UnsupportedFunction(f"the meter shows a value in {shown.unit[:20]!r}, which has no unit here")
    if knob == "DIODE_TEST" or shown.attribute == "GOOD_DIODE":
        function = "diode"
    elif knob == "CONTINUITY":
        function = "continuity"
    if function[:3] in ("ac_", "dc_"):
        flags |= {Flag.AC if function.startswith("ac_") else Flag.DC}
    if state in ("OL", "OL_MINUS", "OPEN_TC"):
        # An overload is written as 9.99999999E+37, whose step is not the display's.
        flags |= {Flag.NEGATIVE} if state == "OL_MINUS" else frozenset()
        return make_reading(function, 0, exponent or 0, flags, range_value=full, overload=True)
    if state != "NORMAL":
        raise DmmError(f"the Fluke 287 shows no value now ({state[:20] or 'no state'}); wait and ask again")
    counts, step = _counts(shown.text, exponent)
    if counts < 0:
        flags |= {Flag.NEGATIVE}
    if unit == "FAR":
        # In hundredths of a degree Celsius, so that counts stay whole.
        counts, step, full = round((counts * 10.0**step - 32) * 500 / 9), -2, None
    return make_reading(function, counts, step, flags, range_value=full)


def _counts(text: str, exponent: int | None) -> tuple[int, int]:
    """Return counts and exponent of ten; the step is that of ``exponent``, or of the last digit written."""
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise DmmError(f"the value {text[:24]!r} of a Fluke 287 is no number")
    sign, whole, decimals, power = number.groups()
    decimals = decimals or ""
    written = int(power or 0) - len(decimals)
    counts = int(whole + decimals) * (-1 if sign == "-" else 1)
    if exponent is None:
        exponent = written
    if not (-20 <= written <= 40 and -20 <= exponent <= 20):
        raise DmmError(f"the value {text[:24]!r} of a Fluke 287 has an impossible step")
    if written >= exponent:
        return counts * 10 ** (written - exponent), exponent
    return round(counts / 10 ** (exponent - written)), exponent


# Full scale number, exponent of the prefix, decimals shown, knob position of each range, smallest first.
_ENCODED: dict[str, tuple[str, tuple[tuple[int, int, int, str], ...]]] = {
    "dc_voltage": (
        "VDC",
        ((50, -3, 3, "MV_DC"), (500, -3, 2, "MV_DC"), (5, 0, 4, "V_DC"), (50, 0, 3, "V_DC"), (500, 0, 2, "V_DC"),
         (1000, 0, 1, "V_DC")),
    ),
    "ac_voltage": (
        "VAC",
        ((50, -3, 3, "MV_AC"), (500, -3, 2, "MV_AC"), (5, 0, 4, "V_AC"), (50, 0, 3, "V_AC"), (500, 0, 2, "V_AC"),
         (1000, 0, 1, "V_AC")),
    ),
    "dc_current": (
        "ADC",
        ((500, -6, 2, "UA_DC"), (5000, -6, 1, "UA_DC"), (50, -3, 3, "MA_DC"), (500, -3, 2, "MA_DC"), (5, 0, 4, "A_DC"),
         (10, 0, 3, "A_DC")),
    ),
    "ac_current": (
        "AAC",
        ((500, -6, 2, "UA_AC"), (5000, -6, 1, "UA_AC"), (50, -3, 3, "MA_AC"), (500, -3, 2, "MA_AC"), (5, 0, 4, "A_AC"),
         (10, 0, 3, "A_AC")),
    ),
    "resistance": (
        "OHM",
        ((500, 0, 2, "OHMS"), (5, 3, 4, "OHMS"), (50, 3, 3, "OHMS"), (500, 3, 2, "OHMS"), (5, 6, 4, "OHMS"),
         (30, 6, 3, "OHMS")),
    ),
    "continuity": ("OHM", ((500, 0, 2, "CONTINUITY"),)),
    "diode": ("VDC", ((5, 0, 4, "DIODE_TEST"),)),
    "capacitance": ("F", tuple((10**i, p, 3 - i, "CAPACITANCE") for p in (-9, -6, -3) for i in range(3))),
    "temperature": ("CEL", ((1000, 0, 1, "TEMPERATURE"),)),
    "frequency": ("Hz", ((1000, 0, 2, "V_AC"), (100, 3, 2, "V_AC"), (1000, 3, 1, "V_AC"))),
    "duty_cycle": ("PCT", ((100, 0, 2, "V_DC"),)),
}  # fmt: skip


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the answer to QDDA of a meter that shows ``value`` (base unit) of ``function``.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value. A value beyond
    the range, or ``inf``, is an overload. Raise `DmmError` for a function that the meter lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    if function not in _ENCODED:
        raise DmmError(f"a Fluke 287 does not measure {function!r}")
    unit, rows = _ENCODED[function]
    wanted = abs(value) if range_value is None else range_value
    number, prefix, decimals, knob = next((row for row in rows if wanted <= scaled(*row[:2]) * (1 + 1e-9)), rows[-1])
    overload = abs(value) > scaled(number, prefix) * (1 + 1e-9)
    text = "+9.99999999E+37" if overload else f"{value / 10.0**prefix:.{decimals}f}E{prefix}"
    state = ("OL_MINUS" if value < 0 else "OL") if overload else "NORMAL"
    shown = set(flags)
    modes = [name for name, flag in (("HOLD", Flag.HOLD), ("REL", Flag.RELATIVE)) if flag in shown]
    # A frequency or duty cycle is shown above the voltage that it belongs to, and the range is that of the voltage.
    secondary = {"frequency": "HERTZ", "duty_cycle": "DUTY_CYCLE"}.get(function, "NONE")
    scale = ["VAC", "5", "0"] if secondary != "NONE" else [unit, str(number), str(prefix)]
    measured = [text, unit, str(prefix), str(decimals), "5", state, "NONE", "0.000"]
    fields: Sequence[str] = [
        knob, secondary, "AUTO" if Flag.AUTO in shown else "MANUAL", *scale, "OFF", "0.000", str(len(modes)), *modes,
        "2", "LIVE", *measured, "PRIMARY", *measured,
    ]  # fmt: skip
    return b"0\r" + ",".join(fields).encode("ascii") + b"\r"
