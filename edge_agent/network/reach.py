"""Whether a host can be reached, how long packets take, and how many are lost."""

import contextlib
import errno
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from protocols.errors import ProtocolError
from protocols.icmp import echo_reply, echo_request

CONNECT_S = 3.0
_SLICE_S = 0.1
REFUSED = (errno.ECONNREFUSED, errno.ECONNRESET)
PENDING = (errno.EINPROGRESS, errno.EALREADY)
Wait = Callable[[float], None]
"""Waits, and raises when the step is over."""


class Unreachable(Exception):
    """No connection: one sentence that says what was tried."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resolved host."""

    host: str
    address: str
    family: socket.AddressFamily

    @property
    def ipv6(self) -> bool:
        """Whether it is an IPv6 address."""
        return self.family is socket.AddressFamily.AF_INET6


def resolve(host: str) -> Target:
    """Return the first address of a host; raise ``Unreachable`` when its name is not known."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"the name {host!r} cannot be resolved ({error}); check DNS, or give an address") from error
    return Target(host, str(address[0]), socket.AddressFamily(family))


def connect(target: Target, port: int, wait: Wait, timeout_s: float = CONNECT_S) -> socket.socket:
    """Open a TCP connection; raise ``Unreachable`` in words (refused, no route, no answer)."""
    connection = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        code = _connected(connection, (target.address, port), wait, timeout_s)
    except BaseException:
        connection.close()
        raise
    if code == 0:
        return connection
    connection.close()
    where = f"{target.host} ({target.address}) port {port}"
    if code in REFUSED:
        raise Unreachable(f"{where} refuses the connection: the host is there, but nothing listens")
    if code in PENDING:
        raise Unreachable(f"{where} did not answer within {timeout_s:g} s")
    raise Unreachable(f"{where} cannot be reached: {os.strerror(code)}")


def _connected(connection: socket.socket, address: tuple[str, int], wait: Wait, timeout_s: float) -> int:
    """Return 0 when connected, the error number when not, and one of ``PENDING`` when nothing was heard in time."""
    code = connection.connect_ex(address)
    deadline = time.monotonic() + timeout_s
    while code in PENDING and time.monotonic() < deadline:
        wait(0.0)
        code = _finished(connection)
    return code


def _finished(connection: socket.socket) -> int:
    import select

    _, ready, _ = select.select([], [connection], [], _SLICE_S)
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else errno.EINPROGRESS


class Pinger:
    """Sends probes one by one: ICMP echo where the system permits it, TCP connections to ``port`` elsewhere."""

    def __init__(self, target: Target, port: int | None) -> None:
        self.target = target
        self._port = port
        self._identifier = os.getpid() & 0xFFFF
        self._socket, self._raw = _icmp_socket(target)
        if self._socket is None and port is None:
            raise Unreachable(
                "ICMP is not permitted to this program (net.ipv4.ping_group_range); give a port to probe by TCP"
            )

    @property
    def method(self) -> str:
        """``icmp`` or ``tcp``."""
        return "tcp" if self._socket is None else "icmp"

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    def probe(self, sequence: int, timeout_s: float, wait: Wait) -> float | None:
        """Return the round-trip time in seconds, ``None`` when the probe was lost."""
        if self._socket is None:
            return self._connect(timeout_s, wait)
        payload = os.urandom(16)
        request = echo_request(self._identifier, sequence & 0xFFFF, payload, ipv6=self.target.ipv6)
        began = time.perf_counter()
        try:
            self._socket.sendto(request, (self.target.address, 0))
        except OSError:  # no route, link down: the packet is lost
            wait(timeout_s)
            return None
        while (left := timeout_s - (time.perf_counter() - began)) > 0:
            wait(0.0)
            self._socket.settimeout(min(left, _SLICE_S))
            with contextlib.suppress(TimeoutError, ProtocolError, OSError):
                packet = self._socket.recv(2048)
                elapsed = time.perf_counter() - began
                reply = echo_reply(packet, with_ip_header=self._raw and not self.target.ipv6, ipv6=self.target.ipv6)
                if reply is not None and reply[1:] == (sequence & 0xFFFF, payload):
                    return elapsed
        return None

    def _connect(self, timeout_s: float, wait: Wait) -> float | None:
        began = time.perf_counter()
        with socket.socket(self.target.family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            code = _connected(connection, (self.target.address, self._port or 0), wait, timeout_s)
        # A refusal is an answer too: the host's own network stack has sent it.
        return time.perf_counter() - began if code == 0 or code in REFUSED else None


def _icmp_socket(target: Target) -> tuple[socket.socket | None, bool]:
    """Return an ICMP socket, and whether it is raw; ``None`` where neither kind is permitted."""
    protocol = socket.IPPROTO_ICMPV6 if target.ipv6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(PermissionError, OSError):
            return socket.socket(target.family, kind, protocol), kind == socket.SOCK_RAW
    return None, False


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """What a series of probes gave: ``times_s`` of those that were answered, in order."""

    sent: int
    times_s: tuple[float, ...]

    @property
    def loss(self) -> float:
        """Share of probes without an answer."""
        return 1 - len(self.times_s) / self.sent

    @property
    def loss_uncertainty(self) -> float:
        """Standard uncertainty of the loss (binomial, Agresti-Coull, so that it is not zero at 0 and 1)."""
        share = (self.sent - len(self.times_s) + 2) / (self.sent + 4)
        return math.sqrt(share * (1 - share) / (self.sent + 4))

    @property
    def mean_s(self) -> float:
        """Mean round trip."""
        return math.fsum(self.times_s) / len(self.times_s)

    @property
    def jitter_s(self) -> float:
        """Mean difference of neighbouring round trips (RFC 3550, without its smoothing)."""
        pairs = list(zip(self.times_s, self.times_s[1:], strict=False))
        return math.fsum(abs(b - a) for a, b in pairs) / len(pairs) if pairs else 0.0

    @property
    def mean_uncertainty_s(self) -> float:
        """Standard deviation of the mean."""
        n = len(self.times_s)
        if n < 2:
            return self.times_s[0]
        variance = math.fsum((one - self.mean_s) ** 2 for one in self.times_s) / (n - 1)
        return math.sqrt(variance / n)


def round_trips(
    pinger: Pinger, count: int, wait: Wait, told: Callable[[int, int], None], *, interval_s: float, timeout_s: float
) -> RoundTrips:
    """Send ``count`` probes, ``interval_s`` apart; ``told`` how many were sent and answered after each."""
    times = []
    for sequence in range(1, count + 1):
        began = time.monotonic()
        elapsed = pinger.probe(sequence, timeout_s, wait)
        if elapsed is not None:
            times.append(elapsed)
        told(sequence, len(times))
        if sequence < count:
            wait(max(0.0, interval_s - (time.monotonic() - began)))
    return RoundTrips(count, tuple(times))
