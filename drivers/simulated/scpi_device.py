"""The instrument's side of SCPI: commands as methods, status registers, error queue. Shared by all SCPI instruments."""

from collections.abc import Callable
from typing import Any

from drivers.simulated.endpoints import Session
from protocols.ieee488 import Ieee488Error, ProgramMessageReader
from protocols.scpi import STANDARD_ERRORS, ErrorEntry, ErrorQueue, ScpiError
from protocols.scpi_program import Command, CommandTable, MessageError, parse_message

Answer = str | bytes | None
Handler = Callable[..., Answer]
IMPOSTOR = "Example Instruments,X-1,0,0.0"
"""What an instrument says to ``*IDN?`` when it is to be the wrong one."""


def scpi(*patterns: str) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of commands, written as in manuals: ``[SENSe:]VOLTage[:DC]:NPLC?``.

    It is called with the command and the numeric suffixes of its header, and returns the answer of a query.
    """

    def mark(handler: Handler) -> Handler:
        handler.patterns = patterns  # type: ignore[attr-defined]
        return handler

    return mark


class ScpiDevice:
    """An instrument that understands SCPI; its subclasses add commands with `scpi`.

    ``pause`` is called with the seconds that a measurement takes.
    """

    identity = ""
    signed_integers = False
    """Keysight answers ``+0`` where others answer ``0``."""

    def __init__(self) -> None:
        self.impostor = False
        self.pause: Callable[[float], None] = lambda _seconds: None
        self.errors = ErrorQueue()
        self._event_status = 128  # power on
        self._event_enable = 0
        self._service_enable = 0
        entries = self.commands()
        for name in dir(type(self)):
            handler = getattr(type(self), name)
            for pattern in getattr(handler, "patterns", ()):
                entries[pattern] = getattr(self, name)
        self._table: CommandTable[Handler] = CommandTable(entries)

    def commands(self) -> dict[str, Handler]:
        """Return further commands, for an instrument that builds some of them from a table."""
        return {}

    def handle(self, message: bytes) -> bytes:
        """Carry out one program message and return the response message with its terminator (or nothing)."""
        try:
            commands, mistake = parse_message(message), None
        except MessageError as error:
            commands, mistake = list(error.commands), error
        answers: list[bytes] = []
        for command in commands:
            try:
                handler, suffixes = self._table.find(command)
                answer = handler(command, *suffixes)
            except ScpiError as error:
                self.refuse(error.code)
                continue
            if answer is not None:
                answers.append(answer.encode("latin-1") if isinstance(answer, str) else answer)
        if mistake is not None:
            self.refuse(mistake.code)
        return b";".join(answers) + b"\n" if answers else b""

    def refuse(self, code: int) -> None:
        """Put an error on the queue, and its class into the event status register (IEEE 488.2, 11.5.1)."""
        self.errors.push(ErrorEntry(code, STANDARD_ERRORS.get(code, "Device-specific error")))
        self._event_status |= {1: 32, 2: 16, 3: 8, 4: 4}.get(-code // 100, 8)

    def reset(self) -> None:
        """Take the settings that ``*RST`` gives."""

    def integer(self, value: int) -> str:
        """Return a whole number as this make answers it."""
        return f"{value:+d}" if self.signed_integers else str(value)

    @scpi("*IDN?")
    def _identify(self, _command: Command) -> Answer:
        return IMPOSTOR if self.impostor else self.identity

    @scpi("*RST")
    def _reset(self, _command: Command) -> Answer:
        self.reset()
        return None

    @scpi("*CLS")
    def _clear(self, _command: Command) -> Answer:
        self.errors.clear()
        self._event_status = 0
        return None

    @scpi("*OPC?")
    def _is_complete(self, _command: Command) -> Answer:
        return "1"

    @scpi("*OPC")
    def _complete(self, _command: Command) -> Answer:
        self._event_status |= 1
        return None

    @scpi("*WAI", "*TRG", "SYSTem:LOCal", "SYSTem:REMote", "SYSTem:RWLock", "SYSTem:BEEPer[:IMMediate]")
    def _accept(self, _command: Command) -> Answer:
        return None

    @scpi("*ESR?")
    def _event_status_register(self, _command: Command) -> Answer:
        value, self._event_status = self._event_status, 0
        return self.integer(value)

    @scpi("*ESE")
    def _set_event_enable(self, command: Command) -> Answer:
        self._event_enable = command.take(1)[0].integer(minimum=0, maximum=255)
        return None

    @scpi("*ESE?")
    def _get_event_enable(self, _command: Command) -> Answer:
        return self.integer(self._event_enable)

    @scpi("*SRE")
    def _set_service_enable(self, command: Command) -> Answer:
        self._service_enable = command.take(1)[0].integer(minimum=0, maximum=255)
        return None

    @scpi("*SRE?")
    def _get_service_enable(self, _command: Command) -> Answer:
        return self.integer(self._service_enable)

    @scpi("*STB?")
    def _status_byte(self, _command: Command) -> Answer:
        status = (4 if len(self.errors) else 0) | (32 if self._event_status & self._event_enable else 0)
        return self.integer(status | (64 if status & self._service_enable else 0))

    @scpi("*TST?")
    def _self_test(self, _command: Command) -> Answer:
        return self.integer(0)

    @scpi("SYSTem:ERRor[:NEXT]?")
    def _next_error(self, _command: Command) -> Answer:
        entry = self.errors.pop()
        return f'{self.integer(entry.code)},"{entry.text}"'

    @scpi("SYSTem:VERSion?")
    def _version(self, _command: Command) -> Answer:
        return "1999.0"


class ScpiSession(Session):
    """One client's conversation with a SCPI instrument: its own input buffer, the shared instrument."""

    def __init__(self, device: ScpiDevice, baud: int | None = None) -> None:
        self._device = device
        self.baud = baud
        self._reader = ProgramMessageReader(1 << 20)

    def receive(self, data: bytes) -> bytes:
        """Carry out every whole message in ``data``."""
        try:
            self._reader.feed(data)
        except Ieee488Error:
            self._device.refuse(-363)
            return b""
        replies: list[bytes] = []
        while (message := self._reader.pop()) is not None:
            replies.append(self._device.handle(message))
        return b"".join(replies)


def parameter_texts(command: Any) -> list[str]:
    """Return the parameters as upper-case text, numbers with their suffix."""
    return [(parameter.text + parameter.suffix).upper() for parameter in command.parameters]
