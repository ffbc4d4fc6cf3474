"""The conversation with one SCPI instrument: commands from its profile, checked answers, recovery after a cancel."""

import re
import time

import numpy as np
import numpy.typing as npt

from drivers.errors import (
    BadResponse,
    Cancelled,
    ConnectionLost,
    InstrumentError,
    InstrumentRefused,
    NoResponse,
    OutOfRange,
    WrongIdentity,
)
from drivers.guard import POLL_S, Guard
from drivers.scpi.model import ScpiProfile, Value
from drivers.transports.stream import ByteStream
from protocols.errors import ProtocolError
from protocols.ieee488 import BlockReader
from protocols.scpi import (
    ErrorEntry,
    parse_boolean,
    parse_error,
    parse_integer,
    parse_number_or_quantity,
    response_data,
)

MAX_ERRORS_READ = 30
MAX_STRAY_LINES = 50
INDEFINITE_END_S = 0.5
"""Silence after a line feed that ends an indefinite block where nothing else marks the end (IEEE 488.2, 8.7.10)."""
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?[012]?\d)?")
"""A number below 1E30, which is none of SCPI's special values: the usual answer, read without looking further."""


class ScpiLink:
    """Sends the commands of a profile by name and reads their answers.

    When an operation was cut off (cancelled, timed out, answer broken), the next one first resynchronises: it asks for
    the identity and throws away everything that comes before that answer, so that a late answer can
    never be taken for the answer to another question.
    """

    def __init__(self, stream: ByteStream, profile: ScpiProfile) -> None:
        self.stream = stream
        self.profile = profile
        self.label = stream.label
        self._terminator = profile.quirks.terminator.encode("ascii")
        self._acknowledgements = frozenset(profile.quirks.good_acknowledgements + profile.quirks.bad_acknowledgements)
        self._delay_s = profile.quirks.delay_after_write_s
        self._fixed: dict[str, tuple[bytes, float]] = {}
        self._identity = re.compile(profile.identity.pattern)
        self._cut_off = False  # True while an exchange is not known to have ended well
        self._unknown = True

    @property
    def guard(self) -> Guard:
        """The gate that everything passes."""
        return self.stream.guard

    def has(self, name: str) -> bool:
        """Whether the profile declares this command."""
        return name in self.profile.commands

    def identify(self) -> str:
        """Ask who the instrument is; raise ``WrongIdentity`` when it is not what the profile describes."""
        if self._cut_off:
            return self._resynchronise()
        self.stream.drain()  # what came unasked is no answer
        self._cut_off = True
        self._write(self._message("identify", {})[0])
        answer = self._read_line(self.profile.identity.timeout_s)
        self._cut_off = False
        if not self._identity.fullmatch(answer):
            raise WrongIdentity(
                f"{self.label} answers {answer[:80]!r}, which is not a {self.profile.title['en']}; "
                f"correct profile or address in bench.toml"
            )
        if self._unknown:
            # Errors from before are not answers to what we send.
            self._unknown = False
            self.clear()
        return answer

    def clear(self) -> None:
        """Empty the error queue (``*CLS``), so that old errors are not taken for new ones."""
        if self.has("clear"):
            self.send("clear")

    def check(self, name: str, /, **values: Value) -> None:
        """Raise ``OutOfRange`` when a command cannot carry these arguments; nothing is sent."""
        self._message(name, values)

    def send(self, name: str, /, **values: Value) -> None:
        """Send a command that answers nothing; raise ``OutOfRange`` before anything is sent."""
        message, _ = self._message(name, values)
        self._ready()
        self._cut_off = True
        self._write(message)
        self._cut_off = False

    def send_if_declared(self, name: str, /, **values: Value) -> None:
        """Send a command that not every model of a family has."""
        if self.has(name):
            self.send(name, **values)

    def ask(self, name: str, /, **values: Value) -> str:
        """Return the answer to a query as text."""
        message, timeout_s = self._message(name, values)
        self._ready()
        self._cut_off = True
        self._write(message)
        try:
            answer = self._read_line(timeout_s)
        except NoResponse as error:
            raise self._reason_of_silence(message, error) from error
        self._cut_off = False
        return answer

    def ask_number(self, name: str, /, **values: Value) -> float:
        """Return a numeric answer; ``inf`` and ``nan`` as SCPI encodes them."""
        answer = self.ask(name, **values)
        try:
            if _PLAIN_NUMBER.fullmatch(answer):
                return float(answer)
            return parse_number_or_quantity(self._data(name, answer))
        except ProtocolError as error:
            raise self._not_understood(name, error) from error

    def ask_integer(self, name: str, /, **values: Value) -> int:
        """Return a whole-number answer."""
        answer = self.ask(name, **values)
        try:
            return parse_integer(self._data(name, answer))
        except ProtocolError as error:
            raise self._not_understood(name, error) from error

    def ask_boolean(self, name: str, /, **values: Value) -> bool:
        """Return an ``ON``/``OFF`` or ``1``/``0`` answer."""
        answer = self.ask(name, **values)
        try:
            return parse_boolean(self._data(name, answer))
        except ProtocolError as error:
            raise self._not_understood(name, error) from error

    def ask_block(self, name: str, /, **values: Value) -> npt.NDArray[np.uint8]:
        """Return the data bytes of a block answer, shape (n,), received without a copy."""
        message, timeout_s = self._message(name, values)
        self._ready()
        self._cut_off = True
        self._write(message)
        try:
            reader = BlockReader(max_prefix_bytes=self.profile.quirks.block_prefix_bytes)
            while not reader.complete:
                try:
                    silence_s = min(timeout_s, INDEFINITE_END_S) if reader.indefinite else timeout_s
                    count = self.stream.read_into(reader.target(), silence_s)
                except NoResponse as error:
                    if not reader.indefinite:
                        raise self._block_silence(message, reader, error) from error
                    reader.end()
                else:
                    reader.received(count)
        except ProtocolError as error:
            raise self._not_understood(name, error) from error
        self._cut_off = False
        return np.frombuffer(reader.payload(), dtype=np.uint8)

    def check_errors(self) -> None:
        """Read the error queue empty, where there is one; raise ``InstrumentRefused`` with what it held."""
        if not self.has("next_error"):
            return
        errors: list[ErrorEntry] = []
        for _ in range(MAX_ERRORS_READ):
            answer = self.ask("next_error")
            try:
                entry = parse_error(self._data("next_error", answer))
            except ProtocolError as error:
                raise self._not_understood("next_error", error) from error
            if entry.code == 0:
                break
            errors.append(entry)
        if errors:
            raise InstrumentRefused(f"{self.label} refused: {'; '.join(str(one) for one in errors)}")

    def pause(self, seconds: float) -> None:
        """Wait, ending early when the operation is cancelled."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.guard.check()
            time.sleep(self.guard.remaining_s(min(POLL_S, left)))
        self.guard.check()

    def safe_state(self) -> None:
        """Send the profile's safe-state commands before anything else, then wait until they took effect."""
        if not self.profile.safe_state:
            return
        prefix = self._terminator if self._cut_off else b""
        for name in self.profile.safe_state:
            self._write(prefix + self._message(name, {})[0])
            prefix = b""
        self._ready()
        self.identify()

    def close(self) -> None:
        """Release the port."""
        self.stream.close()

    def _data(self, name: str, answer: str) -> str:
        return response_data(answer, self.profile.commands[name].send)

    def _message(self, name: str, values: dict[str, Value]) -> tuple[bytes, float]:
        """Return a command as it goes out, and the longest silence before its answer."""
        if not values and name in self._fixed:
            return self._fixed[name]
        command = self.profile.commands[name]
        try:
            text = command.render(**values)
        except OutOfRange as error:
            raise OutOfRange(f"{self.label}: {error}") from error
        message = (text.encode("ascii") + self._terminator, command.timeout_s or self.profile.timeout_s)
        if not values:
            self._fixed[name] = message
        return message

    def _write(self, message: bytes) -> None:
        self.stream.write(message)
        if self._delay_s:
            self.pause(self._delay_s)

    def _read_line(self, timeout_s: float) -> str:
        for _ in range(MAX_STRAY_LINES):
            line = self.stream.read_until(b"\n", timeout_s).strip(b"\r\n\x00 ")
            if not line.isascii():
                raise BadResponse(
                    f"{self.label} answers what is no ASCII text ({line[:20]!r}); check the baud rate and the cable"
                )
            text = line.decode("ascii")
            if text not in self._acknowledgements:
                return text
            if text in self.profile.quirks.bad_acknowledgements:
                raise InstrumentRefused(f"{self.label} refused a command ({text})")
        raise BadResponse(f"{self.label} sends acknowledgements without end; switch it off and on")

    def _reason_of_silence(self, message: bytes, silence: NoResponse) -> InstrumentError:
        """Return what the error queue says of a query that was not answered: a refused query is not answered either."""
        if not self.has("next_error") or message == self._message("next_error", {})[0]:
            return silence
        try:
            self._resynchronise()
            entry = parse_error(self._data("next_error", self.ask("next_error")))
        except (InstrumentError, ProtocolError) as error:
            if isinstance(error, Cancelled | ConnectionLost):
                return error
            return silence
        if entry.code == 0:
            return silence
        asked = message.strip().decode("ascii")
        return InstrumentRefused(f"{self.label} refused {asked!r}: {entry}")

    def _block_silence(self, message: bytes, reader: BlockReader, error: NoResponse) -> InstrumentError:
        nothing_wanted = 1 if self.profile.quirks.block_prefix_bytes else 2
        if reader.length is None and not reader.prefix.strip() and reader.bytes_wanted == nothing_wanted:
            return self._reason_of_silence(message, error)
        if reader.length is None:
            return BadResponse(f"{self.label} broke off in the middle of a block; check the cable, then ask again")
        return BadResponse(
            f"{self.label} broke off in the middle of a block of {reader.length} bytes, {reader.bytes_wanted} missing; "
            "check the cable, then ask again"
        )

    def _not_understood(self, name: str, error: ProtocolError) -> BadResponse:
        self._cut_off = True
        return BadResponse(f"{self.label}, asked {self.profile.commands[name].send!r}: {error}")

    def _ready(self) -> None:
        if self._cut_off:
            self._resynchronise()
            self.clear()

    def _resynchronise(self) -> str:
        self.stream.drain()
        # The terminator first ends a command of which only a part went out.
        self.stream.write(self._terminator + self._message("identify", {})[0])
        end = time.monotonic() + self.profile.timeout_s + self.profile.identity.timeout_s
        while True:
            line = self.stream.read_until(b"\n", self.profile.identity.timeout_s).strip(b"\r\n\x00 ")
            answer = line.decode("ascii", errors="replace")
            if self._identity.fullmatch(answer):
                self._cut_off = False
                return answer
            if time.monotonic() >= end:
                raise NoResponse(
                    f"{self.label} does not come back to its identity after an interrupted answer; switch it off and on"
                )
