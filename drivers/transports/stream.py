"""The byte stream that SCPI and serial drivers talk through, whatever carries it.

A transport supplies three primitives (send some, receive some, close); framing, timeouts and the guard are here, once.
"""

import threading
import time
from abc import ABC, abstractmethod

from drivers.errors import BadResponse, ConnectionLost, NoResponse
from drivers.guard import POLL_S, Guard

SCRATCH_BYTES = 65536
MAX_LINE_BYTES = 1 << 20
MAX_DRAIN_BYTES = 1 << 26
WRITE_TIMEOUT_S = 5.0


class ByteStream(ABC):
    """A bidirectional stream of bytes to one instrument.

    ``label`` names profile and address in every error. Timeouts are the longest silence, not the length of the
    whole answer: a long block on a slow line is as good as a short one. Raises ``NoResponse`` (nothing came),
    ``BadResponse`` (the answer broke off), ``ConnectionLost`` and ``Cancelled``.
    """

    poll_s = POLL_S
    """Longest single wait; a transport whose library cannot wait in slices overrides it."""

    def __init__(self, label: str, guard: Guard) -> None:
        self.label = label
        self.guard = guard
        self._pending = bytearray()
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._closing = threading.Lock()
        self._closed = False
        self._ended = f"{label} is closed; open it again"

    @abstractmethod
    def _send(self, data: bytes | memoryview) -> int:
        """Send what goes out within ``POLL_S`` and return how many bytes.

        Raises ``OSError`` when the port is gone or closed, as `_receive` does.
        """

    @abstractmethod
    def _receive(self, into: memoryview, wait_s: float, terminator: int | None) -> int:
        """Wait up to ``wait_s`` and return how many bytes came (0: none).

        A message-based transport ends a read at ``terminator``; ``None`` says that the bytes are binary.
        """

    @abstractmethod
    def _close(self) -> None:
        """Release the port, whatever another thread is doing with it; what that does next raises ``OSError``."""

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        try:
            sent = self.guard.send(self._send, data)
            if sent != len(data):
                self._send_rest(memoryview(data)[sent:])
        except OSError as error:
            raise self._gone(error) from error

    def read_until(self, terminator: bytes, timeout_s: float, max_bytes: int = MAX_LINE_BYTES) -> bytes:
        """Return the bytes up to ``terminator``, without it; ``max_bytes`` without one are a ``BadResponse``."""
        pending = self._pending
        start = 0
        if not pending:  # the usual case: one whole line in one piece
            count = self._wait(self._scratch, timeout_s, terminator[-1])
            if not count:
                raise self._silent(timeout_s, b"")
            piece = self._scratch[:count].tobytes()
            if piece.find(terminator) == count - len(terminator):
                return piece[: -len(terminator)]
            pending += piece
        while True:
            end = pending.find(terminator, start)
            if end >= 0:
                line = bytes(pending[:end])
                del pending[: end + len(terminator)]
                return line
            if len(pending) > max_bytes:
                shown = bytes(pending[:20])
                pending.clear()
                raise BadResponse(
                    f"{self.label} sent more than {max_bytes} bytes without the end of a line (starting {shown!r}); "
                    f"check the baud rate and the terminator"
                )
            start = max(0, len(pending) - len(terminator) + 1)
            count = self._wait(self._scratch, timeout_s, terminator[-1])
            if not count:
                raise self._silent(timeout_s, bytes(pending))
            pending += self._scratch[:count]

    def read_into(self, into: memoryview, timeout_s: float) -> int:
        """Receive at least one byte into ``into``, without a copy, and return how many came."""
        if self._pending:
            count = min(len(self._pending), len(into))
            into[:count] = self._pending[:count]
            del self._pending[:count]
            return count
        count = self._wait(into, timeout_s, None)
        if not count:
            raise self._silent(timeout_s, b"")
        return count

    def read_exactly(self, into: memoryview, timeout_s: float) -> None:
        """Fill ``into``; an answer that breaks off is a ``BadResponse`` that says how far it came."""
        rest = into
        while rest:
            try:
                rest = rest[self.read_into(rest, timeout_s) :]
            except NoResponse as error:
                raise BadResponse(
                    f"{self.label} broke off after {len(into) - len(rest)} of {len(into)} bytes and was silent for "
                    f"{timeout_s:g} s; check the cable, then ask again"
                ) from error

    def read_available(self, timeout_s: float, max_bytes: int = SCRATCH_BYTES) -> bytes:
        """Return whatever arrives first within ``timeout_s`` (nothing: ``b""``), at most ``max_bytes``."""
        if not self._pending:
            count = self._wait(self._scratch[:max_bytes], timeout_s, None)
            return bytes(self._scratch[:count])
        taken = bytes(self._pending[:max_bytes])
        del self._pending[:max_bytes]
        return taken

    def drain(self) -> int:
        """Throw away everything that has arrived so far and return how many bytes that was."""
        dropped = len(self._pending)
        self._pending.clear()
        while dropped < MAX_DRAIN_BYTES:
            self.guard.check()
            try:
                count = self._receive(self._scratch, 0.0, None)
            except OSError as error:
                raise self._gone(error) from error
            if not count:
                break
            dropped += count
        return dropped

    def close(self) -> None:
        """Release the port. Never raises; any thread may call it, more than once."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._close()

    def _send_rest(self, rest: memoryview) -> None:
        length = len(rest)
        deadline = time.monotonic() + WRITE_TIMEOUT_S
        while rest:
            if time.monotonic() >= deadline:
                raise NoResponse(
                    f"{self.label} left {len(rest)} of {length} bytes waiting for {WRITE_TIMEOUT_S:g} s; "
                    f"check the cable and the instrument's flow control"
                )
            rest = rest[self.guard.send(self._send, rest) :]

    def _wait(self, into: memoryview, timeout_s: float, terminator: int | None) -> int:
        """Receive into ``into`` within ``timeout_s``, looking at the guard in every slice; 0 when nothing came."""
        guard = self.guard
        slice_s = min(self.poll_s, timeout_s)
        began = time.monotonic()
        try:
            while True:
                guard.check()
                count = self._receive(into, guard.remaining_s(slice_s), terminator)
                if count:
                    return count
                slice_s = min(self.poll_s, began + timeout_s - time.monotonic())
                if slice_s <= 0.0:  # what came while this process stood still is there now
                    guard.check()
                    return self._receive(into, 0.0, terminator)
        except OSError as error:
            raise self._gone(error) from error

    def _gone(self, error: OSError) -> ConnectionLost:
        with self._closing:
            if not self._closed:
                # Closed at once: the port is free for whoever opens it again, and every later use fails alike.
                self._closed = True
                reason = error.strerror or str(error) or type(error).__name__
                self._ended = f"{self.label} is gone ({reason}); check power and cable, then open it again"
                self._close()
        return ConnectionLost(self._ended)

    def _silent(self, timeout_s: float, received: bytes) -> NoResponse | BadResponse:
        if not received:
            return NoResponse(
                f"{self.label} did not answer within {timeout_s:g} s; check that it is switched on and connected"
            )
        self._pending.clear()
        return BadResponse(
            f"{self.label} broke off in the middle of an answer ({len(received)} bytes starting {received[:20]!r}); "
            f"check the baud rate and the cable"
        )
