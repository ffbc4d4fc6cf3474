"""Places of a simulated bench that are files: a named pipe with a camera's frames, an image of a memory."""

import contextlib
import errno
import os
import select
from collections.abc import Callable
from pathlib import Path

from drivers.simulated.endpoints import Endpoint

_TICK_S = 0.02


class FramePipe(Endpoint):
    """A named pipe that carries frames while somebody reads it; each reader begins with a whole frame.

    ``truncate`` makes the camera stop in the middle of each frame, ``hang`` makes it silent.
    """

    def __init__(self, name: str, frame: Callable[[], bytes], path: Path, *, frames_a_second: float = 9.0) -> None:
        super().__init__(name)
        self.path = path
        self._frame = frame
        self._interval_s = 1.0 / frames_a_second

    def _open(self) -> None:
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path, 0o600)

    def _close(self) -> None:
        self.path.unlink(missing_ok=True)

    def _wake(self) -> None:
        """Nothing waits longer than a tick."""

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno not in (errno.ENXIO, errno.ENOENT):
                    raise
                self._stopping.wait(_TICK_S)  # nobody reads
                continue
            try:
                with contextlib.suppress(BrokenPipeError):
                    self._send_frames(pipe)
            finally:
                os.close(pipe)

    def _send_frames(self, pipe: int) -> None:
        while not self._stopping.is_set():
            frame = b"" if self.hang else self._frame()
            view = memoryview(frame[: len(frame) // 2] if self.truncate else frame)
            while view and not self._stopping.is_set():
                if select.select([], [pipe], [], _TICK_S)[1]:
                    with contextlib.suppress(BlockingIOError):
                        view = view[os.write(pipe, view) :]
            if self.truncate or not frame:
                _until_gone(pipe, self._interval_s)
            else:
                self._stopping.wait(self._interval_s)


def _until_gone(pipe: int, seconds: float) -> None:
    """Wait; raise ``BrokenPipeError`` when the reader has gone meanwhile."""
    poller = select.poll()
    poller.register(pipe, 0)
    if poller.poll(seconds * 1000):
        raise BrokenPipeError


class MemoryImage(Endpoint):
    """A file that holds a chip's memory; unplugged, it is out of reach under another name."""

    def __init__(self, name: str, path: Path, write: Callable[[Path], None]) -> None:
        super().__init__(name)
        self.path = path
        self._away = path.with_suffix(".unplugged")
        if not path.exists():
            write(path)

    def _open(self) -> None:
        if self._away.exists():
            self._away.replace(self.path)

    def _close(self) -> None:
        if self.path.exists():
            self.path.replace(self._away)

    def _wake(self) -> None:
        """Nothing waits for bytes."""

    def _serve(self) -> None:
        self._stopping.wait()
