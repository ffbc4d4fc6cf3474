"""An instrument that follows a script, on a real socket or pseudo-terminal, and writes down all that it receives."""

import contextlib
import os
import pty
import select
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from waiting import PATIENCE_S

HANG = object()
"""A reply that never comes."""
CLOSE = object()
"""The instrument closes its port instead of answering."""

Exchange = tuple[str | bytes, object]
"""(what must be received, what is answered: text or bytes, ``None``, ``HANG`` or ``CLOSE``)."""


def as_bytes(message: str | bytes) -> bytes:
    """A text is one line; bytes are taken as they are."""
    return message if isinstance(message, bytes) else message.encode("ascii") + b"\n"


@dataclass
class Late:
    """A reply that comes after a delay."""

    seconds: float
    reply: str | bytes


class ScriptedInstrument(ABC):
    """Runs a script in a thread. ``received`` is every byte that came; ``faults`` what did not follow the script."""

    def __init__(self, script: Sequence[Exchange]) -> None:
        self.script = list(script)
        self.received = bytearray()
        self.faults: list[str] = []
        self.step = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def finish(self) -> None:
        """Assert that the whole script was played, and nothing beside it received."""
        deadline = time.monotonic() + PATIENCE_S
        while self.step < len(self.script) and not self.faults and time.monotonic() < deadline:
            time.sleep(0.005)
        assert not self.faults, self.faults
        left = [message for message, _ in self.script[self.step :]]
        assert not left, f"never asked: {left}"

    def _run(self) -> None:
        pending = bytearray()
        with contextlib.suppress(OSError):
            while not self._stop.is_set():
                data = self._receive()
                if data is None:
                    return
                pending += data
                self.received += data
                if not self._play(pending):
                    return

    def _play(self, pending: bytearray) -> bool:
        while pending:
            if self.step >= len(self.script):
                self.faults.append(f"received after the end of the script: {bytes(pending)!r}")
                self._close()
                return False
            message, reply = self.script[self.step]
            expected = as_bytes(message)
            if len(pending) < len(expected) and expected.startswith(bytes(pending)):
                return True
            if not pending.startswith(expected) and self._asked_often_enough():
                continue
            if not pending.startswith(expected):
                self.faults.append(f"step {self.step}: expected {expected!r}, received {bytes(pending)!r}")
                self._close()
                return False
            del pending[: len(expected)]
            self.step += 1
            if reply is CLOSE:
                self._close()
                return False
            if isinstance(reply, Late):
                time.sleep(reply.seconds)
                reply = reply.reply
            if reply is not None and reply is not HANG:
                assert isinstance(reply, str | bytes)
                self._send(as_bytes(reply))
        return True

    def _asked_often_enough(self) -> bool:
        """Pass over the rest of a question asked again and again: a busy machine asks less often in the same time."""
        message = self.script[self.step][0]
        if self.step == 0 or self.script[self.step - 1] != self.script[self.step]:
            return False
        while self.step < len(self.script) and self.script[self.step][0] == message:
            self.step += 1
        return True

    @abstractmethod
    def _receive(self) -> bytes | None:
        """Return what was received, ``None`` when the port is closed."""

    @abstractmethod
    def _send(self, data: bytes) -> None:
        """Send an answer."""

    @abstractmethod
    def _close(self) -> None:
        """Close the port."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._close()


class SocketInstrument(ScriptedInstrument):
    """On a TCP port; connections are served one after another, the script going on."""

    def __init__(self, script: Sequence[Exchange]) -> None:
        super().__init__(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._connection: socket.socket | None = None
        self.port = self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        return f"TCPIP::127.0.0.1::{self.port}::SOCKET"

    def _receive(self) -> bytes | None:
        if self._connection is None:
            try:
                self._connection, _ = self._listener.accept()
            except TimeoutError:
                return b""
            self._connection.settimeout(0.02)
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._connection.close()
            self._connection = None
        return data

    def _send(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.settimeout(10)
        self._connection.sendall(data)
        self._connection.settimeout(0.02)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


class PtyInstrument(ScriptedInstrument):
    """On a pseudo-terminal."""

    def __init__(self, script: Sequence[Exchange]) -> None:
        super().__init__(script)
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        # Held open, so that the master does not see the end of the line while nobody has the port open.
        self._slave: int | None = slave
        self._open = True

    @property
    def address(self) -> str:
        return f"serial:{self.device}"

    def _receive(self) -> bytes | None:
        if not select.select([self._master], [], [], 0.02)[0]:
            return b""
        return os.read(self._master, 65536)

    def send(self, data: bytes) -> None:
        """Send without having been asked, as a free-running meter does."""
        self._send(data)

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]

    def _close(self) -> None:
        if self._open:
            self._open = False
            if self._slave is not None:
                os.close(self._slave)
            os.close(self._master)


@contextlib.contextmanager
def played(instrument: ScriptedInstrument) -> Iterator[ScriptedInstrument]:
    """Run an instrument, and assert at the end that its script was played to the last step."""
    with instrument:
        yield instrument
        instrument.finish()
