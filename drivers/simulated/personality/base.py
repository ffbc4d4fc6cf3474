"""What all personalities share: reading messages, the error queue, answers in the profile's kinds."""

import re
import re._constants as sre  # type: ignore[import-not-found] # what the standard library's own parser gives
import re._parser as sre_parser  # type: ignore[import-not-found]
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from drivers.scpi.model import ScpiProfile, Value
from drivers.simulated.endpoints import Session
from drivers.simulated.personality.grammar import MISSING, NOT_ALLOWED, UNDEFINED_HEADER, Call, Grammar, Undeclared
from drivers.simulated.personality.instrument_classes import CommonCommands
from drivers.simulated.scpi_device import IMPOSTOR, Answer, read_message, response
from drivers.simulated.wiring import Wiring
from protocols.ieee488 import Ieee488Error, ProgramMessageReader
from protocols.scpi import ScpiError
from protocols.scpi_program import Command

P = TypeVar("P", bound=ScpiProfile)
EXECUTION = -200
BY_FORM = (UNDEFINED_HEADER, NOT_ALLOWED, MISSING)
"""Another form of the command may be right where these are wrong."""


class ScpiPersonality(Generic[P]):
    """An instrument that a SCPI profile declares.

    A subclass gives a method ``on_<command>`` for each command that means something to it; all others are kept as
    settings, and told when they are asked for. ``exercised`` names every declared command that was heard.
    """

    def __init__(self, profile: P, wiring: Wiring, name: str = "meter") -> None:
        self.profile = profile
        self.wiring = wiring
        self.name = name
        self._common = self.common_commands()
        self._has_queue = "next_error" in profile.commands
        self.errors = self._common.errors
        self.impostor = False
        self.exercised: set[str] = set()
        self._settings: dict[tuple[str, ...], Value] = {}
        self._grammar = Grammar(profile.commands)

    def handle(self, message: bytes) -> bytes:
        """Carry out one message and return the answer with its terminator (or nothing)."""
        commands, mistake = read_message(message.strip(b"\r\n"))
        answers: list[Answer] = []
        while commands:
            used = 1
            try:
                call, used = self._grammar.first(commands, self.selected)
                self.exercised.add(call.name)
                answers.append(self._carry_out(call))
                self._keep(call)
            except ScpiError as error:
                self.refuse(error.code)
            except Undeclared as error:
                answers.append(self._undeclared(commands[0], error.mistake))
            commands = commands[used:]
        if mistake is not None:
            self.refuse(mistake.code)
        return response(answers)

    def refuse(self, code: int) -> None:
        """Put an error on the queue; an instrument without one passes mistakes over."""
        if self._has_queue:
            self._common.refuse(code)

    def common_commands(self) -> CommonCommands:
        """Return what every instrument of this kind knows beside its declared commands."""
        return CommonCommands(self.switch_off)

    @property
    def selected(self) -> int:
        """The channel that a command without a number is for."""
        return 1

    def _undeclared(self, command: Command, mistake: ScpiError) -> Answer:
        """Answer what every such instrument with an error queue knows; refuse all else."""
        if (kept := self._kept(command)) is not None:
            return kept
        if self._has_queue and mistake.code in BY_FORM:
            try:
                return self._common.carry_out(command)
            except ScpiError as error:
                if mistake.code == UNDEFINED_HEADER or error.code not in BY_FORM:
                    mistake = error
        self.refuse(mistake.code)
        return None

    def _carry_out(self, call: Call) -> Answer:
        handler: Callable[..., Answer] | None = getattr(self, f"on_{call.name}", None)
        if handler is not None:
            return handler(**call.values)
        if call.name in self.profile.safe_state:
            self.switch_off()
            return None
        if self.profile.commands[call.name].reply is not None:
            raise ScpiError(f"{call.name} is declared, but this personality cannot answer it", EXECUTION)
        return None

    def _keep(self, call: Call) -> None:
        """Remember a setting, for whoever asks for it."""
        for argument, value in call.values.items():
            others = sorted((key, str(other)) for key, other in call.values.items() if key != argument)
            self._settings[(call.name, argument, *(text for pair in others for text in pair))] = value

    def _kept(self, command: Command) -> Answer:
        """Answer the query of a declared setting: what was set last, else the first or lowest that it can be."""
        found = self._grammar.setting(command, self.selected)
        if found is None:
            return None
        call, argument, form = found
        others = sorted((key, str(other)) for key, other in call.values.items())
        model = self.profile.commands[call.name].arguments[argument]
        key = (call.name, argument, *(text for pair in others for text in pair))
        first = next(iter(model.choices), None) or (
            False if model.type == "boolean" else max(model.minimum or 0.0, 0.0)
        )
        value = self._settings.get(key, first)
        told = str(int(value)) if isinstance(value, bool) else model.render(argument, value)
        told = {"ON": "1", "OFF": "0"}.get(told, told) if set(model.choices.values()) <= {"ON", "OFF"} else told
        placed, _, unit = form.partition("}")
        return placed.partition("{")[0] + told + ("" if model.type == "number" else unit)

    def switch_off(self) -> None:
        """Switch every output off, as a safe-state command does that is no case of a general one."""

    def on_identify(self) -> Answer:
        """Say who it is: the profile's example."""
        return IMPOSTOR if self.impostor else self.profile.identity.example

    def on_clear(self) -> Answer:
        """Forget errors and events."""
        self._common.clear_status()
        return None

    def on_next_error(self) -> Answer:
        """Tell the oldest error."""
        entry = self.errors.pop()
        return f'{entry.code:+d},"{entry.text}"'


class PersonalitySession(Session):
    """One client's conversation with a personality."""

    def __init__(self, personality: ScpiPersonality[Any], baud: int | None = None) -> None:
        self._personality = personality
        self.baud = baud
        self._reader = ProgramMessageReader(1 << 20)

    def receive(self, data: bytes) -> bytes:
        """Carry out every whole message in ``data``."""
        try:
            self._reader.feed(data)
        except Ieee488Error:
            self._personality.refuse(-363)
            return b""
        replies = []
        while (message := self._reader.pop()) is not None:
            replies.append(self._personality.handle(message))
        return b"".join(replies)


def number(value: float) -> str:
    """Return a number as instruments answer it."""
    return f"{value:+.9E}"


def text_matching(pattern: str, values: Mapping[Any, str]) -> str:
    """Return a text that ``pattern`` matches, with ``values`` in its groups (by name, or by number).

    Optional parts are there when they hold a group; every other choice is the plainest.
    """
    parsed = sre_parser.parse(pattern)
    names = {index: name for name, index in parsed.state.groupdict.items()}
    made = _write(parsed, values, names)
    if re.search(pattern, made) is None:
        raise ValueError(f"no text was found that {pattern!r} matches; it was tried with {made!r}")
    return made


def _write(parsed: Any, values: Mapping[Any, str], names: Mapping[int, str]) -> str:
    parts: list[str] = []
    for code, argument in parsed:
        if code is sre.LITERAL:
            parts.append(chr(argument))
        elif code is sre.ANY:
            parts.append("X")
        elif code is sre.IN:
            parts.append(_member(argument))
        elif code is sre.BRANCH:
            parts.append(_write(argument[1][0], values, names))
        elif code is sre.SUBPATTERN:
            group, _, _, inner = argument
            key: str | int | None = names.get(group, group) if group is not None else None
            parts.append(values[key] if key is not None and key in values else _write(inner, values, names))
        elif code in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, _, inner = argument
            times = max(least, 1) if least or _holds_group(inner, values, names) else 0
            parts.append(_write(inner, values, names) * times)
    return "".join(parts)


def _member(choices: Any) -> str:
    code, argument = choices[0]
    if code is sre.NEGATE:
        return "X"
    if code is sre.LITERAL:
        return chr(argument)
    if code is sre.RANGE:
        return chr(argument[0])
    return {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_WORD: "A", sre.CATEGORY_SPACE: " "}.get(argument, "A")


def _holds_group(parsed: Any, values: Mapping[Any, str], names: Mapping[int, str]) -> bool:
    for code, argument in parsed:
        if code is sre.SUBPATTERN:
            if names.get(argument[0], argument[0]) in values or _holds_group(argument[3], values, names):
                return True
        elif code in (sre.MAX_REPEAT, sre.MIN_REPEAT) and _holds_group(argument[2], values, names):
            return True
    return False
