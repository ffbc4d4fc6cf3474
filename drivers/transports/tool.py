"""A command-line tool as an instrument: streamed output, time limit, cancel, bounded memory.

A tool writes to its device by itself, so the guard works on the process: nothing is started once the guard is closed,
and a cancel during the run ends the whole process group (terminate, then kill after ``GRACE_S``).
"""

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.errors import Misconfigured, NoResponse
from drivers.guard import POLL_S, Guard

GRACE_S = 0.5
MAX_OUTPUT_CHARACTERS = 200_000
MAX_LINE_BYTES = 4096
_TROUBLE = re.compile(r"error|fail|cannot|could ?n.t|invalid|time.?out|mismatch|denied|no such|unknown", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """How a tool ended. ``lines`` are the last ones of its output, errors among them."""

    exit_code: int
    lines: tuple[str, ...]

    def complaint(self, count: int = 2) -> str:
        """Return what went wrong in the tool's words: its first error lines (the cause), else its last lines."""
        said = [line.strip() for line in self.lines if line.strip()]
        errors = [line for line in said if _TROUBLE.search(line)]
        return " / ".join(errors[:count] or said[-count:])[:400]


def find_tool(name: str, package: str) -> str:
    """Return the path of a tool; raise ``Misconfigured`` with the package to install when it is not there."""
    # Programmers live in sbin, which is not on everybody's path; those that are Python packages beside our interpreter.
    folders = (os.environ.get("PATH", ""), os.path.dirname(sys.executable), "/usr/sbin", "/sbin")  # noqa: PTH120
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        raise Misconfigured(f"the program {name} is not installed; install the package {package}")
    return path


def run_tool(
    command: Sequence[str],
    *,
    label: str,
    guard: Guard,
    timeout_s: float,
    on_line: Callable[[str], None] | None = None,
) -> ToolResult:
    """Run a tool to its end and return what it said; lines end with ``\\n`` or, for progress, ``\\r``.

    Raises ``NoResponse`` after ``timeout_s`` seconds and ``Cancelled`` when the guard closes; the process is gone then.
    """
    with guard.sending():
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    output = _Output(on_line)
    deadline = time.monotonic() + timeout_s
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        fd = process.stdout.fileno()
        while True:
            guard.check()
            if time.monotonic() >= deadline:
                raise NoResponse(f"{label}: {command[0]} did not end within {timeout_s:g} s; check the connection")
            if select.select([fd], [], [], guard.remaining_s(POLL_S))[0]:
                data = os.read(fd, 65536)
                if not data:
                    break
                output.feed(data)
        while process.poll() is None:
            guard.check()
            time.sleep(0.002)
    finally:
        _end(process)
        if process.stdout is not None:
            process.stdout.close()
    output.finish()
    return ToolResult(process.returncode, tuple(output.lines))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Make sure that no process of the group is left."""
    for sign, grace_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)


class _Output:
    """Splits output into lines and keeps the last ones, within a bound."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self.lines: list[str] = []
        self._on_line = on_line
        self._pending = b""
        self._size = 0

    def feed(self, data: bytes) -> None:
        *whole, self._pending = (self._pending + data).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._add(line)
        if len(self._pending) > MAX_LINE_BYTES:
            self._add(self._pending)
            self._pending = b""
        elif self._on_line is not None and self._pending:
            # Some tools write "Verifying flash... " and the result later.
            self._on_line(self._pending.decode("utf-8", errors="replace"))

    def finish(self) -> None:
        if self._pending:
            self._add(self._pending)

    def _add(self, raw: bytes) -> None:
        line = raw[:MAX_LINE_BYTES].decode("utf-8", errors="replace").rstrip()
        if not line:
            return
        self.lines.append(line)
        self._size += len(line)
        while self._size > MAX_OUTPUT_CHARACTERS and len(self.lines) > 1:
            self._size -= len(self.lines.pop(0))
        if self._on_line is not None:
            self._on_line(line)
