"""The instrument's side of SCPI: commands as methods, status registers, error queue. Shared by all SCPI instruments."""

from collections.abc import Callable, Iterable
from typing import Any

from drivers.simulated.endpoints import Session
from protocols.ieee488 import Ieee488Error, ProgramMessageReader
from protocols.scpi import STANDARD_ERRORS, ErrorEntry, ErrorQueue, ScpiError
from protocols.scpi_program import Command, CommandTable, Kind, MessageError, parse_message

Answer = str | bytes | None
Handler = Callable[..., Answer]
IMPOSTOR = "Example Instruments,X-1,0,0.0"
"""What an instrument says to ``*IDN?`` when it is to be the wrong one."""
_MASTER_SUMMARY = 64
"""Bit 6 of the status byte, which no request for service can depend on (IEEE 488.2, 11.3.2.3)."""


def plain(*patterns: str) -> Callable[[Callable[..., Answer]], Handler]:
    """Mark a method as the handler of commands without parameters, which it need not look at."""

    def mark(method: Callable[..., Answer]) -> Handler:
        def handler(self: "ScpiDevice", command: Command, *_suffixes: int) -> Answer:
            command.take(0)
            return method(self)

        handler.patterns = patterns  # type: ignore[attr-defined]
        handler.__doc__ = method.__doc__
        return handler

    return mark


def scpi(*patterns: str) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of commands, written as in manuals: ``[SENSe:]VOLTage[:DC]:NPLC?``.

    It is called with the command and the numeric suffixes of its header, and returns the answer of a query.
    """

    def mark(handler: Handler) -> Handler:
        handler.patterns = patterns  # type: ignore[attr-defined]
        return handler

    return mark


def read_message(message: bytes) -> tuple[list[Command], ScpiError | None]:
    """Return the commands of a program message up to its first mistake, and that mistake."""
    try:
        return parse_message(message), None
    except MessageError as error:
        return list(error.commands), error


def response(answers: Iterable[Answer]) -> bytes:
    """Return the response message: the answers there are, joined by semicolons, with the terminator; else nothing."""
    told = [one.encode("latin-1") if isinstance(one, str) else one for one in answers if one is not None]
    return b";".join(told) + b"\n" if told else b""


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
        self._enabled = {"OPER": 0, "QUES": 0}
        self._beeps = True
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
        commands, mistake = read_message(message)
        answers: list[Answer] = []
        for command in commands:
            try:
                answers.append(self.carry_out(command))
            except ScpiError as error:
                self.refuse(error.code)
        if mistake is not None:
            self.refuse(mistake.code)
        return response(answers)

    def carry_out(self, command: Command) -> Answer:
        """Carry out one command and return the answer of a query; raise ``ScpiError`` for one that cannot be."""
        handler, suffixes = self._table.find(command)
        return handler(command, *suffixes)

    def refuse(self, code: int) -> None:
        """Put an error on the queue, and its class into the event status register (IEEE 488.2, 11.5.1)."""
        self.errors.push(ErrorEntry(code, STANDARD_ERRORS.get(code, "Device-specific error")))
        self._event_status |= {1: 32, 2: 16, 3: 8, 4: 4}.get(-code // 100, 8)

    def clear_status(self) -> None:
        """Forget errors and events (``*CLS``)."""
        self.errors.clear()
        self._event_status = 0

    def reset(self) -> None:
        """Take the settings that ``*RST`` gives."""

    def integer(self, value: int) -> str:
        """Return a whole number as this make answers it."""
        return f"{value:+d}" if self.signed_integers else str(value)

    @plain("*IDN?")
    def _identify(self) -> Answer:
        return IMPOSTOR if self.impostor else self.identity

    @plain("*RST")
    def _reset(self) -> Answer:
        self.reset()
        return None

    @plain("*CLS")
    def _clear(self) -> Answer:
        self.clear_status()
        return None

    @plain("*OPC?")
    def _is_complete(self) -> Answer:
        return "1"

    @plain("*OPC")
    def _complete(self) -> Answer:
        self._event_status |= 1
        return None

    @scpi("*WAI", "*TRG", "SYSTem:LOCal", "SYSTem:REMote", "SYSTem:RWLock", "SYSTem:BEEPer[:IMMediate]")
    def _accept(self, _command: Command) -> Answer:
        return None

    @scpi("SYSTem:BEEPer:STATe")
    def _set_beeper(self, command: Command) -> Answer:
        self._beeps = command.take(1)[0].boolean()
        return None

    @plain("SYSTem:BEEPer:STATe?")
    def _get_beeper(self) -> Answer:
        return "1" if self._beeps else "0"

    @plain("*ESR?")
    def _event_status_register(self) -> Answer:
        value, self._event_status = self._event_status, 0
        return self.integer(value)

    @scpi("*ESE")
    def _set_event_enable(self, command: Command) -> Answer:
        self._event_enable = _mask(command, 255)
        return None

    @plain("*ESE?")
    def _get_event_enable(self) -> Answer:
        return self.integer(self._event_enable)

    @scpi("*SRE")
    def _set_service_enable(self, command: Command) -> Answer:
        self._service_enable = _mask(command, 255) & ~_MASTER_SUMMARY
        return None

    @plain("*SRE?")
    def _get_service_enable(self) -> Answer:
        return self.integer(self._service_enable)

    @plain("*STB?")
    def _status_byte(self) -> Answer:
        status = (4 if len(self.errors) else 0) | (32 if self._event_status & self._event_enable else 0)
        return self.integer(status | (_MASTER_SUMMARY if status & self._service_enable else 0))

    @plain("*TST?")
    def _self_test(self) -> Answer:
        return self.integer(0)

    @plain("SYSTem:ERRor[:NEXT]?")
    def _next_error(self) -> Answer:
        entry = self.errors.pop()
        return f'{self.integer(entry.code)},"{entry.text}"'

    @plain("SYSTem:ERRor:COUNt?")
    def _count_errors(self) -> Answer:
        return self.integer(len(self.errors))

    @plain("SYSTem:VERSion?")
    def _version(self) -> Answer:
        return "1999.0"

    @plain(
        "STATus:OPERation[:EVENt]?",
        "STATus:OPERation:CONDition?",
        "STATus:QUEStionable[:EVENt]?",
        "STATus:QUEStionable:CONDition?",
    )
    def _condition(self) -> Answer:
        return self.integer(0)

    @scpi("STATus:OPERation:ENABle", "STATus:QUEStionable:ENABle")
    def _enable(self, command: Command) -> Answer:
        self._enabled[_register(command)] = _mask(command, 65535) & 0x7FFF
        return None

    @scpi("STATus:OPERation:ENABle?", "STATus:QUEStionable:ENABle?")
    def _is_enabled(self, command: Command) -> Answer:
        command.take(0)
        return self.integer(self._enabled[_register(command)])

    @plain("STATus:PRESet")
    def _preset(self) -> Answer:
        self._enabled = dict.fromkeys(self._enabled, 0)
        return None


def _mask(command: Command, highest: int) -> int:
    """Return the value of an enable register, which has no name such as ``MIN`` (IEEE 488.2, 10.10)."""
    (given,) = command.take(1)
    if given.kind is Kind.MNEMONIC:
        raise ScpiError(f"expected a number, found {given.text}", -104)
    return given.integer(minimum=0, maximum=highest)


def _register(command: Command) -> str:
    return command.header.upper().split(":")[1][:4]


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
