"""Time limits that a busy machine does not break: by how much it comes late itself is not counted."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

NAP_S = 0.005
USUAL_S = 0.002
"""What a nap may take longer on an idle machine."""


class Lateness:
    """While entered, naps again and again; ``s`` is by how much the naps were too long altogether, in seconds."""

    def __init__(self) -> None:
        self.s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._nap, name="lateness", daemon=True)

    def _nap(self) -> None:
        while not self._stop.is_set():
            lay_down = time.monotonic()
            time.sleep(NAP_S)
            self.s += max(0.0, time.monotonic() - lay_down - NAP_S - USUAL_S)

    def __enter__(self) -> "Lateness":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer, apart from the machine's own lateness."""
    began = time.monotonic()
    with Lateness() as late:
        yield
        took_s = time.monotonic() - began
    assert took_s < seconds + late.s, f"took {took_s:.3f} s, limit {seconds:g} s, machine late by {late.s:.3f} s"
