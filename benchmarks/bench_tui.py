"""What the terminal application costs: frames of a long record, streaming, start, memory, and the way of a key."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import plotext
import psutil

from benchmarks.row import Row
from edge_agent.by_hand.scope_frame import Record, frame_of
from edge_agent.local_api.scope import ScopeChannel, ScopeSetup, ScopeView
from protocols.waveform import Waveform
from tui.scope_plot import Layer, plot

SIZE = (160, 40)
FRAMES = 40
STREAM_S = 5.0
KEYS = 300
START_S = 30.0
_IMPORT = """
import json, sys, time
began = time.process_time()
import tui.app
print(json.dumps([time.process_time() - began, sorted({"numpy", "scipy", "PIL", "drivers"} & set(sys.modules))]))
"""


def rows() -> Iterator[Row]:
    """Measure; the agent is a process of its own."""
    yield from _scope_frame()
    yield _import_cpu()
    with tempfile.TemporaryDirectory(prefix="bt-") as name, _agent(Path(name)) as socket:
        yield _streaming(socket)
        yield from _terminal(socket)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _scope_frame() -> Iterator[Row]:
    rng = np.random.default_rng(1)
    codes = (128 + 60 * np.sin(np.arange(1_000_000) / 20_000) + rng.normal(0, 2, 1_000_000)).astype(np.uint8)
    codes[765_432] = 255
    wave = Waveform("ch1", codes, 1e-8, scale=0.04, offset=-5.12)
    record = Record("scope", 1, datetime.now(UTC), ScopeSetup((ScopeChannel(1, 1.5),), 0.01), (wave,))
    width, height = SIZE

    def ours() -> None:
        frame = frame_of(record, ScopeView(columns=2 * width))
        lines = plot([Layer(frame.traces[0], 6.0, -6.0, "ch1")], (frame.start_s, frame.stop_s), SIZE)
        assert len(lines) == height

    times = np.arange(10_000).tolist()
    values = wave.values()[::100].tolist()

    def peer() -> None:
        plotext.clear_figure()
        plotext.plot_size(width, height)
        plotext.plot(times, values, marker="braille")
        plotext.build()

    ours()
    peer()
    ours_s, peer_s = [], []
    for number in range(FRAMES):  # turn by turn, so that both meet the same machine
        ours_s.append(_timed(ours))
        if number % 8 == 0:
            peer_s.append(_timed(peer))
    median = statistics.median(ours_s)
    note = f"1,000,000 samples to {width}×{height} cells, median of {FRAMES}; decimation and braille"
    yield Row("scope frame", 1e3 * median, 5.0, "lower", note, "ms")
    other = statistics.median(peer_s)
    note = f"plotext draws 10,000 points in {1e3 * other:.0f} ms here; a glitch of one sample is in our frame alone"
    yield Row("scope frame ÷ a plain plot of 1 % of the points", median / other, 0.2, "lower", note)


def _import_cpu() -> Row:
    best, heavy = 9.9, []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True, timeout=60)
        seconds, heavy = json.loads(done.stdout)
        best = min(best, seconds)
    note = f"best of 3; {', '.join(heavy) or 'neither numpy nor drivers'} loaded"
    return Row("import of the terminal application", best, 0.3, "lower", note, "s CPU")


@contextlib.contextmanager
def _agent(folder: Path) -> Iterator[Path]:
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.streaming_agent", str(folder)])
    socket = folder / "agent.sock"
    try:
        deadline = time.monotonic() + START_S
        while not socket.exists():
            if time.monotonic() > deadline or child.poll() is not None:
                raise SystemExit("the agent of the benchmark did not start")
            time.sleep(0.05)
        yield socket
    finally:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)
        child.kill()


def _streaming(socket: Path) -> Row:
    from tui.app import BenchApp
    from tui.screens.scope import ScopeScreen
    from tui.widgets.plot import Plot

    painted = 0

    class Counting(ScopeScreen):
        def show(self, frame: Any) -> None:
            nonlocal painted
            super().show(frame)
            painted += 1

    async def go() -> float:
        app = BenchApp(socket, operator="bench")
        async with app.run_test(size=(160, 48)) as pilot:
            screen = Counting("scope")
            app.push_screen(screen)
            await _until(pilot, lambda: screen.lease is not None)
            await pilot.press("f7")
            await _until(pilot, lambda: painted > 5)
            assert screen.query_one(Plot).size.width > 100
            first, began = painted, time.perf_counter()
            await asyncio.sleep(STREAM_S)
            return (painted - first) / (time.perf_counter() - began)

    rate = asyncio.run(go())
    note = f"over {STREAM_S:g} s at 160×48, a record of 1,000,000 samples a frame, 50 other events/s beside"
    return Row("frames of a running oscilloscope", rate, 30.0, "higher", note, "frames/s")


async def _until(pilot: Any, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the terminal application did not come so far")
        await pilot.pause(0.02)


class _Terminal:
    """The real program on a pseudo-terminal."""

    def __init__(self, socket: Path) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-m", "benchwright", "tui", "--socket", str(socket), "--language", "en"]
        self.child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def read(self, seconds: float, until: bytes = b"\0never") -> bool:
        """Take in output for so long, or until these bytes come; return whether they did."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                self.seen = (self.seen + os.read(self.master, 65536))[-200_000:]
                if until in self.seen:
                    return True
        return False

    def close(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)
        os.close(self.master)


def _terminal(socket: Path) -> Iterator[Row]:
    terminal = _Terminal(socket)
    try:
        if not terminal.read(START_S, b"T-000001"):
            raise SystemExit("the terminal application showed no ticket")
        terminal.read(2.0)
        memory = psutil.Process(terminal.child.pid).memory_info().rss / 2**20
        note = "resident, 2 s after the worklist of 40 tickets is shown, 160×48"
        yield Row("idle terminal application", memory, 60.0, "lower", note, "MB")
        delays = []
        for number in range(KEYS):
            mark = "zqxjkvw"[number % 7]
            terminal.seen = b""
            began = time.perf_counter()
            os.write(terminal.master, mark.encode())
            while not terminal.read(0.5, mark.encode()):
                if time.perf_counter() - began > 5:
                    raise SystemExit("a key was not painted")
            delays.append(time.perf_counter() - began)
            terminal.read(0.01)
            if number % 7 == 6:
                os.write(terminal.master, b"\x15")  # clear the line
                terminal.read(0.05)
        delays.sort()
        p99 = delays[int(len(delays) * 0.99)]
        note = f"{KEYS} keys on a pseudo-terminal, 50 events/s beside; median {1e3 * statistics.median(delays):.1f} ms"
        yield Row("key press to repaint, p99", 1e3 * p99, 50.0, "lower", note, "ms")
    finally:
        terminal.close()
