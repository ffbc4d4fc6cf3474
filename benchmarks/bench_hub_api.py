"""The hub's API against the same work in plain SQL, at ten thousand tickets and at a million.

Both are processes of their own behind the same HTTP server, each over a copy of the same database, asked by the same
client in turns, so that what else the machine does meets both; the figure is the CPU time of the process for one
request, the best of some rounds. The peer (``hub_peer``) looks up and writes the same rows by hand-written SQL on one
connection, without framework, validation, permissions or threads; ``tests/hub/test_peer.py`` holds that it does. Both
write to disk with ``synchronous=FULL``.

The slow end is what sixteen connections see that create without a pause. They write and read plain sockets, because a
client library takes as long for a request as the hub and would be measured with it.
"""

import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy import URL

from benchmarks import hub_peer
from benchmarks.processor import cpu_s
from benchmarks.row import Row
from hub.core import migrate
from hub.core.database import Database
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import create_key

FEW, MANY = 10_000, 1_000_000
ROUNDS = 5
REQUESTS = 200
CLIENTS, EACH = 16, 25
WAITS_S = 60
HUB = "from benchwright.cli import main; main()"
_JSON = {"Content-Type": "application/json"}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds a request, of the hub and of its peer, and the slow end of sixteen clients in milliseconds."""

    list_ms: float
    create_ms: float
    peer_list_ms: float
    peer_create_ms: float
    slow_create_ms: float


def rows() -> Iterator[Row]:
    """Measure and yield ratios at both sizes; of some rounds each side's best."""
    few, many = measure(FEW), measure(MANY)
    for size, one in ((FEW, few), (MANY, many)):
        note = f"{one.list_ms:.2f} ÷ {one.peer_list_ms:.2f} ms CPU; 50 of {size:,} tickets"
        yield Row(f"ticket list ÷ plain SQL, {size:,}", one.list_ms / one.peer_list_ms, 4.0, "lower", note)
        note = f"{one.create_ms:.2f} ÷ {one.peer_create_ms:.2f} ms CPU; bounded by what SQLAlchemy takes a statement"
        yield Row(f"ticket create ÷ plain SQL, {size:,}", one.create_ms / one.peer_create_ms, 4.5, "lower", note)
        note = f"99 of 100 are quicker; {CLIENTS} clients on the same machine, SQLite on disk"
        yield Row(f"slow ticket create, {size:,}", one.slow_create_ms, 150, "lower", note, "ms")
    yield Row("ticket list, a million ÷ ten thousand", many.list_ms / few.list_ms, 1.5, "lower", "CPU of the hub")
    yield Row("ticket create, a million ÷ ten thousand", many.create_ms / few.create_ms, 1.5, "lower", "CPU of the hub")


def measure(size: int) -> Measured:
    """Return the figures with ``size`` tickets in the database."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        path, copy = Path(first) / "hub.db", Path(second) / "hub.db"
        token = _prepare(path, size)
        shutil.copy(path, copy)
        environment = {
            "BENCHWRIGHT_HUB_DATA_DIR": first,
            "BENCHWRIGHT_HUB_JOBS": "false",
            "BENCHWRIGHT_HUB_MAX_REQUESTS_A_MINUTE": "0",
        }
        arguments = ["-c", HUB, "hub", "serve", "--no-ingest", "--log-level", "error", "--port"]
        with (
            _serving(arguments, environment) as (hub, url),
            _serving(["-m", "benchmarks.hub_peer", str(copy), token], {}) as (peer, peer_url),
            _client(url, token) as client,
            _client(peer_url, token) as peer_client,
        ):
            sides = ((hub, client), (peer, peer_client))
            list_ms, peer_list_ms = _cpu_ms(sides, show)
            create_ms, peer_create_ms = _cpu_ms(sides, create)
            slow_ms = min(_slow_ms(url, token) for _ in range(ROUNDS))
        return Measured(list_ms, create_ms, peer_list_ms, peer_create_ms, slow_ms)


def show(client: httpx.Client) -> None:
    """Ask for the newest tickets."""
    client.get("/api/v1/tickets?limit=50").raise_for_status()


def create(client: httpx.Client) -> None:
    """Take in a ticket."""
    client.post("/api/v1/tickets", content=body(), headers=_JSON).raise_for_status()


def body() -> bytes:
    """Return the intake of a device and a customer that nobody has seen yet."""
    number = next(_numbers)
    return json.dumps(
        {
            "kind": "repair",
            "channel": "phone",
            "device": {"model": hub_peer.model(number), "serial": f"NEW{number:08d}"},
            "symptom": "按下电源键没有反应",
            "fault": hub_peer.told_fault(number * 107),
            "urgency": "normal",
            "contact": {"name": "李雷", "phone": f"101{number:08d}"},
        }
    ).encode()


def _cpu_ms(sides: Sequence[tuple[int, httpx.Client]], request: Callable[[httpx.Client], object]) -> list[float]:
    """Return the CPU time that each process takes for one request; of some rounds, taken in turns, the best."""
    best = [math.inf] * len(sides)
    for _, client in sides:
        for _ in range(20):
            request(client)
    for _ in range(ROUNDS):
        for number, (pid, client) in enumerate(sides):
            before_s = cpu_s(pid)
            for _ in range(REQUESTS):
                request(client)
            best[number] = min(best[number], (cpu_s(pid) - before_s) / REQUESTS * 1e3)
    return best


def _slow_ms(url: str, token: str) -> float:
    """Return what 99 of 100 creates take at most while sixteen clients create."""
    took_s: list[float] = []
    address = urlsplit(url)
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n"

    def work() -> None:
        with socket.create_connection((address.hostname, address.port), timeout=WAITS_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(EACH):
                content = body()
                told = f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                begun_s = time.perf_counter()
                connection.sendall(told + content)
                status = _answer(connection)
                took_s.append(time.perf_counter() - begun_s)
                assert status == 201

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took_s) == CLIENTS * EACH
    return sorted(took_s)[int(len(took_s) * 0.99)] * 1e3


def _answer(connection: socket.socket) -> int:
    """Read one answer to its end and return its status."""
    data = b""
    while True:
        head, found, content = data.partition(b"\r\n\r\n")
        if found:
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length is not None
            if len(content) >= int(length[1]):
                return int(head.split(b" ", 2)[1])
        more = connection.recv(65536)
        assert more, "the hub hung up"
        data += more


def _prepare(path: Path, size: int) -> str:
    url = URL.create("sqlite", database=str(path))
    migrate.prepare(url)
    hub_peer.fill(path, size)
    database = Database(url)
    with database.write() as session:
        token = create_key(session, command_line_actor(), name="bench", role=Role.STAFF)[1]
    database.close()
    return token


def _client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=WAITS_S)


@contextmanager
def _serving(arguments: list[str], environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Run a server in a process of its own and yield its process number; the port is its last argument."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, *arguments, port], env=os.environ | environment) as child:
        try:
            deadline = time.monotonic() + WAITS_S
            while time.monotonic() < deadline:
                try:
                    httpx.get(f"{url}/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield child.pid, url
        finally:
            child.terminate()
