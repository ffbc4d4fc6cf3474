"""What the terminal application costs: frames of a long record, streaming, start, memory, and the way of a key."""

import contextlib
import fcntl
import json
import os
import pty
import re
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

import numpy as np
import plotext
import psutil

from benchmarks.row import Row
from edge_agent.by_hand.scope_frame import Record, frame_of
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import StartRun
from edge_agent.local_api.scope import ScopeChannel, ScopeSetup, ScopeView
from protocols.waveform import Waveform
from tui.scope_plot import Layer, plot

SIZE = (160, 40)
FRAMES = 40
STREAM_S = 5.0
KEYS = 300
LETTERS = "ßøþæđłħŋ"
"""Letters that stand nowhere else on the screen."""
START_S = 30.0
MOST_OF_A_TRACE = 100
"""Braille characters in a paint that is one of a trace, and not of something beside it."""
_BRAILLE = re.compile(rb"\xe2[\xa0-\xa3][\x80-\xbf]")
_SYNC_BEGINS = b"\x1b[?2026h"
_ASKS_FOR_SYNC = b"\x1b[?2026$p"
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
        yield _idle(socket)
        yield from _streaming(socket)
        yield _keys(socket)


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


def _streaming(socket: Path) -> Iterator[Row]:
    """Count the frames that come out of the real program's terminal, each a painted picture with another record."""
    terminal = _Terminal(socket)
    try:
        terminal.until(b"T-000001", "the worklist")
        terminal.press(b"\x1bOS")  # F4
        terminal.until(b"rigol-ds1054z", "the rack")
        terminal.press(b"\r")
        terminal.until(b"No record yet", "the oscilloscope's panel")
        terminal.press(b"\x1b[18~")  # F7
        terminal.until(b"runs", "a running oscilloscope")
        terminal.read(1.0)
        process = psutil.Process(terminal.child.pid)
        terminal.seen, before, began = b"", process.cpu_times(), time.perf_counter()
        terminal.read(STREAM_S)
        seconds, after = time.perf_counter() - began, process.cpu_times()
    finally:
        terminal.close()
    frames = sum(len(_BRAILLE.findall(one)) >= MOST_OF_A_TRACE for one in terminal.seen.split(_SYNC_BEGINS))
    if not frames:
        raise SystemExit("no frame of the oscilloscope came to the terminal")
    cpu = after.user + after.system - before.user - before.system
    kilobytes = len(terminal.seen) / frames / 1000
    note = f"painted at 160×48 in {STREAM_S:g} s, a record of 1,000,000 samples a frame, 50 other events/s beside"
    yield Row("frames of a running oscilloscope", frames / seconds, 30.0, "higher", note, "frames/s")
    note = f"from the socket to {kilobytes:.0f} kB on the terminal; at 30 frames/s half of one core is left at the aim"
    yield Row("CPU time of the terminal application a frame", 1e3 * cpu / frames, 16.0, "lower", note, "ms")


class _Terminal:
    """The real program on a pseudo-terminal, which answers that it can paint a whole frame at once (mode 2026)."""

    def __init__(self, socket: Path) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-m", "benchwright", "tui", "--socket", str(socket), "--language", "en"]
        self.child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def press(self, key: bytes) -> None:
        """Forget what was seen, and press a key."""
        self.seen = b""
        os.write(self.master, key)

    def read(self, seconds: float, until: bytes | None = None) -> bool:
        """Take in output for so long, or until these bytes come; return whether they did."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                piece = os.read(self.master, 65536)
                if _ASKS_FOR_SYNC in piece:
                    os.write(self.master, b"\x1b[?2026;2$y")
                self.seen += piece
                if until is not None and until in self.seen[-len(piece) - len(until) :]:
                    return True
        return False

    def until(self, words: bytes, what: str) -> None:
        """Wait for these words on the terminal."""
        if not self.read(START_S, words):
            raise SystemExit(f"the terminal application did not show {what}")

    def close(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)
        os.close(self.master)


def _idle(socket: Path) -> Row:
    terminal = _Terminal(socket)
    try:
        terminal.until(b"T-000001", "the worklist")
        terminal.read(2.0)
        memory = psutil.Process(terminal.child.pid).memory_info().rss / 2**20
    finally:
        terminal.close()
    note = "resident, 2 s after the worklist of 40 tickets is shown, 160×48"
    return Row("idle terminal application", memory, 60.0, "lower", note, "MB")


def _keys(socket: Path) -> Row:
    """Type into the screen of a run in progress; a key counts when its letter is painted where it was typed."""
    with SyncAgentClient(socket) as agent:
        agent.request(StartRun("SP100-000001", plan="long", ticket="T-000001"), 60.0)
    terminal = _Terminal(socket)
    delays = []
    try:
        terminal.until(b"T-000001", "the worklist")
        terminal.press(b"\x1bOR")  # F3
        terminal.until(b"readings", "the run in progress")
        terminal.read(1.0)
        for number in range(KEYS):
            mark = LETTERS[number % len(LETTERS)].encode()
            began = time.perf_counter()
            terminal.press(mark)
            if not terminal.read(5.0, mark):
                raise SystemExit("a key was not painted")
            delays.append(time.perf_counter() - began)
            terminal.read(0.01 + number % 7 / 500)  # at all moments of the frames
            if number % len(LETTERS) == len(LETTERS) - 1:
                terminal.press(b"\x15")  # clear the line
                terminal.read(0.1)
    finally:
        terminal.close()
    delays.sort()
    p99 = delays[int(len(delays) * 0.99)]
    note = f"{KEYS} keys into a run in progress, 50 events/s; median {1e3 * statistics.median(delays):.1f} ms"
    return Row("key press to repaint, p99", 1e3 * p99, 50.0, "lower", note, "ms")
