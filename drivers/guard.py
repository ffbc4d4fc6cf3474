"""The gate between a step and an instrument: after a cancel or a deadline nothing more passes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from drivers.errors import Cancelled

T = TypeVar("T")
R = TypeVar("R")

POLL_S = 0.02
"""Longest time that a transport may block without looking at its guard."""


class Guard:
    """Admits the I/O of one operation at a time on one instrument.

    The rack arms the guard for an operation; the transport asks it before every write (`sending`) and at least every
    ``POLL_S`` while it waits for bytes (`check`). Once ``cancel`` has returned, no byte of that
    operation reaches the wire: ``cancel`` waits for a write in progress, which transports keep short.
    """

    def __init__(self) -> None:
        self._gate = threading.RLock()
        self._cancelled = False
        self._deadline: float | None = None

    def arm(self, timeout_s: float | None = None) -> None:
        """Open the gate for a new operation that has ``timeout_s`` seconds (``None``: no limit)."""
        with self._gate:
            self._cancelled = False
            self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def cancel(self, wait_s: float | None = None) -> bool:
        """Close the gate until it is armed again. Safe from any thread, and idempotent.

        Waits for a write in progress, at most ``wait_s`` (``None``: as long as it takes), and returns
        whether the wire is quiet; after ``False`` only closing the transport can stop that write.
        """
        self._cancelled = True
        if not self._gate.acquire(timeout=-1 if wait_s is None else wait_s):
            return False
        self._gate.release()
        return True

    def check(self) -> None:
        """Raise ``Cancelled`` when the operation was cancelled or its time is up."""
        if self._cancelled:
            raise Cancelled("the operation was cancelled; nothing more was sent to the instrument")
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._cancelled = True
            raise Cancelled("the operation ran out of time; nothing more was sent to the instrument")

    def remaining_s(self, at_most: float) -> float:
        """Return the seconds left before the deadline, no more than ``at_most`` and never negative."""
        if self._deadline is None:
            return at_most
        return max(0.0, min(at_most, self._deadline - time.monotonic()))

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Hold the gate while bytes go out, so that ``cancel`` cannot return in the middle of a write."""
        with self._gate:
            self.check()
            yield

    def send(self, action: Callable[[T], R], argument: T) -> R:
        """Do ``action(argument)`` while `sending`: the same for hot paths, where a context manager costs too much."""
        with self._gate:
            self.check()
            return action(argument)
