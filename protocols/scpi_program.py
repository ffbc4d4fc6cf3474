"""SCPI program messages, the instrument's side: headers, compound messages, parameters, command table.

A program message is parsed into commands whose headers are absolute: ``:SENS:VOLT:RANG 10;NPLC 1`` gives
``SENS:VOLT:RANG`` and ``SENS:VOLT:NPLC`` (SCPI-99 volume 1, 6.2.4). A `CommandTable` finds the handler of a command
by patterns written as manuals write them: ``[SENSe:]VOLTage[:DC]:RANGe?``, ``CHANnel<n>:DISPlay``.
"""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from protocols.scpi import ScpiError, parse_number, parse_string

T = TypeVar("T")

MAX_MESSAGE_BYTES = 1 << 24
MAX_COMMANDS = 1000
"""Most commands accepted in one message."""
MAX_PARAMETERS = 100_000
"""Most parameters accepted for one command: an ASCII waveform upload."""

_HEADER = re.compile(rb"\s*(\*[A-Za-z]\w*|:?[A-Za-z]\w*(?::[A-Za-z]\w*)*)(\?)?", re.ASCII)
_NUMBER = re.compile(
    rb"([+-]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[+-]?\d+)?)\s*([A-Za-z%/][A-Za-z0-9%/.]*)?|(#[HQBhqb][0-9A-Fa-f]+)"
)
_MNEMONIC = re.compile(rb"[A-Za-z]\w*", re.ASCII)
_STRING = re.compile(rb"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
_EXPRESSION = re.compile(rb"\([^()\"']*\)")
_BLANK = re.compile(rb"[\x00-\x09\x0b-\x20]*")

MULTIPLIERS = {
    "EX": 1e18, "PE": 1e15, "T": 1e12, "G": 1e9, "MA": 1e6, "K": 1e3, "": 1.0,
    "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12, "F": 1e-15, "A": 1e-18,
}  # fmt: skip
"""Suffix multipliers of IEEE 488.2, table 7-2. ``M`` is milli, but mega before ``HZ`` and ``OHM``."""


class Kind(Enum):
    """What a parameter is, by its form (IEEE 488.2, 7.7)."""

    NUMBER = "numeric data"
    MNEMONIC = "character data"
    STRING = "string data"
    BLOCK = "block data"
    EXPRESSION = "expression data"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its ``text`` as sent (a number without its suffix), or its ``data`` when it is a block."""

    kind: Kind
    text: str
    suffix: str = ""
    data: bytes = b""

    def number(
        self,
        unit: str = "",
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        default: float | None = None,
        names: Mapping[str, float] | None = None,
    ) -> float:
        """Return the value in ``unit`` (``V``, ``HZ``, ``OHM``, ``S`` …), suffix multiplier applied.

        ``MIN``, ``MAX`` and ``DEF`` give the values passed for them, ``names`` further ones (``{"INFinity":
        math.inf}``). Raise `ScpiError`: -104 for other data, -131 or -138 for a wrong suffix, -222 outside minimum
        … maximum, -224 for a name that is not offered.
        """
        if self.kind is Kind.MNEMONIC:
            offered = {"MINimum": minimum, "MAXimum": maximum, "DEFault": default, **(names or {})}
            for pattern, named in offered.items():
                if named is not None and matches_mnemonic(pattern, self.text):
                    return named
            raise ScpiError(f"{self.text} is no value that this parameter takes", -224)
        if self.kind is not Kind.NUMBER:
            raise ScpiError(f"expected a number, found {self.kind.value}", -104)
        value = parse_number(self.text) * self._multiplier(unit)
        low = -math.inf if minimum is None else minimum
        high = math.inf if maximum is None else maximum
        if not low <= value <= high:
            raise ScpiError(f"{value:g} is outside {low:g} to {high:g}", -222)
        return value

    def integer(self, *, minimum: int | None = None, maximum: int | None = None) -> int:
        """Return a whole number, a fraction rounded to the nearest (IEEE 488.2, 7.7.2.4); errors as `number`."""
        value = self.number(minimum=minimum, maximum=maximum)
        if not math.isfinite(value):
            raise ScpiError(f"expected a whole number, found {self.text}", -222)
        return math.floor(value + 0.5)

    def boolean(self) -> bool:
        """Return ``ON``, ``OFF`` or a number rounded to zero or not (SCPI-99 volume 1, 7.3); else raise -104 or
        -224."""
        if self.kind is Kind.MNEMONIC:
            if self.text.upper() in {"ON", "OFF"}:
                return self.text.upper() == "ON"
            raise ScpiError(f"expected ON, OFF, 1 or 0, found {self.text}", -224)
        return self.integer() != 0

    def choice(self, patterns: Sequence[str]) -> str:
        """Return the pattern (``SINusoid``) whose long or short form was sent; else raise -224 (-104 for other
        data).

        Patterns that begin with a digit (``20M``) are taken as they stand.
        """
        if self.kind is Kind.NUMBER:
            sent = (self.text + self.suffix).upper()
            for pattern in patterns:
                if pattern.upper() == sent:
                    return pattern
        if self.kind is not Kind.MNEMONIC:
            raise ScpiError(f"expected one of {', '.join(patterns)}, found {self.kind.value}", -104)
        for pattern in patterns:
            if matches_mnemonic(pattern, self.text):
                return pattern
        raise ScpiError(f"{self.text} is none of {', '.join(patterns)}", -224)

    def string(self) -> str:
        """Return the contents of a quoted string; else raise -104."""
        if self.kind is not Kind.STRING:
            raise ScpiError(f"expected a quoted string, found {self.kind.value}", -104)
        return parse_string(self.text)

    def block(self) -> bytes:
        """Return the bytes of a block; else raise -104."""
        if self.kind is not Kind.BLOCK:
            raise ScpiError(f"expected a block, found {self.kind.value}", -104)
        return self.data

    def _multiplier(self, unit: str) -> float:
        suffix, base = self.suffix.upper(), unit.upper()
        if not suffix:
            return 1.0
        if not base:
            raise ScpiError(f"this parameter takes no suffix, found {self.suffix}", -138)
        prefix = suffix.removesuffix(base)
        if suffix.endswith(base) and prefix in MULTIPLIERS:
            return 1e6 if prefix == "M" and base in {"HZ", "OHM"} else MULTIPLIERS[prefix]
        raise ScpiError(f"{self.suffix} is no suffix for a value in {unit}", -131)


@dataclass(frozen=True, slots=True)
class Command:
    """One command or query: ``header`` is absolute, without leading colon and question mark, as sent."""

    header: str
    query: bool
    parameters: tuple[Parameter, ...] = ()

    def take(self, minimum: int = 0, maximum: int | None = None) -> tuple[Parameter, ...]:
        """Return the parameters, or raise -109 when there are fewer than ``minimum``, -108 when more than
        ``maximum``.

        ``maximum`` is by default the same as ``minimum``.
        """
        most = minimum if maximum is None else maximum
        if len(self.parameters) < minimum:
            raise ScpiError(f"{self.header} needs {minimum} parameters, found {len(self.parameters)}", -109)
        if len(self.parameters) > most:
            raise ScpiError(f"{self.header} takes {most} parameters, found {len(self.parameters)}", -108)
        return self.parameters


def parse_message(message: bytes) -> list[Command]:
    """Return the commands of one program message (without its terminator), headers made absolute.

    Raise `ScpiError` with the standard code at the first mistake; what stands before it is in the exception's
    ``commands`` (an instrument executes these, SCPI-99 volume 1, 6.2.6). An empty message gives an empty list.
    """
    commands: list[Command] = []
    try:
        _parse_into(commands, message)
    except ScpiError as error:
        raise MessageError(str(error), error.code, tuple(commands)) from None
    return commands


class MessageError(ScpiError):
    """A mistake within a program message; ``commands`` are those before it."""

    def __init__(self, message: str, code: int, commands: tuple[Command, ...]) -> None:
        super().__init__(message, code)
        self.commands = commands


def _parse_into(commands: list[Command], message: bytes) -> None:
    if len(message) > MAX_MESSAGE_BYTES:
        raise ScpiError(f"a message of {len(message)} bytes; at most {MAX_MESSAGE_BYTES} are accepted", -363)
    at, path = 0, ""
    while True:
        at = _skip_blank(message, at)
        if at >= len(message):
            return
        if message[at] == 0x3B:  # an empty unit between semicolons
            at += 1
            continue
        if len(commands) >= MAX_COMMANDS:
            raise ScpiError(f"more than {MAX_COMMANDS} commands in one message", -363)
        match = _HEADER.match(message, at)
        if not match:
            code = -101 if message[at] > 0x7E else -102
            raise ScpiError(f"expected a command header at position {at}, found {message[at : at + 16]!r}", code)
        sent = match[1].decode("ascii")
        if sent.startswith("*"):
            header = sent
        else:
            header = sent[1:] if sent.startswith(":") else path + sent
            path = header.rpartition(":")[0] + ":" if ":" in header else ""
        if len(header) > 255:
            raise ScpiError(f"a header of {len(header)} characters", -112)
        at = match.end()
        after = _skip_blank(message, at)
        if after < len(message) and message[after] != 0x3B and after == at:
            raise ScpiError(f"expected a blank after {header}, found {message[at : at + 16]!r}", -103)
        parameters, at = _parse_parameters(message, after)
        commands.append(Command(header, match[2] is not None, parameters))


def _skip_blank(message: bytes, at: int) -> int:
    match = _BLANK.match(message, at)
    return match.end() if match else at


def _parse_parameters(message: bytes, at: int) -> tuple[tuple[Parameter, ...], int]:
    """Return the parameters from ``at`` on, and the position after them and after their semicolon."""
    parameters: list[Parameter] = []
    if at >= len(message) or message[at] == 0x3B:
        return (), at + 1
    while True:
        if len(parameters) >= MAX_PARAMETERS:
            raise ScpiError(f"more than {MAX_PARAMETERS} parameters", -223)
        parameter, at = _parse_parameter(message, at)
        parameters.append(parameter)
        at = _skip_blank(message, at)
        if at >= len(message) or message[at] == 0x3B:
            return tuple(parameters), at + 1
        if message[at] != 0x2C:
            raise ScpiError(f"expected ',' or ';' at position {at}, found {message[at : at + 16]!r}", -103)
        at = _skip_blank(message, at + 1)


def _parse_parameter(message: bytes, at: int) -> tuple[Parameter, int]:
    first = message[at : at + 1]
    if first == b"#" and message[at + 1 : at + 2].isdigit():
        return _parse_block(message, at)
    if first in {b'"', b"'"}:
        if match := _STRING.match(message, at):
            return Parameter(Kind.STRING, match[0].decode("latin-1")), match.end()
        raise ScpiError(f"the string at position {at} is not closed", -151)
    if first == b"(":
        if match := _EXPRESSION.match(message, at):
            return Parameter(Kind.EXPRESSION, match[0].decode("latin-1")), match.end()
        raise ScpiError(f"the parenthesis at position {at} is not closed", -171)
    if match := _NUMBER.match(message, at):
        text = (match[1] or match[3]).decode("ascii")
        if len(text) > 255:
            raise ScpiError(f"a number of {len(text)} characters", -120)
        return Parameter(Kind.NUMBER, text, (match[2] or b"").decode("ascii")), match.end()
    if match := _MNEMONIC.match(message, at):
        return Parameter(Kind.MNEMONIC, match[0].decode("ascii")), match.end()
    if not first or first in b",;":
        raise ScpiError(f"a parameter is missing at position {at}", -109)
    raise ScpiError(f"expected a parameter at position {at}, found {message[at : at + 16]!r}", -101)


def parse_parameter(text: str) -> Parameter:
    """Return ``text`` as the one parameter that it is; raise `ScpiError` for anything else."""
    parameter, end = _parse_parameter(text.encode("latin-1", "replace"), 0)
    if end != len(text):
        raise ScpiError(f"expected one parameter, found {text[:40]!r}", -102)
    return parameter


def _parse_block(message: bytes, at: int) -> tuple[Parameter, int]:
    digits = message[at + 1] - 0x30
    if digits == 0:  # indefinite: everything up to the end of the message
        return Parameter(Kind.BLOCK, "#0", data=message[at + 2 :]), len(message)
    text = message[at + 2 : at + 2 + digits]
    if len(text) < digits or not text.isdigit():
        raise ScpiError(f"the block at position {at} has no length of {digits} digits", -161)
    start = at + 2 + digits
    end = start + int(text)
    if end > len(message):
        raise ScpiError(f"the block at position {at} announces {int(text)} bytes, {len(message) - start} follow", -161)
    return Parameter(Kind.BLOCK, "#", data=message[start:end]), end


def matches_mnemonic(pattern: str, text: str) -> bool:
    """Tell whether ``text`` is the long form of ``pattern`` (``VOLTage``) or its short form (the capitals), in any
    case."""
    short = "".join(c for c in pattern if not c.islower())
    return text.upper() in {pattern.upper(), short}


@functools.lru_cache(maxsize=2048)
def _compiled(pattern: str) -> re.Pattern[str]:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if match := re.compile(r"\*?[A-Za-z][A-Za-z0-9_]*").match(pattern, at):
            word = match[0]
            short = "".join(c for c in word if not c.islower())
            forms = {re.escape(word.upper()), re.escape(short)}
            out.append("(?:" + "|".join(sorted(forms, key=len, reverse=True)) + ")")
            at = match.end()
        elif pattern.startswith("[<n>]", at) or pattern.startswith("<n>", at):
            out.append(r"(\d{1,6})?")
            at += 5 if pattern[at] == "[" else 3
        elif pattern[at] in "[]":
            out.append("(?:" if pattern[at] == "[" else ")?")
            at += 1
        elif pattern[at] == ":":
            out.append(":")
            at += 1
        else:
            raise ValueError(f"cannot read the command pattern {pattern!r} at position {at}")
    return re.compile("".join(out))


def match_header(pattern: str, header: str) -> tuple[int, ...] | None:
    """Return the numeric suffixes of ``header`` (1 where left out) if it follows ``pattern`` (without ``?``), else
    ``None``.

    In a pattern the capitals are the short form, ``[…]`` is optional and ``<n>`` takes a number:
    ``[:SENSe]:VOLTage[:DC]``, ``CHANnel<n>:SCALe``. A leading colon means nothing, on either side.
    """
    for candidate in (header.upper().lstrip(":"), ":" + header.upper().lstrip(":")):
        if match := _compiled(pattern).fullmatch(candidate):
            return tuple(1 if group is None else int(group) for group in match.groups())
    return None


class CommandTable(Generic[T]):
    """What an instrument understands: patterns (``VOLTage[:DC]:RANGe?`` for a query) and what each stands for."""

    def __init__(self, entries: Mapping[str, T]) -> None:
        self._entries = [
            (pattern.removesuffix("?"), pattern.endswith("?"), value) for pattern, value in entries.items()
        ]
        self._found: dict[tuple[str, bool], tuple[T, tuple[int, ...]]] = {}
        for pattern, _, _ in self._entries:
            _compiled(pattern)

    def find(self, command: Command) -> tuple[T, tuple[int, ...]]:
        """Return the entry for ``command`` and its numeric suffixes; raise `ScpiError` -113 when there is none."""
        key = (command.header.upper(), command.query)
        if key in self._found:
            return self._found[key]
        for pattern, query, value in self._entries:
            if query == command.query and (suffixes := match_header(pattern, key[0])) is not None:
                if len(self._found) < 4096:
                    self._found[key] = (value, suffixes)
                return value, suffixes
        raise ScpiError(f"no command {command.header}{'?' if command.query else ''}", -113)
