"""Child processes of the demonstration: started one after another, each with a log file, stopped together."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


class ProcessError(RuntimeError):
    """A process that did not come up, or died. The message ends with the last lines of its log."""


class Processes:
    """Starts processes and stops them in reverse order when the block ends, whatever happened in it."""

    def __init__(self, log_folder: Path) -> None:
        self._logs = log_folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._arguments: dict[str, tuple[str, ...]] = {}
        log_folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start ``benchwright ARGUMENTS`` in a session of its own, so that Ctrl-C reaches us alone."""
        self._arguments[name] = tuple(arguments)
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "benchwright", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        """Return the log file of one process."""
        return self._logs / f"{name}.log"

    def wait_until(self, name: str, ready: Callable[[], bool], timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until ``ready`` says so; raise ``ProcessError`` when the process dies or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            process = self._running[name]
            if process.poll() is not None:
                raise ProcessError(f"{name} ended with {process.returncode}:\n{self._tail(name)}")
            if time.monotonic() > deadline:
                raise ProcessError(f"{name} was not ready within {timeout_s:g} s:\n{self._tail(name)}")
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """Kill one process as a power cut would, and reap it."""
        process = self._running.pop(name)
        process.kill()
        process.wait(STOP_TIMEOUT_S)

    def restart(self, name: str) -> None:
        """Start a killed process again with the same arguments."""
        self.start(name, self._arguments[name])

    def alive(self, name: str) -> bool:
        """Whether the process still runs."""
        return name in self._running and self._running[name].poll() is None

    def check(self) -> None:
        """Raise ``ProcessError`` when a process that was started has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessError(f"{name} ended with {process.returncode} ({self.log(name)}):\n{self._tail(name)}")

    def stop(self) -> None:
        """Ask every process to end, the youngest first, and kill what does not."""
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_TIMEOUT_S)

    def _tail(self, name: str, lines: int = 15) -> str:
        text = self.log(name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])
