"""SCPI-99 values: what an instrument answers, and its error queue.

Numbers follow IEEE 488.2 (NR1, NR2, NR3, and the non-decimal forms); 9.9E37 stands for infinity (overload) and
9.91E37 for "not a number" (SCPI-99 volume 1, 7.2.1.5).
"""

import math
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.scpi_words import forms

INFINITY = 9.9e37
NOT_A_NUMBER = 9.91e37

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[+-]?\d+)?", re.ASCII)
_NON_DECIMAL = {"H": (16, r"[0-9A-Fa-f]+"), "Q": (8, r"[0-7]+"), "B": (2, r"[01]+")}
_NAMED = {"INF": math.inf, "INFINITY": math.inf, "NINF": -math.inf, "NINFINITY": -math.inf, "NAN": math.nan}
_NAMED |= {f"{sign}{name}": float(f"{sign}{name}") for sign in "+-" for name in ("INF", "INFINITY", "NAN")}
"""SCPI's names, and what C's library prints where firmware hands a float to it."""
_WITH_UNIT = re.compile(
    rf"({_DECIMAL.pattern})\s*(?:V|A|W|S|HZ|OHM|F|H|DEG|PCT|%|VPP|VRMS|SA/S)", re.ASCII | re.IGNORECASE
)
_RESPONSE_HEADER = re.compile(r"([:*]?[A-Za-z][\w:]*)[ \t]+(?=\S)", re.ASCII)
_MAX_NUMBER_CHARACTERS = 80
_MAX_STRING_CHARACTERS = 1 << 20

STANDARD_ERRORS = {
    0: "No error",
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -112: "Program mnemonic too long",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -120: "Numeric data error",
    -121: "Invalid character in number",
    -128: "Numeric data not allowed",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -148: "Character data not allowed",
    -151: "Invalid string data",
    -158: "String data not allowed",
    -161: "Invalid block data",
    -168: "Block data not allowed",
    -171: "Invalid expression",
    -178: "Expression data not allowed",
    -200: "Execution error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -240: "Hardware error",
    -310: "System error",
    -350: "Queue overflow",
    -363: "Input buffer overrun",
    -400: "Query error",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
}
"""Numbers and texts of SCPI-99 volume 2, 21.8."""


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One entry of an instrument's error queue; ``code`` 0 says that the queue is empty."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code},{format_string(self.text)}"


class ScpiError(ProtocolError):
    """A message that does not follow SCPI. ``code`` is the standard error number that an instrument reports for
    it."""

    def __init__(self, message: str, code: int = -100) -> None:
        super().__init__(message)
        self.code = code

    @property
    def entry(self) -> ErrorEntry:
        """The error queue entry: the standard text, with the particulars after a semicolon."""
        return ErrorEntry(self.code, f"{STANDARD_ERRORS.get(self.code, 'Command error')};{self}"[:255])


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def parse_number(text: str) -> float:
    """Return the value of a numeric answer.

    9.9E37, -9.9E37 and 9.91E37 (also ``INF``, ``NINF``, ``-inf``, ``NAN``) give ``inf``, ``-inf`` and ``nan``: an
    overload is a value that the caller must look at, never a huge reading. Raise `ScpiError` for anything else that is
    no number.
    """
    stripped = text.strip()
    if 0 < len(stripped) <= _MAX_NUMBER_CHARACTERS:
        if _DECIMAL.fullmatch(stripped):
            value = float("".join(stripped.split()))
            if math.isfinite(value):
                return _special(value)
        elif stripped.upper() in _NAMED:
            return _NAMED[stripped.upper()]
        elif stripped[0] == "#" and len(stripped) > 2 and stripped[1].upper() in _NON_DECIMAL:
            base, digits = _NON_DECIMAL[stripped[1].upper()]
            if re.fullmatch(digits, stripped[2:]):
                return float(int(stripped[2:], base))
    raise ScpiError(f"expected a number, found {_shown(text)}", -121)


def _special(value: float) -> float:
    if math.isclose(abs(value), INFINITY, rel_tol=1e-6):
        return math.copysign(math.inf, value)
    return math.nan if math.isclose(value, NOT_A_NUMBER, rel_tol=1e-6) else value


def parse_number_or_quantity(text: str) -> float:
    """Return a number as `parse_number` does, also one with a unit behind it (``5.00E-01V``), as some firmware has it.

    IEEE 488.2 (8.7) knows no suffix in answers; a unit without multiplier leaves no doubt about the value.
    """
    match = _WITH_UNIT.fullmatch(text.strip()[: _MAX_NUMBER_CHARACTERS + 10])
    return parse_number(match[1] if match else text)


def response_data(answer: str, asked: str) -> str:
    """Return ``answer`` without the header that repeats the one ``asked`` (IEEE 488.2, 8.3; ``:CHAN1:SCAL 5.0E-1``).

    Many instruments send it until it is switched off (``HEADer OFF``, ``CHDR OFF``). Long and short forms are the same;
    what is no such header stays.
    """
    match = _RESPONSE_HEADER.match(answer)
    if match is None:
        return answer
    told, wanted = (_last_word(header) for header in (match[1], asked.partition(" ")[0].rstrip("?")))
    return answer[match.end() :] if told in forms(wanted) else answer


def _last_word(header: str) -> str:
    return header.rpartition(":")[2].rstrip("0123456789").upper()


def parse_integer(text: str) -> int:
    """Return an integer answer (``+1``, ``12``, ``1.0E+3``, ``#HFF``); raise `ScpiError` when it has a fraction."""
    value = parse_number(text)
    if not math.isfinite(value) or value != int(value) or abs(value) >= 2**53:
        raise ScpiError(f"expected a whole number, found {_shown(text)}", -121)
    return int(value)


def parse_boolean(text: str) -> bool:
    """Return an ``0``/``1``/``OFF``/``ON`` answer (also ``1.0E+0``); raise `ScpiError` for anything else."""
    stripped = text.strip().upper()
    if stripped in {"OFF", "ON"}:
        return stripped == "ON"
    if len(stripped) <= _MAX_NUMBER_CHARACTERS and _DECIMAL.fullmatch(stripped):
        value = parse_number(stripped)
        if value in {0.0, 1.0}:
            return value == 1.0
    raise ScpiError(f"expected 0, 1, OFF or ON, found {_shown(text)}", -224)


def parse_string(text: str) -> str:
    """Return the contents of a quoted string, a doubled quote inside meaning one; raise `ScpiError` when it is
    none."""
    stripped = text.strip()
    if len(stripped) > _MAX_STRING_CHARACTERS:
        raise ScpiError(f"a string of {len(stripped)} characters; at most {_MAX_STRING_CHARACTERS} are accepted", -151)
    if len(stripped) >= 2 and stripped[0] in "\"'" and stripped[-1] == stripped[0]:
        quote, inner = stripped[0], stripped[1:-1]
        if quote not in inner.replace(quote * 2, ""):
            return inner.replace(quote * 2, quote)
    raise ScpiError(f"expected a quoted string, found {_shown(text)}", -151)


def split_list(text: str, separator: str = ",") -> list[str]:
    """Split an answer at ``separator`` outside quotes and parentheses; blanks around the parts are dropped.

    Raise `ScpiError` when a quote or parenthesis is left open. An empty answer is an empty list.
    """
    if not any(mark in text for mark in "\"'("):
        return [part.strip() for part in text.split(separator)] if text.strip() else []
    parts: list[str] = []
    start, depth, quote = 0, 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    if quote or depth:
        raise ScpiError(
            f"a {'quote' if quote else 'parenthesis'} is not closed in {_shown(text)}", -151 if quote else -171
        )
    parts.append(text[start:].strip())
    return parts


def parse_numbers(text: str) -> list[float]:
    """Return the numbers of a comma-separated answer; raise `ScpiError` naming the first that is none."""
    return [parse_number(part) for part in split_list(text)]


def parse_error(text: str) -> ErrorEntry:
    """Return an answer to ``SYSTem:ERRor?`` (``-113,"Undefined header"``); raise `ScpiError` when it is none.

    The text may be absent or unquoted, as some instruments have it.
    """
    code, _, description = text.partition(",")
    number = parse_integer(code)
    stripped = description.strip()
    return ErrorEntry(number, parse_string(stripped) if stripped[:1] in {'"', "'"} else stripped)


def format_number(value: float, digits: int = 9) -> str:
    """Return ``value`` as NR3 with ``digits`` significant digits (``+1.00000000E+00``); inf and nan as SCPI has
    them."""
    if math.isnan(value):
        value = NOT_A_NUMBER
    elif math.isinf(value):
        value = math.copysign(INFINITY, value)
    return f"{value:+.{digits - 1}E}"


def format_boolean(value: bool) -> str:
    """Return ``1`` or ``0``."""
    return "1" if value else "0"


def format_string(text: str) -> str:
    """Return ``text`` in double quotes, quotes inside doubled."""
    return '"' + text.replace('"', '""') + '"'


class ErrorQueue:
    """The error queue of an instrument (SCPI-99 volume 2, 21.8.1): first in, first out, with ``-350`` as last when
    full."""

    def __init__(self, size: int = 20) -> None:
        self._entries: deque[ErrorEntry] = deque()
        self._size = size

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, entry: ErrorEntry) -> None:
        """Add an entry; when there is no room, the newest one becomes -350, "Queue overflow"."""
        if len(self._entries) < self._size:
            self._entries.append(entry)
        else:
            self._entries[-1] = ErrorEntry(-350, STANDARD_ERRORS[-350])

    def pop(self) -> ErrorEntry:
        """Take the oldest entry; ``0,"No error"`` when there is none."""
        return self._entries.popleft() if self._entries else ErrorEntry(0, STANDARD_ERRORS[0])

    def clear(self) -> None:
        """Forget all entries (``*CLS``)."""
        self._entries.clear()


def join_response(parts: Iterable[str]) -> str:
    """Join the answers to the queries of one program message with semicolons (IEEE 488.2, 8.4.1)."""
    return ";".join(parts)
