"""The declaration of a SCPI instrument: identity, commands with typed arguments, quirks."""

import math
import re
from typing import Annotated, Literal

import msgspec

from drivers.errors import OutOfRange
from drivers.profile_base import Positive, ProfileBase, SerialLine, Struct

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Value = float | int | str | bool


class Argument(Struct, frozen=True, kw_only=True):
    """One argument of a command: its type, limits and how it is written."""

    type: Literal["number", "integer", "boolean", "choice", "text"]
    unit: str = "1"
    minimum: float | None = None
    maximum: float | None = None
    choices: dict[str, str] = msgspec.field(default_factory=dict)
    """For a choice: our word → the instrument's word."""
    format: str = ".9g"

    def __post_init__(self) -> None:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices belong to an argument of type choice, and to no other")
        format(1.5, self.format)

    def render(self, name: str, value: Value) -> str:
        """Return ``value`` as the instrument reads it; raise ``OutOfRange`` when it is not allowed."""
        if self.type == "choice":
            if str(value) not in self.choices:
                raise OutOfRange(f"{name} must be one of {', '.join(self.choices)}, not {value}")
            return self.choices[str(value)]
        if self.type == "boolean":
            return "ON" if value else "OFF"
        if self.type == "text":
            return str(value)
        number = float(value)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if not (math.isfinite(number) and low <= number <= high):
            raise OutOfRange(f"{name} must be {self._limits()}, not {number:.9g}{self._unit()}")
        if self.type == "integer":
            if number != int(number):
                raise OutOfRange(f"{name} must be a whole number, not {number:.9g}")
            return str(int(number))
        return format(number, self.format)

    def _unit(self) -> str:
        return "" if self.unit == "1" else f" {self.unit}"

    def _limits(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"from {self.minimum:g} to {self.maximum:g}{self._unit()}"
        if self.maximum is not None:
            return f"at most {self.maximum:g}{self._unit()}"
        return f"at least {self.minimum:g}{self._unit()}" if self.minimum is not None else "a number"


class Command(Struct, frozen=True, kw_only=True):
    """One program message. ``reply`` says what a query answers; a command without one answers nothing."""

    send: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    reply: Literal["text", "number", "integer", "boolean", "block", "error"] | None = None
    arguments: dict[str, Argument] = msgspec.field(default_factory=dict)
    timeout_s: Positive | None = None

    def __post_init__(self) -> None:
        used = set(_PLACEHOLDER.findall(self.send))
        if used != set(self.arguments):
            wrong = ", ".join(sorted(used ^ set(self.arguments)))
            raise ValueError(f"{wrong} is in the placeholders of {self.send!r} or in its arguments, and not in both")
        if self.send.isascii() is False or "\n" in self.send:
            raise ValueError(f"{self.send!r} must be one line of ASCII")
        if (self.reply is not None) != ("?" in self.send):
            raise ValueError(f"{self.send!r}: a query has a reply, and only a query has one")

    def render(self, **values: Value) -> str:
        """Return the message with its arguments; raise ``OutOfRange`` for a value that is not allowed."""
        if not self.arguments:
            return self.send
        return _PLACEHOLDER.sub(lambda match: self.arguments[match[1]].render(match[1], values[match[1]]), self.send)


class Identity(Struct, frozen=True, kw_only=True):
    """How the instrument is recognised: a regular expression that its whole ``*IDN?`` answer must match."""

    pattern: str
    example: str
    timeout_s: Positive = 2.0

    def __post_init__(self) -> None:
        try:
            matched = re.fullmatch(self.pattern, self.example)
        except re.error as error:
            raise ValueError(f"the identity pattern is no regular expression ({error})") from error
        if not matched:
            raise ValueError(f"the identity pattern does not match its own example {self.example!r}")


class Quirks(Struct, frozen=True, kw_only=True):
    """How an instrument departs from IEEE 488.2."""

    terminator: str = "\n"
    """What ends a message that we send; an answer always ends with a line feed, before it a carriage return or not."""
    delay_after_write_s: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.0
    """Rest that the instrument needs after a command before it listens again."""
    good_acknowledgements: tuple[str, ...] = ()
    """Lines with which some firmware answers a command without a query; they are skipped before an answer."""
    bad_acknowledgements: tuple[str, ...] = ()
    """Lines with which it refuses one."""
    block_prefix_bytes: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """Longest header before the ``#`` of a block (``DAT2,``)."""


class ScpiProfile(ProfileBase, frozen=True, kw_only=True):
    """What every SCPI instrument declares."""

    identity: Identity
    commands: dict[str, Command]
    serial: SerialLine = SerialLine()
    quirks: Quirks = Quirks()
    timeout_s: Positive = 3.0
    """Longest silence before an answer, where a command says nothing else."""
    safe_state: tuple[str, ...] = ()
    """Commands (by name, without arguments) that switch every output off."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("identify", "text")
        for name in self.safe_state:
            self.require(name, None)
            if self.commands[name].arguments:
                raise ValueError(f"safe_state can only use commands without arguments, not {name}")
        if "next_error" in self.commands:
            self.require("next_error", "error")

    def require(self, name: str, reply: str | None) -> None:
        """Raise ``ValueError``, which the loader turns into a sentence, for a missing or different command."""
        if name not in self.commands:
            raise ValueError(f"the command {name!r} is missing from commands")
        if self.commands[name].reply != reply:
            raise ValueError(f"the command {name!r} must have {f'the reply {reply}' if reply else 'no reply'}")
