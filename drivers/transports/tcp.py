"""A direct TCP socket for ``TCPIP::host::port::SOCKET``; docs/decisions/0030 says why not through VISA."""

import contextlib
import os
import select
import socket
import struct
import time

from drivers.errors import ConnectionLost
from drivers.guard import POLL_S, Guard
from drivers.transports.stream import ByteStream

CONNECT_TIMEOUT_S = 3.0
RECEIVE_BUFFER_BYTES = 1 << 20
_SEND_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
_NOW = int(socket.MSG_DONTWAIT)
_POLL_TIMEVAL = struct.pack("ll", 0, int(POLL_S * 1_000_000))


class TcpStream(ByteStream):
    """A TCP connection without Nagle's delay, read straight into the caller's buffer."""

    def __init__(self, label: str, guard: Guard, connection: socket.socket) -> None:
        super().__init__(label, guard)
        self._socket = connection

    @classmethod
    def open(
        cls, host: str, port: int, *, label: str, guard: Guard, timeout_s: float = CONNECT_TIMEOUT_S
    ) -> "TcpStream":
        """Connect within ``timeout_s``; raise ``ConnectionLost`` when nobody listens there."""
        try:
            candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectionLost(f"{label}: the host name {host!r} is not known; check the address") from error
        reason = "no address"
        deadline = time.monotonic() + timeout_s
        for family, kind, protocol, _, address in candidates:
            connection = socket.socket(family, kind, protocol)
            try:
                _connect(connection, address, deadline, guard)
            except OSError as error:
                connection.close()
                reason = error.strerror or str(error)
                continue
            except BaseException:
                connection.close()
                raise
            return cls(label, guard, connection)
        raise ConnectionLost(f"{label} cannot be reached ({reason}); check that it is switched on and its address")

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data, _SEND_FLAGS)
        except BlockingIOError:
            select.select([], [self._socket], [], POLL_S)
            return 0

    def _receive(self, into: memoryview, wait_s: float, terminator: int | None) -> int:  # noqa: ARG002 - a raw stream
        # The socket gives up by itself after POLL_S (SO_RCVTIMEO): one system call a read instead of poll and recv.
        try:
            count = self._socket.recv_into(into, 0, 0 if wait_s > 0 else _NOW)
        except BlockingIOError:
            return 0
        if count == 0:
            raise ConnectionResetError("the instrument closed the connection")
        return count

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()


def _connect(connection: socket.socket, address: object, deadline: float, guard: Guard) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    connection.setblocking(False)
    with guard.sending(), contextlib.suppress(BlockingIOError):
        connection.connect(address)  # type: ignore[arg-type]
    while not select.select([], [connection], [], POLL_S)[1]:
        guard.check()
        if time.monotonic() >= deadline:
            raise TimeoutError("no answer to the connection request")
    code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    connection.setblocking(True)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _POLL_TIMEVAL)
