"""Drivers: a query and a 10 MB block through a driver's link, beside a bare socket doing the same in the same run.

And the whole way of a live picture: a client's request, four channels read from the instrument, the encoded frame.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.row import Row
from drivers.guard import Guard
from drivers.registry import find_profile
from drivers.scpi.link import ScpiLink
from drivers.scpi.model import ScpiProfile
from drivers.transports.tcp import TcpStream
from edge_agent.by_hand.scope_frame import Record, frame_of
from edge_agent.local_api.frames import ClientFrame, ServerFrame
from edge_agent.local_api.requests import LookAtScope
from edge_agent.local_api.scope import ScopeChannel, ScopeSetup
from protocols.waveform import Waveform

BLOCK_BYTES = 10_000_000
QUERIES = 2000
ROUNDS = 9
ANSWER = b"+3.30123400E+00\n"
HEADER = b"#8%08d" % BLOCK_BYTES
PICTURES, PICTURE_POINTS = 2000, 1200


def rows() -> Iterator[Row]:
    """Yield both ratios; medians over rounds that alternate between the two, so that load hits both alike.

    The instrument has a core of its own, as the machine that it is: where the two share one, or are moved between
    cores as the scheduler likes, the same query takes 12 or 60 µs, and the ratio says nothing of the driver.
    """
    cores = sorted(os.sched_getaffinity(0))
    with _Instrument(cores[-1]) as port, _running_on(cores[0]):
        profile = find_profile("keysight-34461a")
        scope = find_profile("rigol-ds1054z")
        assert isinstance(profile, ScpiProfile)
        assert isinstance(scope, ScpiProfile)
        link = ScpiLink(TcpStream.open("127.0.0.1", port, label="meter", guard=Guard()), profile)
        reader = ScpiLink(TcpStream.open("127.0.0.1", port, label="scope", guard=Guard()), scope)
        with socket.create_connection(("127.0.0.1", port)) as bare:
            bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            query = _ratio(lambda: _queries(link), lambda: _bare_queries(bare))
            yield Row(
                "SCPI query round trip ÷ bare socket", query, 1.5, "lower", f"median of {ROUNDS} x {QUERIES} READ?"
            )
            block = _ratio(lambda: _block(reader), lambda: _bare_block(bare))
            yield Row("SCPI 10 MB block ÷ recv_into", block, 1.5, "lower", f"{ROUNDS} rounds, definite block")
        link.close()
        reader.close()
    yield from _picture_rows(cores)


def _picture_rows(cores: list[int]) -> Iterator[Row]:
    """Time one request after the other, from the client's text to the text of the answer."""
    profile = find_profile("rigol-ds1054z")
    assert isinstance(profile, ScpiProfile)
    with _Instrument(cores[-1], PICTURE_POINTS) as port, _running_on(cores[0]):
        link = ScpiLink(TcpStream.open("127.0.0.1", port, label="scope", guard=Guard()), profile)
        took = []
        for number in range(PICTURES):
            began = time.perf_counter()
            answer = _picture(link, number)
            took.append(1e3 * (time.perf_counter() - began))
        link.close()
    assert len(answer) > 4 * 2 * 160  # four traces of 160 spans each
    took = sorted(took[PICTURES // 10 :])
    for name, part, aim in (("p50", 0.5, 0.5), ("p95", 0.95, 1.0)):
        note = f"{PICTURES} requests; scope on a core of its own, {len(answer) / 1e3:.0f} kB of JSON an answer"
        yield Row(
            f"4 channels of 1,200 points, request to encoded frame, {name}",
            took[int(part * len(took))],
            aim,
            "lower",
            note,
            "ms",
        )


def _picture(link: ScpiLink, number: int) -> bytes:
    asked = msgspec.json.decode(b'{"id": %d, "request": {"do": "scope_look", "role": "scope", "view": {}}}' % number)
    request = msgspec.convert(asked, ClientFrame).request
    assert isinstance(request, LookAtScope)
    waves = []
    for channel in range(1, 5):
        link.send("wave_source", channel=channel)
        codes = link.ask_block("wave_data")
        waves.append(Waveform(f"ch{channel}", codes, 1e-6, scale=0.04, offset=-5.12))
    setup = ScopeSetup(tuple(ScopeChannel(channel, 1.0) for channel in range(1, 5)), PICTURE_POINTS * 1e-6)
    record = Record("scope", number, datetime.now(UTC), setup, tuple(waves))
    result = msgspec.Raw(msgspec.json.encode(frame_of(record, request.view)))
    return msgspec.json.encode(ServerFrame(id=number, result=result))


@contextlib.contextmanager
def _running_on(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _ratio(ours: Callable[[], None], peer: Callable[[], None]) -> float:
    ours()
    peer()
    ratios = []
    for _ in range(ROUNDS):
        times = []
        for work in (ours, peer):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        ratios.append(times[0] / times[1])
    return statistics.median(ratios)


def _queries(link: ScpiLink) -> None:
    for _ in range(QUERIES):
        assert link.ask_number("read") == 3.301234


def _bare_queries(connection: socket.socket) -> None:
    for _ in range(QUERIES):
        connection.sendall(b"READ?\n")
        answer = connection.recv(4096)
        while not answer.endswith(b"\n"):
            answer += connection.recv(4096)
        assert float(answer) == 3.301234


def _block(link: ScpiLink) -> None:
    assert link.ask_block("wave_data").size == BLOCK_BYTES


def _bare_block(connection: socket.socket) -> None:
    connection.sendall(b":WAV:DATA?\n")
    memory = memoryview(bytearray(len(HEADER) + BLOCK_BYTES + 1))
    received = 0
    while received < len(memory):
        received += connection.recv_into(memory[received:])


class _Instrument:
    """The other end, in a process of its own: answers queries and blocks, one thread a connection."""

    def __init__(self, core: int, block_bytes: int = BLOCK_BYTES) -> None:
        self._core, self._block_bytes = core, block_bytes

    def __enter__(self) -> int:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from benchmarks.bench_drivers import _serve; _serve({self._core}, {self._block_bytes})",
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


def _serve(core: int, block_bytes: int) -> None:
    os.sched_setaffinity(0, {core})
    samples = (bytes(range(100, 156)) * (block_bytes // 56 + 1))[:block_bytes]
    block = b"#8%08d" % block_bytes + samples + b"\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(connection, block), daemon=True).start()


def _answer(connection: socket.socket, block: bytes) -> None:
    with connection:
        while message := connection.recv(4096):
            for line in message.splitlines():
                if line.endswith(b"?"):
                    connection.sendall(block if line == b":WAV:DATA?" else ANSWER)
