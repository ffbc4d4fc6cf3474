"""Reads program messages by the commands that a profile declares: the driver's side turned round.

Messages are taken apart by IEEE 488.2 and SCPI-99 (`protocols.scpi_program`): compound headers, short and long forms,
numbers with suffixes, ``MIN`` and ``MAX``, errors by their standard codes. What is declared is compared with that, unit
by unit; a declaration of several units joined by ``;`` is heard as the one command that it is.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drivers.scpi.model import Argument, Value
from drivers.scpi.model import Command as Declared
from protocols.scpi import ScpiError, parse_number, split_list
from protocols.scpi_program import Command, Kind, Parameter
from protocols.scpi_words import forms, is_known

UNDEFINED_HEADER, NOT_ALLOWED, MISSING = -113, -108, -109
SUFFIX_RANGE, ILLEGAL, OUT_OF_RANGE = -114, -224, -222
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_VALUE_AND_UNIT = re.compile(r"\{(\w+)\}([A-Za-z]*)")
_HEADER_PIECES = re.compile(r"\{(\w+)\}|([A-Za-z][A-Za-z_]*)|(\d+)|(.)")
_DEFAULT_NODES = {
    "TIMEBASE": (("MAIN", False),),
    "ERROR": (("NEXT", True),),
    "OUTPUT": (("STATE", True),),
    "VOLTAGE": (("LEVEL", True), ("IMMEDIATE", True), ("AMPLITUDE", True)),
    "CURRENT": (("LEVEL", True), ("IMMEDIATE", True), ("AMPLITUDE", True)),
}
"""Words that may stand behind a word or be left out (at the end of the header only, where so marked)."""
_MOST_NUMBERED_LETTERS = 2
"""``C1`` and ``CH1`` are names; a longer word with a number is one of several alike, and 1 may be left out
(SCPI-99 volume 1, 6.2.5.2)."""


@dataclass(frozen=True)
class Call:
    """A command that was understood: its name in the profile, and its arguments as the driver gives them."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)


class Undeclared(Exception):
    """No declared command is like what was sent; ``mistake`` is what comes nearest."""

    def __init__(self, mistake: ScpiError) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


@dataclass(frozen=True)
class _Unit:
    """One unit of a declared message: what its header and each of its parameters must be like."""

    header: re.Pattern[str]
    query: bool
    parameters: tuple[str, ...]

    def named(self, command: Command) -> re.Match[str] | None:
        return self.header.fullmatch(command.header.upper()) if command.query == self.query else None


@dataclass(frozen=True)
class _Form:
    name: str
    arguments: Mapping[str, Argument]
    units: tuple[_Unit, ...]


class Grammar:
    """The messages of one profile. A word that no guide read here knows may be longer than declared."""

    def __init__(self, commands: Mapping[str, Declared]) -> None:
        made = [_Form(name, one.arguments, _units(one.send)) for name, one in commands.items()]
        # The longest first; then those with arguments: a safe-state command is usually a general one with its argument
        # written out.
        self._forms = sorted(made, key=lambda form: (-len(form.units), not form.arguments, form.name))

    def setting(self, command: Command, implied: int = 1) -> tuple[Call, str, str] | None:
        """Return which declared setting a query asks for: its command with the values in its header, its argument, and
        the form of its parameter.

        Every setting has a query (SCPI-99 volume 1, 6.2.3); profiles declare those that drivers use.
        """
        if not command.query or command.parameters:
            return None
        for form in self._forms:
            argument = _settable(form)
            head = form.units[0].header.fullmatch(command.header.upper()) if argument else None
            if argument and head is not None:
                try:
                    values = _in_header(form.arguments, head, implied)
                except ScpiError:
                    continue
                return Call(form.name, values), argument, form.units[0].parameters[0]
        return None

    def first(self, commands: Sequence[Command], implied: int = 1) -> tuple[Call, int]:
        """Return the call that ``commands`` begin with, and how many of them it is; raise ``Undeclared``.

        ``implied`` is the number of a word whose number is left out.
        """
        mistake: ScpiError | None = None
        for form in self._forms:
            size = len(form.units)
            if len(commands) < size:
                continue
            heads = [unit.named(one) for unit, one in zip(form.units, commands, strict=False)]
            if not all(heads):
                continue
            try:
                values: dict[str, Value] = {}
                for unit, head, one in zip(form.units, heads, commands, strict=False):
                    assert head is not None  # noqa: S101 - all of them matched
                    _take(values, _in_header(form.arguments, head, implied))
                    _take(values, _in_parameters(form.arguments, unit.parameters, one))
                return Call(form.name, values), size
            except ScpiError as error:
                mistake = _nearer(mistake, error)
        raise Undeclared(mistake or ScpiError(f"no command {commands[0].header}", UNDEFINED_HEADER))


def _settable(form: _Form) -> str | None:
    """Return the argument that a command sets, where it sets one thing."""
    if len(form.units) == 1 and not form.units[0].query and len(form.units[0].parameters) == 1:
        placed = _PLACEHOLDER.findall(form.units[0].parameters[0])
        return placed[0] if len(placed) == 1 else None
    return None


def _nearer(one: ScpiError | None, other: ScpiError) -> ScpiError:
    """Return the mistake that says more: a wrong value says more than a wrong number of parameters."""
    if one is None:
        return other
    return other if one.code in (NOT_ALLOWED, MISSING) and other.code not in (NOT_ALLOWED, MISSING) else one


def _take(values: dict[str, Value], further: Mapping[str, Value]) -> None:
    for name, value in further.items():
        if values.setdefault(name, value) != value:
            raise ScpiError(f"{name} is {values[name]} and {value} in one message", ILLEGAL)


def _units(send: str) -> tuple[_Unit, ...]:
    """Return the units of a declared message, their headers absolute as `parse_message` makes them."""
    units: list[_Unit] = []
    path = ""
    for part in split_list(send, ";"):
        sent, _, parameters = part.partition(" ")
        query = sent.endswith("?")
        header = sent.removesuffix("?")
        if not header.startswith("*"):
            header = header[1:] if header.startswith(":") else path + header
            path = header.rpartition(":")[0] + ":" if ":" in header else ""
        units.append(_Unit(_header_pattern(header), query, tuple(split_list(parameters))))
    return tuple(units)


def _header_pattern(header: str) -> re.Pattern[str]:
    nodes = header.split(":")
    seen: set[str] = set()
    parts: list[str] = []
    for at, node in enumerate(nodes):
        parts.append((":" if at else "") + _node_pattern(node, seen))
        following = nodes[at + 1] if at + 1 < len(nodes) else ""
        for word, only_at_end in _DEFAULT_NODES.get(_long(node), ()):
            if _long(following) != word and not (only_at_end and following):
                parts.append(f"(?::(?:{_spellings(word)}))?")
    return re.compile("".join(parts))


def _long(node: str) -> str:
    return max(forms(re.sub(r"[\d{].*", "", node)), key=len)


def _spellings(word: str) -> str:
    return "|".join(sorted(map(re.escape, forms(word)), key=len, reverse=True))


def _node_pattern(node: str, seen: set[str]) -> str:
    parts: list[str] = []
    word_before = ""
    for placeholder, word, digits, other in _HEADER_PIECES.findall(node):
        if placeholder:
            inner = r"\d+" if word_before else r"[A-Z]\w*"
            optional = "?" if len(word_before) > _MOST_NUMBERED_LETTERS else ""
            parts.append(f"(?P={placeholder})" if placeholder in seen else f"(?P<{placeholder}>{inner}){optional}")
            seen.add(placeholder)
        elif word:
            parts.append(f"(?:{_spellings(word)})" if is_known(word) else f"{re.escape(word.upper())}[A-Z]*")
        elif digits:
            parts.append(f"(?:{digits})?" if digits == "1" and len(word_before) > _MOST_NUMBERED_LETTERS else digits)
        else:
            parts.append(re.escape(other))
        word_before = word
    return "".join(parts)


def _in_header(arguments: Mapping[str, Argument], head: re.Match[str], implied: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, text in head.groupdict().items():
        if text is None or text.isdigit():
            try:
                found[name] = _value(arguments[name], Parameter(Kind.NUMBER, text or str(implied)))
            except ScpiError as error:
                raise ScpiError(str(error), SUFFIX_RANGE if error.code == OUT_OF_RANGE else error.code) from error
        else:
            found[name] = _value(arguments[name], Parameter(Kind.MNEMONIC, text))
    return found


def _in_parameters(arguments: Mapping[str, Argument], declared: Sequence[str], command: Command) -> dict[str, Value]:
    given = command.take(len(declared))
    found: dict[str, Value] = {}
    for template, parameter in zip(declared, given, strict=True):
        placed = _VALUE_AND_UNIT.fullmatch(template)
        if placed:
            _take(found, {placed[1]: _value(arguments[placed[1]], parameter, placed[2])})
        elif _PLACEHOLDER.search(template):
            _take(found, _embedded(arguments, template, parameter))
        elif not _same(template, parameter):
            raise ScpiError(f"{parameter.text} stands where {template} is expected", ILLEGAL)
    return found


def _embedded(arguments: Mapping[str, Argument], template: str, parameter: Parameter) -> dict[str, Value]:
    """Return what stands in a parameter like ``CH{channel}``."""
    pattern = "".join(
        f"(?P<{name}>.+?)" if name else "(?:" + "|".join(map(re.escape, sorted(forms(text), reverse=True))) + ")"
        for text, name in re.findall(r"([^{]+)|\{(\w+)\}", template)
    )
    match = re.fullmatch(pattern, (parameter.text + parameter.suffix).upper())
    if match is None:
        raise ScpiError(f"{parameter.text} stands where {template} is expected", ILLEGAL)
    return {
        name: _value(arguments[name], Parameter(Kind.NUMBER if text[0].isdigit() else Kind.MNEMONIC, text))
        for name, text in match.groupdict().items()
    }


def _same(template: str, parameter: Parameter) -> bool:
    sent = (parameter.text + parameter.suffix).upper()
    if parameter.kind is Kind.NUMBER:
        try:
            return math.isclose(parse_number(template), parameter.number(), abs_tol=1e-15)
        except ScpiError:
            return sent == template.upper()
    return sent in forms(template)


def _value(argument: Argument, parameter: Parameter, unit: str = "") -> Value:
    """Return a parameter as the driver gives it; ``unit`` is a suffix that the declaration writes behind it."""
    sent = parameter.text + parameter.suffix
    if argument.type == "choice":
        for ours, theirs in argument.choices.items():
            if _same(theirs, parameter) or (not is_known(theirs) and _extends(sent, theirs)):
                return ours
        raise ScpiError(f"{sent} is none of {', '.join(argument.choices.values())}", ILLEGAL)
    if argument.type == "text":
        return sent
    if argument.type == "boolean":
        return parameter.boolean()
    unit = unit or ("" if argument.unit == "1" else argument.unit)
    number = parameter.number(unit, minimum=argument.minimum, maximum=argument.maximum)
    return math.floor(number + 0.5) if argument.type == "integer" else number


def _extends(sent: str, short: str) -> bool:
    return short.isalpha() and sent.isalpha() and sent.upper().startswith(short.upper())
