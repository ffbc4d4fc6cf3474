"""A SCPI multimeter on a TCP socket whose manners a test chooses, and which writes down all that reaches it."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

KEYSIGHT = "Keysight Technologies,34461A,MY00000001,A.03.03"


@dataclass(frozen=True)
class Heard:
    at: float
    """Monotonic time at which the line was complete."""
    text: str


class ScriptedInstrument:
    """Answers like a Keysight 34461A, or falls silent (``hung``), or lies about who it is (``identity``)."""

    def __init__(self, value: float = 3.3) -> None:
        self.value = value
        self.identity = KEYSIGHT
        self.hung = False
        self.delay_s = 0.0
        self.heard: list[Heard] = []
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def address(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    def lines(self, since: float = 0.0) -> list[str]:
        return [heard.text for heard in self.heard if heard.at >= since]

    def plug(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def unplug(self) -> None:
        """Drop every connection and listen no more."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            connection.close() if connection.fileno() < 0 else _drop(connection)
        self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        while True:
            try:
                data = connection.recv(4096)
            except OSError:
                return
            if not data:
                return
            buffer += data
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                text = line.decode("ascii").strip()
                self.heard.append(Heard(time.monotonic(), text))
                answer = self._answer(text)
                if answer is not None and not self.hung:
                    if text.startswith("READ"):
                        time.sleep(self.delay_s)
                    try:
                        connection.sendall(answer.encode("ascii") + b"\n")
                    except OSError:
                        return

    def _answer(self, text: str) -> str | None:
        match text.upper():
            case "*IDN?":
                return self.identity
            case "SYST:ERR?":
                return '+0,"No error"'
            case "READ?":
                return f"{self.value:+.8E}"
            case query if query.endswith("?"):
                return "10"
        return None


def _drop(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
