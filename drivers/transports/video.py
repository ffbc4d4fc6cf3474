"""Raw frames of a camera: from a Video4Linux device by ``v4l2-ctl``, or from a file or named pipe that holds them.

The Linux driver of USB cameras gives frames through mapped buffers only; v4l2-ctl does that and writes the frames to a
pipe, so that all sources are read alike: whole frames, in slices that look at the guard.
"""

import contextlib
import os
import re
import select
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from drivers.errors import BadResponse, ConnectionLost, NoResponse
from drivers.guard import POLL_S, Guard
from drivers.transports.tool import find_tool, run_tool

_GRACE_S = 1.0
_CARD = re.compile(r"^\s*Card type\s*:\s*(.+)$", re.MULTILINE)
_MAX_SAID_BYTES = 4000


class FrameSource:
    """Gives frames of ``size`` bytes from ``target``. Raises ``ConnectionLost``, ``NoResponse``, ``BadResponse``."""

    def __init__(self, target: str, label: str, guard: Guard, *, size: int, timeout_s: float) -> None:
        self.target = target
        self.label = label
        self.guard = guard
        self._size = size
        self._timeout_s = timeout_s
        self._file: int | None = None

    @property
    def is_device(self) -> bool:
        """Whether the target is a video device (a file or pipe otherwise)."""
        path = Path(self.target)
        if not path.exists():
            raise ConnectionLost(f"{self.label} is not there; plug the camera in and check the name")
        return path.is_char_device()

    def card(self) -> str:
        """Return the name that the video device gives itself; the file's name for a file."""
        if not self.is_device:
            return Path(self.target).name
        program = find_tool("v4l2-ctl", "v4l-utils")
        result = run_tool([program, "-d", self.target, "--info"], label=self.label, guard=self.guard, timeout_s=10)
        found = _CARD.search("\n".join(result.lines))
        if result.exit_code or found is None:
            raise ConnectionLost(f"{self.label} is no video device ({result.complaint()}); check the address")
        return found[1].strip()

    def frames(self, count: int, *, skip: int, pixel_format: str, width: int, height: int) -> Iterator[bytes]:
        """Yield ``count`` frames. From a device the first ``skip`` are dropped; a file or pipe goes on where it was."""
        if self.is_device:
            yield from self._stream(count, skip, pixel_format, width, height)
            return
        if self._file is None:
            self._file = os.open(self.target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        for _ in range(count):
            yield self._read(self._file)

    def close(self) -> None:
        """Close a file or pipe. Never raises."""
        descriptor, self._file = self._file, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _stream(self, count: int, skip: int, pixel_format: str, width: int, height: int) -> Iterator[bytes]:
        shape = f"width={width},height={height},pixelformat={pixel_format:4}"
        command = [
            find_tool("v4l2-ctl", "v4l-utils"), "-d", self.target, f"--set-fmt-video={shape}", "--stream-mmap",
            f"--stream-skip={skip}", f"--stream-count={count}", "--stream-to=-",
        ]  # fmt: skip
        with self.guard.sending():
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        assert process.stdout is not None  # noqa: S101 - pipes were asked for
        assert process.stderr is not None  # noqa: S101
        try:
            descriptor = process.stdout.fileno()
            os.set_blocking(descriptor, False)
            for _ in range(count):
                yield self._read(descriptor, process)
        finally:
            _end(process)
            process.stdout.close()
            process.stderr.close()

    def _read(self, descriptor: int, process: "subprocess.Popen[bytes] | None" = None) -> bytes:
        frame = bytearray(self._size)
        view = memoryview(frame)
        silent_since = time.monotonic()
        while view:
            self.guard.check()
            if time.monotonic() - silent_since > self._timeout_s:
                raise NoResponse(f"{self.label} sent no whole frame within {self._timeout_s:g} s; check the camera")
            if not select.select([descriptor], [], [], self.guard.remaining_s(POLL_S))[0]:
                continue
            try:
                count = os.readv(descriptor, [view])
            except BlockingIOError:
                continue
            if count == 0 and process is None and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                time.sleep(POLL_S / 2)  # nobody writes at the moment
                continue
            if count == 0:
                raise self._ended(len(frame) - len(view), process)
            view = view[count:]
            silent_since = time.monotonic()
        return bytes(frame)

    def _ended(self, got: int, process: "subprocess.Popen[bytes] | None") -> ConnectionLost | BadResponse:
        if process is not None and process.stderr is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
            os.set_blocking(process.stderr.fileno(), False)
            said = process.stderr.read(_MAX_SAID_BYTES) or b""
            text = " ".join(said.decode("utf-8", errors="replace").split())[:200]
            return ConnectionLost(f"{self.label} gives no frames ({text or 'v4l2-ctl ended'}); check the camera")
        if got:
            return BadResponse(f"{self.label} ends after {got} of {self._size} bytes of a frame; record it again")
        return ConnectionLost(f"{self.label} holds no further frame; record more")


def _end(process: "subprocess.Popen[bytes]") -> None:
    for sign, grace_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
