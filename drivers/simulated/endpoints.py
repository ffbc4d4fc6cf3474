"""Where the instruments' wires end on this machine: TCP sockets and pseudo-terminals, one thread each.

An instrument gives a `Session`: bytes in, bytes out. The endpoint moves the bytes, and misbehaves on request: it can
hang, cut long answers short, or be unplugged.
"""

import contextlib
import errno
import os
import select
import selectors
import socket
import termios
import threading
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from drivers.simulated.uart import Receiver, back_to_back

_PENDING_LIMIT = 64 << 20
_READ_BYTES = 65536
_TICK_S = 0.01
_SETTLE_S = 0.05
"""A client that has just opened a terminal gets no unasked bytes for this long: it is still setting the line up."""

_BAUDS = {
    getattr(termios, f"B{rate}"): rate
    for rate in (1200, 2400, 4800, 9600, 19200, 57600, 115200, 230400, 460800, 921600)
}
"""Rates that a client can have chosen. 38400 is missing: a terminal has it when nobody chose one."""


class Session(ABC):
    """One conversation with an instrument."""

    cut_above = 128
    """Answers longer than this are cut in half when the endpoint truncates, as are blocks of any length."""
    baud: int | None = None
    """The rate of the instrument's serial port; ``None`` when it follows any rate (or has no such thing)."""
    ended = False
    """True once the instrument ends the conversation: the client is dropped when it has the last answer."""

    @abstractmethod
    def receive(self, data: bytes) -> bytes:
        """Take what the client sent and return what the instrument answers (``b""`` for nothing)."""

    def poll(self) -> bytes:
        """Return what the instrument says unasked; called every 10 ms or so while a client has the port open."""
        return b""

    def opened(self) -> None:  # noqa: B027 - most instruments do not care
        """Notice that a client has opened the port."""

    def closed(self) -> None:  # noqa: B027 - most instruments do not care
        """Notice that the client has gone."""


class Endpoint(ABC):
    """A port with its thread. ``start`` and ``stop`` may alternate; the address stays the same."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hang = False
        self.truncate = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True while the port is there."""
        return self._thread is not None

    def start(self) -> None:
        """Open the port and serve it."""
        if self._thread is None:
            self._stopping.clear()
            self._open()
            self._thread = threading.Thread(target=self._serve, name=f"simulated-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Close the port and end its thread; a client sees the connection break."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._wake()
            thread.join()
            self._close()

    def pause(self, seconds: float) -> None:
        """Wait as the instrument does while it measures, ending early when the endpoint stops."""
        if seconds > 0:
            self._stopping.wait(seconds)

    def _answer(self, session: Session, data: bytes) -> bytes:
        """Let the session answer, and misbehave where that is asked for."""
        if self.hang:
            return b""
        reply = session.receive(data)
        if self.truncate and (reply.startswith(b"#") or len(reply) > session.cut_above):
            return reply[: len(reply) // 2]
        return reply

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _serve(self) -> None: ...

    @abstractmethod
    def _wake(self) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...


class _Client:
    def __init__(self, connection: socket.socket, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.pending = bytearray()


class TcpEndpoint(Endpoint):
    """A listening socket on the loopback interface; each client has its own session."""

    def __init__(self, name: str, new_session: Callable[[], Session], port: int = 0) -> None:
        super().__init__(name)
        self._new_session = new_session
        self.host, self.port = "127.0.0.1", port
        self._clients: dict[socket.socket, _Client] = {}

    def _listen(self) -> socket.socket:
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        return listener

    def _open(self) -> None:
        self._listener = self._listen()
        self._listener.setblocking(False)
        self._waker, self._wakened = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakened, selectors.EVENT_READ)

    def _wake(self) -> None:
        self._waker.send(b"x")

    def _close(self) -> None:
        for client in list(self._clients.values()):
            self._drop(client)
        self._selector.close()
        for end in (self._listener, self._waker, self._wakened):
            end.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            for ready, events in self._selector.select():
                if ready.fileobj is self._listener:
                    self._accept()
                elif isinstance(ready.fileobj, socket.socket) and ready.fileobj in self._clients:
                    self._move(self._clients[ready.fileobj], events)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            if connection.family is not socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._acknowledge(connection)
            self._clients[connection] = _Client(connection, self._new_session())
            self._selector.register(connection, selectors.EVENT_READ)
            self._clients[connection].session.opened()

    @staticmethod
    def _acknowledge(connection: socket.socket) -> None:
        """Acknowledge at once: a client that sends a command and a query in two packets would wait 40 ms otherwise."""
        if connection.family is not socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _move(self, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                data = client.connection.recv(_READ_BYTES)
                self._acknowledge(client.connection)
                if not data:
                    self._drop(client)
                    return
                client.pending += self._answer(client.session, data)
            while client.pending:
                with memoryview(client.pending) as view:
                    sent = client.connection.send(view[: 1 << 20])
                del client.pending[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.pending) > _PENDING_LIMIT or (client.session.ended and not client.pending):
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.pending else 0)
        self._selector.modify(client.connection, wanted)

    def _drop(self, client: _Client) -> None:
        self._selector.unregister(client.connection)
        client.connection.close()
        del self._clients[client.connection]
        client.session.closed()


class UnixEndpoint(TcpEndpoint):
    """The same on a unix socket, which only this user may open. One that answers already is left alone."""

    def __init__(self, name: str, new_session: Callable[[], Session], path: Path) -> None:
        super().__init__(name, new_session)
        self.path = path
        self._made: os.stat_result | None = None

    def _listen(self) -> socket.socket:
        self._refuse_if_taken()
        unready = self.path.with_name(f".{self.path.name}.new")
        unready.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(unready))
            unready.chmod(0o600)
            listener.listen()
            self._made = unready.stat()
            unready.replace(self.path)  # who sees the path can connect
        except OSError:
            listener.close()
            raise
        return listener

    def _close(self) -> None:
        super()._close()
        with contextlib.suppress(FileNotFoundError):
            if self._made is not None and os.path.samestat(self.path.lstat(), self._made):
                self.path.unlink()

    def _refuse_if_taken(self) -> None:
        """Raise ``OSError`` where another process answers, or where a file is no socket; a dead socket is replaced."""
        if not self.path.exists():
            return
        if not self.path.is_socket():
            raise FileExistsError(errno.EEXIST, "there is a file that is no socket; name another path")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(1.0)
            try:
                asking.connect(str(self.path))
            except ConnectionRefusedError:  # what a killed process left behind
                return
        raise OSError(errno.EADDRINUSE, "a bench answers there already; end it, or name another path")


class PtyEndpoint(Endpoint):
    """A pseudo-terminal, reached by a link whose path stays the same when it is unplugged and plugged in again.

    That a client has the port open is known as on a real line, where it raises DTR: the session's ``opened`` and
    ``closed`` are called. What the instrument says while nobody has the port open is lost.
    """

    def __init__(self, name: str, session: Session, link: Path) -> None:
        super().__init__(name)
        self._session = session
        self.link = link
        self._in_use = False
        self._quiet_until = 0.0

    def _open(self) -> None:
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave, termios.TCSANOW)
            path = os.ttyname(slave)
        finally:
            os.close(slave)  # from now on the master sees a hang-up while no client has the port open
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(path)
        self._leads_to = path

    def _wake(self) -> None:
        os.write(self._wake_write, b"x")

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            if str(self.link.readlink()) == self._leads_to:  # else another bench has taken the place
                self.link.unlink()
        for end in (self._master, self._wake_read, self._wake_write):
            os.close(end)
        self._notice(in_use=False)

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        while not self._stopping.is_set():
            poller.register(self._master, select.POLLIN)
            ready = dict(poller.poll(_TICK_S * 1000))
            events = ready.get(self._master, 0)
            if events & select.POLLIN:
                self._notice(in_use=True, waits=False)  # who has sent something has set the line up
                self._read()
            elif events & select.POLLHUP:
                self._notice(in_use=False)
                poller.unregister(self._master)  # a hang-up would be reported at once, again and again
                poller.poll(_TICK_S * 1000)
            else:
                self._notice(in_use=True)
            self._speak()

    def _notice(self, *, in_use: bool, waits: bool = True) -> None:
        if in_use == self._in_use:
            return
        self._in_use = in_use
        if in_use:
            if waits:
                self._stopping.wait(_SETTLE_S)
            self._session.opened()
        else:
            self._session.closed()

    def _read(self) -> None:
        try:
            data = os.read(self._master, _READ_BYTES)
        except OSError as error:
            if error.errno not in {errno.EIO, errno.EAGAIN}:
                raise
            return
        self._write(self._heard(self._answer(self._session, self._heard(data, inwards=True))))

    def _heard(self, data: bytes, *, inwards: bool = False) -> bytes:
        """Return what the receiving end makes of ``data`` when the client has set another rate than the instrument."""
        baud = self._session.baud
        client = _BAUDS.get(termios.tcgetattr(self._master)[4], baud) if baud and data else baud
        if baud is None or client is None or client == baud:
            return data
        sending, receiving = (client, baud) if inwards else (baud, client)
        return Receiver(receiving).decode(back_to_back(data, sending))

    def _speak(self) -> None:
        if self._in_use and not self.hang:
            self._write(self._heard(self._session.poll()))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self._stopping.is_set():
            try:
                view = view[os.write(self._master, view) :]
            except BlockingIOError:  # the client does not read: a wire would lose what overflows
                if not select.select([], [self._master], [], 1.0)[1]:
                    return
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return
