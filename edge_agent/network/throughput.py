"""TCP throughput against a target that speaks a protocol of one line, and that target.

The client sends ``BWNET1 up SECONDS`` or ``BWNET1 down SECONDS`` and a line end; the target answers ``ok``, line end.
``up``: the client sends until the time is over and shuts its side; the target answers with the bytes and seconds that
it counted. ``down``: the target sends until the time is over and closes.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.network.reach import Target, Unreachable, Wait, connect

DEFAULT_PORT = 5911
LONGEST_S = 60.0
_BLOCK = b"\0" * 65536
_SLICE_S = 0.1
_ANSWER_S = 5.0
_REQUEST = re.compile(rb"BWNET1 (up|down) (\d{1,3}(?:\.\d{1,3})?)")
_LINE_LIMIT = 64
_RETRANSMITS_AT = 100
"""Offset of ``tcpi_total_retrans`` in Linux' struct tcp_info."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Payload bytes in ``seconds``, counted where they arrive; ``retransmits`` of the sender on this side, if known."""

    size: int
    seconds: float
    retransmits: int | None

    @property
    def bits_per_s(self) -> float:
        """Payload rate."""
        return 8 * self.size / self.seconds


def measure(
    target: tuple[Target, int], direction: str, seconds: float, wait: Wait, told: Callable[[float, int], None]
) -> Throughput:
    """Measure one direction (``up``: from the bench) to a host and port; raise ``Unreachable`` in words."""
    host, port = target
    with connect(host, port, wait) as connection:
        connection.settimeout(_SLICE_S)
        connection.sendall(f"BWNET1 {direction} {seconds:.3f}\n".encode())
        if _line(connection, wait) != b"ok":
            raise Unreachable(f"{host.host} port {port} is no throughput target; start one: benchwright net serve")
        return (_send if direction == "up" else _receive)(connection, seconds, wait, told)


def _send(connection: socket.socket, seconds: float, wait: Wait, told: Callable[[float, int], None]) -> Throughput:
    began, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        wait(0.0)
        with contextlib.suppress(TimeoutError):
            sent += connection.send(_BLOCK)
        told(elapsed / seconds, sent)
    connection.shutdown(socket.SHUT_WR)
    counted = _line(connection, wait).split()
    if len(counted) != 2:
        raise Unreachable("the target closed the connection before it told what had arrived")
    return Throughput(int(counted[0]), max(float(counted[1]), 1e-6), _retransmits(connection))


def _receive(connection: socket.socket, seconds: float, wait: Wait, told: Callable[[float, int], None]) -> Throughput:
    began, received, last = time.monotonic(), 0, time.monotonic()
    while True:
        wait(0.0)
        try:
            block = connection.recv(1 << 18)
        except TimeoutError:
            if time.monotonic() - last > _ANSWER_S:
                raise Unreachable(f"nothing more came after {received} bytes: the connection is stalled") from None
            continue
        if not block:
            break
        received, last = received + len(block), time.monotonic()
        told(min(1.0, (last - began) / seconds), received)
    return Throughput(received, max(last - began, 1e-6), None)


def _line(connection: socket.socket, wait: Wait) -> bytes:
    held, began = b"", time.monotonic()
    while b"\n" not in held and len(held) < _LINE_LIMIT and time.monotonic() - began < _ANSWER_S:
        wait(0.0)
        with contextlib.suppress(TimeoutError):
            data = connection.recv(1)
            if not data:
                break
            held += data
    return held.strip()


def _retransmits(connection: socket.socket) -> int | None:
    with contextlib.suppress(OSError, AttributeError, struct.error):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        return int(struct.unpack_from("=I", info, _RETRANSMITS_AT)[0])
    return None


class ThroughputTarget:
    """The other end: serves each connection in a thread of its own. A context manager; ``port`` 0 finds a free one."""

    def __init__(self, host: str = "0.0.0.0", port: int = DEFAULT_PORT) -> None:  # noqa: S104 - meant for others
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="throughput-target", daemon=True)

    def __enter__(self) -> "ThroughputTarget":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_ANSWER_S)
            request = _REQUEST.fullmatch(_line(connection, lambda _: None))
            if request is None or not 0 < float(request[2]) <= LONGEST_S:
                connection.sendall(b"error: say BWNET1 up SECONDS or BWNET1 down SECONDS, at most 60 s\n")
                return
            connection.sendall(b"ok\n")
            (self._take if request[1] == b"up" else self._give)(connection, float(request[2]))

    @staticmethod
    def _take(connection: socket.socket, _seconds: float) -> None:
        received, began, last = 0, 0.0, 0.0
        while block := connection.recv(1 << 18):
            last = time.monotonic()
            began = began or last
            received += len(block)
        connection.sendall(f"{received} {last - began:.6f}\n".encode())

    @staticmethod
    def _give(connection: socket.socket, seconds: float) -> None:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            connection.sendall(_BLOCK)
