"""Reads messages by the commands that a profile declares: the driver's side turned round."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.scpi.model import Argument, Command, Value
from protocols.errors import ProtocolError
from protocols.scpi import ScpiError, parse_boolean, parse_number

UNDEFINED_HEADER, NOT_ALLOWED, MISSING = -113, -108, -109
DATA_TYPE, ILLEGAL, OUT_OF_RANGE = -104, -224, -222
_PIECES = re.compile(r"(\{\w+\})|([A-Za-z][A-Za-z_]*)|(\s+)|(.)")


@dataclass(frozen=True)
class Call:
    """A command that was understood: its name in the profile, and its arguments as the driver gives them."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class _Form:
    name: str
    command: Command
    whole: re.Pattern[str]
    header: re.Pattern[str]
    has_parameters: bool


class Grammar:
    """The messages of one profile. Words may be longer than declared (``VOLTage`` for ``VOLT``), in any case."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        # Those with arguments first: a safe-state command is usually a general one with its argument written out.
        ordered = sorted(commands.items(), key=lambda item: (not item[1].arguments, item[0]))
        self._forms = [_form(name, command) for name, command in ordered]

    def read(self, message: str) -> list[Call]:
        """Return the calls of a message; raise ``ScpiError`` with the code of the first mistake.

        Several commands joined by ``;`` are taken apart unless the profile declares them joined.
        """
        text = message.strip()
        try:
            return [self._one(text)]
        except ScpiError:
            parts = [part.strip() for part in text.split(";") if part.strip()]
            if len(parts) < 2:
                raise
        return [self._one(part) for part in parts]

    def _one(self, text: str) -> Call:
        mistake: ScpiError | None = None
        for form in self._forms:
            match = form.whole.fullmatch(text)
            if match is None:
                continue
            try:
                return Call(form.name, _values(form.command.arguments, match.groupdict()))
            except ScpiError as error:
                mistake = mistake or error
        if mistake is not None:
            raise mistake
        header, _, parameters = text.partition(" ")
        for form in self._forms:
            if form.header.fullmatch(header):
                if not form.has_parameters:
                    raise ScpiError(f"{header} takes no parameters", NOT_ALLOWED)
                raise ScpiError(f"{text} has wrong parameters", ILLEGAL if parameters.strip() else MISSING)
        raise ScpiError(f"no command {header}", UNDEFINED_HEADER)


def _form(name: str, command: Command) -> _Form:
    whole = _pattern(command.send)
    header = command.send.partition(" ")[0]
    return _Form(name, command, whole, _pattern(header), " " in command.send.strip())


def _pattern(send: str) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    at_start = True
    for placeholder, word, space, other in _PIECES.findall(send):
        if placeholder:
            key = placeholder[1:-1]
            parts.append(f"(?P={key})" if key in seen else rf"(?P<{key}>[^;,\s?:]+(?:\.[^;,\s]+)?)")
            seen.add(key)
        elif word:
            # A short form may be written out; what is no mnemonic (a choice's word) is usually whole already.
            parts.append(f":?{re.escape(word)}[A-Za-z]*" if at_start else f"{re.escape(word)}[A-Za-z]*")
        elif space:
            parts.append(r"\s+")
        elif other == ":" and at_start:
            parts.append(":?")
        elif other in ",;":
            parts.append(rf"\s*{other}\s*")
        else:
            parts.append(re.escape(other))
        at_start = other == ";" or (at_start and other == ":")
    return re.compile("".join(parts), re.IGNORECASE)


def _values(arguments: Mapping[str, Argument], found: Mapping[str, str]) -> dict[str, Value]:
    return {name: _value(argument, found[name].strip()) for name, argument in arguments.items()}


def _value(argument: Argument, text: str) -> Value:
    if argument.type == "choice":
        for ours, theirs in argument.choices.items():
            if text.upper() == theirs.upper() or (theirs.isalpha() and text.upper().startswith(theirs.upper())):
                return ours
        raise ScpiError(f"{text} is none of {', '.join(argument.choices.values())}", ILLEGAL)
    if argument.type == "text":
        return text
    try:
        if argument.type == "boolean":
            return parse_boolean(text)
        number = parse_number(text)
    except ProtocolError as error:
        raise ScpiError(f"{text} is no {argument.type}", DATA_TYPE) from error
    low = argument.minimum if argument.minimum is not None else number
    high = argument.maximum if argument.maximum is not None else number
    if not low <= number <= high:
        raise ScpiError(f"{text} is out of range", OUT_OF_RANGE)
    return int(number) if argument.type == "integer" else number
