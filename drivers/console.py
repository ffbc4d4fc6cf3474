"""The serial log of a device under repair."""

import re
import time
from typing import Any

from drivers.capabilities import ConsoleLog, Progress, SerialConsole
from drivers.console_model import SerialConsoleProfile
from drivers.errors import Misconfigured, OutOfRange
from drivers.transports.stream import ByteStream

MAX_LOG_BYTES = 64 << 20
MAX_LINE_SEARCHED = 4096
MAX_LINE_SHOWN = 200


class UartConsole(SerialConsole):
    """A serial port that listens."""

    def __init__(self, stream: ByteStream, profile: SerialConsoleProfile, **_: Any) -> None:
        self.profile = profile
        self.guard = stream.guard
        self._stream = stream

    def identify(self) -> str:
        """Return the name of the port: what hangs on it may be silent or off, so nothing is asked."""
        return self._stream.label

    def close(self) -> None:
        """Release the port."""
        self._stream.close()

    def listen(
        self,
        seconds: float,
        *,
        until: str | None = None,
        max_bytes: int = 1_000_000,
        progress: Progress | None = None,
        fresh: bool = False,
    ) -> ConsoleLog:
        """Collect what arrives from now on, and what had arrived before unless the log is to be ``fresh``.

        Ends after ``seconds``, at ``max_bytes``, or at the first whole line in which the pattern ``until`` is found.
        """
        if not seconds > 0 or not 0 < max_bytes <= MAX_LOG_BYTES:
            raise OutOfRange(f"{self._stream.label}: listen needs seconds above 0 and at most {MAX_LOG_BYTES} bytes")
        try:
            pattern = None if until is None else re.compile(until)
        except re.error as error:
            raise Misconfigured(f"until: {until!r} is no regular expression ({error}); correct the plan") from error
        if fresh:
            self._stream.drain()
        began = time.monotonic()
        data = bytearray()
        line_times: list[float] = []
        line_start = 0
        while (left := seconds - (time.monotonic() - began)) > 0 and len(data) < max_bytes:
            new = self._stream.read_available(left, max_bytes - len(data))
            now = time.monotonic() - began
            if new and line_start == len(data):
                line_times.append(now)
            data += new
            while (end := data.find(b"\n", line_start)) >= 0:
                line = bytes(data[line_start : min(end, line_start + MAX_LINE_SEARCHED)])
                line_start = end + 1
                if pattern is not None and pattern.search(line.decode("utf-8", errors="replace")):
                    return ConsoleLog(bytes(data), tuple(line_times))
                if line_start < len(data):
                    line_times.append(now)
            if new and progress is not None:
                progress(now / seconds, _newest_line(data))
        return ConsoleLog(bytes(data), tuple(line_times))

    def send(self, data: bytes) -> None:
        """Write to the device."""
        self._stream.write(data)


def _newest_line(data: bytearray) -> str:
    """Return the last line that is not empty, or what there is of it, in at most ``MAX_LINE_SHOWN`` bytes."""
    lines = data[-2 * MAX_LINE_SHOWN :].split(b"\n")
    newest = next((line for line in reversed(lines) if line.strip()), b"")
    return bytes(newest[-MAX_LINE_SHOWN:]).decode("utf-8", errors="replace").strip()
