"""One switch that stops everything that a step has under way."""

import threading
import time
from collections.abc import Callable

from edge_agent.rack.errors import CallCancelled


class Cancellation:
    """Set once, from any thread; whoever works under it is told at once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._reason: str | None = None
        self._callbacks: list[Callable[[str], None]] = []

    @property
    def reason(self) -> str | None:
        """Why it was cancelled, or ``None`` while it was not."""
        return self._reason

    def cancel(self, reason: str) -> None:
        """Cancel; the first reason stands. Returns after all attached callbacks have run."""
        with self._condition:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
            self._condition.notify_all()
        for callback in callbacks:
            callback(reason)

    def check(self) -> None:
        """Raise ``CallCancelled`` when cancelled."""
        if self._reason is not None:
            raise CallCancelled(self._reason)

    def wait(self, seconds: float) -> bool:
        """Wait at most ``seconds``; return whether it was cancelled."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while self._reason is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
            return True

    def attach(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have ``callback(reason)`` called on cancel (at once if that has happened); return how to detach it."""
        with self._condition:
            if self._reason is None:
                self._callbacks.append(callback)
                return lambda: self._detach(callback)
        callback(self._reason)
        return lambda: None

    def _detach(self, callback: Callable[[str], None]) -> None:
        with self._condition:
            if callback in self._callbacks:
                self._callbacks.remove(callback)
