"""HiSLIP (IVI-6.1, revision 1.1): how LXI instruments are reached as ``TCPIP::host::hislip0::INSTR``.

Each client has two connections, a synchronous one for messages and an asynchronous one for device clear, status and
locks. Synchronised mode only; one client does not wait for another's lock.
"""

import itertools
import struct
from collections.abc import Callable
from enum import IntEnum

from drivers.simulated.endpoints import Session

HEADER = struct.Struct(">2sBBIQ")
MAX_MESSAGE_BYTES = 1 << 24
"""Bound of one HiSLIP message, and of a program message that comes in several."""
PROTOCOL_VERSION = 0x0100
VENDOR = int.from_bytes(b"BW", "big")
_FATAL_UNIDENTIFIED, _FATAL_HEADER, _FATAL_SEQUENCE = 0, 1, 3
_UNRECOGNISED = 1


class Kind(IntEnum):
    """Message types (IVI-6.1, table 4) that a client of this server may meet."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    ASYNC_MAX_SIZE = 15
    ASYNC_MAX_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


_IDS = itertools.count(1)


def message(kind: Kind, control: int = 0, parameter: int = 0, payload: bytes = b"") -> bytes:
    """Return one HiSLIP message."""
    return HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload


class HislipSession(Session):
    """One connection of a client; the first message says which of the two it is.

    ``handle`` carries out one program message and returns the response message (or nothing), as a SCPI instrument does.
    """

    def __init__(self, handle: Callable[[bytes], bytes]) -> None:
        self._handle = handle
        self._held = bytearray()
        self._program = bytearray()
        self._begun = False

    def receive(self, data: bytes) -> bytes:
        """Answer every whole message in ``data``; after a fatal error nothing more is heard."""
        self._held += data
        replies: list[bytes] = []
        at = 0
        while not self.ended and len(self._held) >= at + HEADER.size:
            prologue, kind, _, parameter, length = HEADER.unpack_from(self._held, at)
            if prologue != b"HS" or length > MAX_MESSAGE_BYTES:
                replies.append(self._fatal(_FATAL_HEADER))
                break
            end = at + HEADER.size + length
            if len(self._held) < end:
                break
            replies.append(self._answer(kind, parameter, bytes(self._held[at + HEADER.size : end])))
            at = end
        del self._held[: len(self._held) if self.ended else at]
        return b"".join(replies)

    def _fatal(self, code: int) -> bytes:
        self.ended = True
        return message(Kind.FATAL_ERROR, code)

    def _answer(self, kind: int, parameter: int, payload: bytes) -> bytes:  # noqa: PLR0911 - one a type
        if kind in (Kind.INITIALIZE, Kind.ASYNC_INITIALIZE):
            self._begun = True
            if kind == Kind.ASYNC_INITIALIZE:
                return message(Kind.ASYNC_INITIALIZE_RESPONSE, parameter=VENDOR)
            return message(Kind.INITIALIZE_RESPONSE, parameter=PROTOCOL_VERSION << 16 | (next(_IDS) & 0xFFFF))
        if not self._begun:
            return self._fatal(_FATAL_SEQUENCE)
        if kind in (Kind.DATA, Kind.DATA_END) and len(self._program) + len(payload) > MAX_MESSAGE_BYTES:
            return self._fatal(_FATAL_UNIDENTIFIED)
        match kind:
            case Kind.DATA:
                self._program += payload
                return b""
            case Kind.DATA_END:
                program, self._program = bytes(self._program + payload), bytearray()
                return self._response(parameter, program)
            case Kind.TRIGGER:
                return self._response(parameter, b"*TRG")
            case Kind.DEVICE_CLEAR_COMPLETE:
                self._program = bytearray()
                return message(Kind.DEVICE_CLEAR_ACKNOWLEDGE)
            case Kind.ASYNC_DEVICE_CLEAR:
                return message(Kind.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)
            case Kind.ASYNC_MAX_SIZE:
                return message(Kind.ASYNC_MAX_SIZE_RESPONSE, payload=MAX_MESSAGE_BYTES.to_bytes(8, "big"))
            case Kind.ASYNC_STATUS_QUERY:
                status = self._handle(b"*STB?")
                return message(Kind.ASYNC_STATUS_RESPONSE, int(status) & 0xFF if status.strip() else 0)
            case Kind.ASYNC_LOCK:
                return message(Kind.ASYNC_LOCK_RESPONSE, 1)
            case Kind.ASYNC_LOCK_INFO:
                return message(Kind.ASYNC_LOCK_INFO_RESPONSE)
            case Kind.ASYNC_REMOTE_LOCAL_CONTROL:
                return message(Kind.ASYNC_REMOTE_LOCAL_RESPONSE)
        return message(Kind.ERROR, _UNRECOGNISED)

    def _response(self, message_id: int, program: bytes) -> bytes:
        """Carry out the lines of a program message: END closes the last one, with a line feed or without."""
        answers = [self._handle(line) for line in program.removesuffix(b"\n").split(b"\n")] if _is_text(program) else []
        if not answers:
            answers = [self._handle(program.removesuffix(b"\n"))]
        return b"".join(message(Kind.DATA_END, parameter=message_id, payload=one) for one in answers if one)


def _is_text(program: bytes) -> bool:
    """Whether a program message carries no block, in which line feeds would be data."""
    return b"#" not in program
