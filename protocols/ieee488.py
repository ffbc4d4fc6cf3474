"""IEEE 488.2 message framing without I/O: response lines, arbitrary blocks, program messages, ``*IDN?``.

Every reader is fed bytes as they come and keeps a bounded buffer. A ``BlockReader`` also hands out the
memory that bytes are to be received into, so that a transport can ``recv_into`` a 10 MB waveform without a copy.
"""

import re
from collections import deque
from dataclasses import dataclass

from protocols.errors import ProtocolError

MAX_LINE_BYTES = 1 << 20
"""Default limit of one line: an ASCII waveform of 60 000 points fits, an endless stream of garbage does not."""

MAX_BLOCK_BYTES = 64 << 20
"""Default limit of one block: the deepest memory of the oscilloscopes supported, one byte a sample."""

_GROWTH_BYTES = 1 << 16
_MAX_IDENTITY_CHARACTERS = 1024


class Ieee488Error(ProtocolError):
    """A message that does not follow IEEE 488.2."""


def _excerpt(data: bytes | bytearray | memoryview) -> str:
    """Return the first bytes of ``data`` for an error message."""
    shown = bytes(data[:24])
    return repr(shown)[1:] + ("…" if len(data) > len(shown) else "")


class LineReader:
    """Splits a byte stream into lines that end with ``NL`` or ``CR NL``.

    Feed it whatever arrives, then call `pop` until it returns ``None``. `take_rest` gives back what follows the last
    line taken, for when a block comes next.
    """

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        """Return the number of bytes held."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take in bytes; raise `Ieee488Error` (and forget what is held) when a line grows beyond the limit."""
        self._buffer += data
        if len(self._buffer) > self._max and self._buffer.find(b"\n", self._searched, self._max + 1) < 0:
            start = _excerpt(self._buffer)
            self.clear()
            raise Ieee488Error(
                f"a line of more than {self._max} bytes without a line feed, beginning with {start}; "
                "check the baud rate, or read this answer as a block"
            )

    def pop(self) -> bytes | None:
        """Return the next whole line without its terminator, or ``None`` when more bytes are needed."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._searched = 0
        return line

    def take_rest(self) -> bytes:
        """Return and forget every byte held."""
        rest = bytes(self._buffer)
        self.clear()
        return rest

    def clear(self) -> None:
        """Forget every byte held."""
        self._buffer.clear()
        self._searched = 0


class BlockReader:
    """Reads one arbitrary block (IEEE 488.2, 8.7.9 and 8.7.10) and the message terminator after it.

    Definite: ``#`` *n* (1 … 9), *n* digits with the number of bytes, the bytes. Indefinite: ``#0``, bytes,
    ``NL^END``. Two ways to fill it, which may be mixed:

    - `target` gives writable memory: receive any number of bytes (at least 1) into it, then call `received`. It
      never reaches beyond the block, so nothing of the next message is swallowed, and once the length is known it
      is the whole rest of the block (a 10 MB block is received at the speed of the socket, without a copy).
    - `feed` copies from bytes that were received already, and returns how many it took.

    ``terminator`` is what follows the data of a definite block (``b"\\n"`` on sockets and serial lines, a carriage
    return before it or not; ``b""`` where the bus itself marks the end). ``max_prefix_bytes`` allows a response header
    before the ``#`` (``C1:WF DAT2,#9…``); it is then in ``prefix``. An indefinite block ends only by the bus's own
    mark: call `end` when that arrives.

    A length above ``max_bytes`` raises before anything is allocated.
    """

    def __init__(
        self, max_bytes: int = MAX_BLOCK_BYTES, *, terminator: bytes = b"\n", max_prefix_bytes: int = 0
    ) -> None:
        self._max = max_bytes
        self._terminator = terminator
        self._max_prefix = max_prefix_bytes
        self._head = bytearray()
        self._data = bytearray()
        self._filled = 0
        self._length: int | None = None
        self._scratch = bytearray(9)
        self.prefix = b""
        self.indefinite = False
        self.complete = False

    @property
    def length(self) -> int | None:
        """The number of data bytes that the header announced, once it is known."""
        return self._length

    @property
    def bytes_wanted(self) -> int:
        """The number of bytes that certainly belong to this block and are still missing (0 when complete)."""
        if self.complete:
            return 0
        if self.indefinite:
            return 1
        if self._length is not None:
            return len(self._data) - self._filled
        if not self._head:
            return 1 if self._max_prefix else 2
        return 1 if len(self._head) == 1 else 2 + (self._head[1] - 0x30) - len(self._head)

    def target(self) -> memoryview:
        """Return the memory for the next bytes (empty when complete)."""
        if self.complete:
            return memoryview(b"")
        if self._length is None and not self.indefinite:
            return memoryview(self._scratch)[: self.bytes_wanted]
        if self.indefinite and self._filled == len(self._data):
            self._data.extend(bytes(min(max(_GROWTH_BYTES, self._filled), self._max + 2 - self._filled)))
        return memoryview(self._data)[self._filled :]

    def received(self, count: int) -> None:
        """Say that ``count`` bytes were written to the start of the last `target`; raise `Ieee488Error` if they are
        wrong.

        Any memoryview from `target` must be released before the next call (an expression that is not kept is enough).
        """
        if count < 0 or (count > 0 and self.complete):
            raise Ieee488Error(f"{count} bytes were received for a block that is already complete")
        if self._length is None and not self.indefinite:
            self._head += self._scratch[:count]
            self._parse_head()
            return
        self._filled += count
        if self.indefinite:
            if self._filled > self._max + 1:
                raise Ieee488Error(
                    f"an indefinite block of more than {self._max} bytes; ask for fewer points at a time"
                )
        else:
            self._check_complete()

    def feed(self, data: bytes | bytearray | memoryview) -> int:
        """Take what belongs to this block from the start of ``data`` and return how many bytes that was."""
        view = memoryview(data)
        taken = 0
        while taken < len(view) and not self.complete:
            room = self.target()
            count = min(len(room), len(view) - taken)
            room[:count] = view[taken : taken + count]
            room.release()
            self.received(count)
            taken += count
        return taken

    def end(self) -> None:
        """Say that the bus marked the end of the message (EOI, USBTMC EOM); raise `Ieee488Error` when the block is
        cut."""
        if self.complete:
            return
        if self.indefinite:
            if not self._filled or self._data[self._filled - 1] != 0x0A:
                raise Ieee488Error("an indefinite block ended without the line feed that closes it; read it again")
            self._length = self._filled - 1
            self.complete = True
        elif self._length is not None and self._filled >= self._length:
            self.complete = True
        else:
            have = f"{self._filled} of {self._length} bytes" if self._length is not None else "its header unfinished"
            raise Ieee488Error(f"the block was cut short with {have}; read it again with a longer timeout")

    def payload(self) -> memoryview:
        """Return the data bytes without header and terminator; raise `Ieee488Error` when the block is not
        complete."""
        if not self.complete or self._length is None:
            raise Ieee488Error(f"the block is not complete: {self.bytes_wanted} bytes are missing")
        return memoryview(self._data)[: self._length]

    def _parse_head(self) -> None:
        while self._head and self._head[0] != 0x23:
            if len(self.prefix) >= self._max_prefix:
                found = _excerpt(self.prefix + bytes(self._head))
                raise Ieee488Error(f"expected '#' at the start of a block, found {found}")
            self.prefix += bytes(self._head[:1])
            del self._head[0]
        if len(self._head) < 2:
            return
        digits = self._head[1] - 0x30
        if digits == 0:
            self.indefinite = True
            return
        if not 1 <= digits <= 9:
            raise Ieee488Error(f"expected a digit after '#' in a block header, found {_excerpt(self._head[1:])}")
        if len(self._head) < 2 + digits:
            return
        text = bytes(self._head[2:])
        if not text.isdigit():
            raise Ieee488Error(f"expected {digits} digits with the length of a block, found {_excerpt(text)}")
        length = int(text)
        if length > self._max:
            raise Ieee488Error(
                f"a block announces {length} bytes but at most {self._max} are accepted; ask for fewer points at a time"
            )
        self._length = length
        self._data = bytearray(length + len(self._terminator))
        self._check_complete()

    def _check_complete(self) -> None:
        assert self._length is not None  # noqa: S101 - callers know the length
        if self._filled < len(self._data):
            return
        tail = bytes(self._data[self._length :])
        if tail == b"\r" and self._terminator == b"\n":
            self._data.append(0)  # a carriage return before the line feed, as at the end of a line
            return
        if tail not in (self._terminator, b"\r" + self._terminator):
            raise Ieee488Error(
                f"expected {self._terminator!r} after a block of {self._length} bytes, found {_excerpt(tail)}; "
                "the announced length is wrong or bytes were lost"
            )
        self.complete = True


def format_block(data: bytes | bytearray | memoryview) -> bytes:
    """Return ``data`` as a definite block (``#3100…``); raise `Ieee488Error` above 999 999 999 bytes."""
    length = str(len(data))
    if len(length) > 9:
        raise Ieee488Error(f"a definite block holds at most 999999999 bytes, not {length}")
    return f"#{len(length)}{length}".encode("ascii") + data


class ProgramMessageReader:
    """Splits what a controller sends into program messages, for the instrument's side.

    A message ends with ``NL``; a ``NL`` inside a definite block is data. ``NL`` ends the message inside a quoted
    string also (8.7.8 would allow it there), so that one lost quote does not swallow all that follows.
    """

    def __init__(self, max_bytes: int = 1 << 24) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._position = 0
        self._quote = 0
        self._block_end = 0
        self._ready: deque[bytes] = deque()

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take in bytes; raise `Ieee488Error` (and forget the unfinished message) when it grows beyond the limit."""
        self._buffer += data
        self._scan()
        if len(self._buffer) > self._max:
            start = _excerpt(self._buffer)
            self._restart(len(self._buffer))
            raise Ieee488Error(f"a program message of more than {self._max} bytes, beginning with {start}")

    def pop(self) -> bytes | None:
        """Return the next whole message without its terminator, or ``None``."""
        return self._ready.popleft() if self._ready else None

    def _restart(self, consumed: int) -> None:
        del self._buffer[:consumed]
        self._position = 0
        self._quote = 0
        self._block_end = 0

    def _scan(self) -> None:
        special = re.compile(rb"[\n\"'#]")
        while match := special.search(self._buffer, self._position):
            at = match.start()
            byte = self._buffer[at]
            if byte == 0x0A:
                # A carriage return that is the last byte of a block is data, not half a terminator.
                end = at - 1 if self._buffer.endswith(b"\r", self._block_end, at) else at
                self._ready.append(bytes(self._buffer[:end]))
                self._restart(at + 1)
            elif byte == 0x23 and not self._quote:
                length = self._block_length(at)
                if length is None:
                    self._position = at
                    return
                self._position = at + length
                if length > 1:
                    self._block_end = self._position
            else:
                if byte != 0x23:
                    self._quote = byte if not self._quote else (0 if self._quote == byte else self._quote)
                self._position = at + 1
        self._position = max(self._position, len(self._buffer))

    def _block_length(self, at: int) -> int | None:
        """Return the length of the block at ``at`` with its header (1 when it is none), ``None`` if not yet known."""
        if at + 1 >= len(self._buffer):
            return None
        digits = self._buffer[at + 1] - 0x30
        if not 1 <= digits <= 9:
            return 1
        text = bytes(self._buffer[at + 2 : at + 2 + digits])
        if text and not text.isdigit():
            return 1
        if len(text) < digits:
            return None
        length = 2 + digits + int(text)
        if length > self._max:
            self._restart(len(self._buffer))
            raise Ieee488Error(f"a block of {int(text)} bytes in a program message; at most {self._max} are accepted")
        return length


@dataclass(frozen=True, slots=True)
class Identity:
    """The answer to ``*IDN?`` (IEEE 488.2, 10.14). A field that the instrument leaves out is empty."""

    manufacturer: str
    model: str
    serial: str = ""
    firmware: str = ""


def parse_identity(text: str) -> Identity:
    """Return the fields of an ``*IDN?`` answer.

    Blanks around the commas are dropped, as is a pair of quotes around the whole; a missing serial number or
    firmware version is left empty, and what follows a fourth comma belongs to the firmware. Raise `Ieee488Error`
    when there is no manufacturer and model.
    """
    if len(text) > _MAX_IDENTITY_CHARACTERS:
        raise Ieee488Error(f"an *IDN? answer of {len(text)} characters; expected manufacturer,model,serial,firmware")
    stripped = text.strip()
    if len(stripped) >= 2 and stripped[0] == stripped[-1] == '"':
        stripped = stripped[1:-1]
    fields = [field.strip() for field in stripped.split(",", 3)]
    if len(fields) < 2 or not fields[0] or not fields[1] or not stripped.isprintable():
        raise Ieee488Error(
            f"{text[:60]!r} is no answer to *IDN? (manufacturer,model,serial,firmware); check address and baud rate"
        )
    return Identity(*fields)
