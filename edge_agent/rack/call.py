"""One call to one instrument, from submission to its result or its deadline."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from drivers.capabilities import Instrument
from drivers.errors import Cancelled, InstrumentError, NoResponse
from drivers.guard import Guard
from edge_agent.rack.errors import CallCancelled, CallTimeout, RackError

T = TypeVar("T")
GATE_WAIT_S = 0.05
"""Longest wait for a write in progress when a call is cancelled: the caller must be back within 0.1 s."""


class PendingCall(Generic[T]):
    """Submitted by one thread, executed by the instrument's worker.

    Once ``cancel`` (or a deadline in ``result``) has returned, no byte of this call reaches the instrument: it is
    either not begun, and never will be, or its guard is shut.
    """

    def __init__(self, role: str, function: Callable[[Any], T], timeout_s: float) -> None:
        self.role = role
        self.function = function
        self.timeout_s = timeout_s
        self.deadline = time.monotonic() + timeout_s
        self.on_stopped: Callable[[bool], None] | None = None
        """Called once when a call is stopped while it runs, with whether the wire is quiet."""
        self._condition = threading.Condition()
        self._guard: Guard | None = None
        self._running = False
        self._settled = False
        self._value: T | None = None
        self._error: BaseException | None = None

    @property
    def running(self) -> bool:
        """Whether the worker is still busy with it, settled or not."""
        return self._running

    def result(self) -> T:
        """Wait for the result; raise the driver's error, ``CallTimeout`` at the deadline, or ``CallCancelled``."""
        with self._condition:
            while not self._settled:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    break
                self._condition.wait(left)
        self._stop(self._timeout())
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]

    def cancel(self, reason: str) -> None:
        """Give the call up. Safe from any thread; a call that has ended stays as it ended."""
        self._stop(CallCancelled(reason))

    def execute(self, instrument: Instrument) -> BaseException | None:
        """Run on the worker: call the function and settle. Return the error that it raised, if any."""
        with self._condition:
            if self._settled:
                return None
            self._guard = instrument.guard
            self._running = True
            self._guard.arm(max(0.0, self.deadline - time.monotonic()))
        value, error = None, None
        try:
            value = self.function(instrument)
        except Exception as caught:  # noqa: BLE001 - passed on to the caller; the worker lives on
            error = caught
        with self._condition:
            self._running = False
            self._settle(value, self._named(error))
        return error

    def fail(self, error: Exception) -> None:
        """Settle a call that could not begin."""
        with self._condition:
            self._settle(None, error)

    def _stop(self, error: RackError) -> None:
        with self._condition:
            if self._settled:
                return
            self._settle(None, error)
            if not self._running or self._guard is None:
                return
            # Under the condition, so that the worker cannot arm the guard for the next call in between.
            quiet = self._guard.cancel(GATE_WAIT_S)
        if self.on_stopped is not None:
            self.on_stopped(quiet)

    def _settle(self, value: T | None, error: BaseException | None) -> None:
        if not self._settled:
            self._value, self._error, self._settled = value, error, True
            self._condition.notify_all()

    def _named(self, error: BaseException | None) -> BaseException | None:
        """A driver that ran into the deadline reports it in its own words; the caller gets the rack's."""
        if isinstance(error, Cancelled | NoResponse) and time.monotonic() >= self.deadline:
            return self._timeout().with_traceback(error.__traceback__)
        return error

    def _timeout(self) -> CallTimeout:
        return CallTimeout(
            f"{self.role} did not finish within {self.timeout_s:.3g} s; the call was given up and nothing more was sent"
        )


def says(error: BaseException) -> str:
    """Return an error as words; one that is not the instrument's own also tells its type."""
    text = str(error) or type(error).__name__
    return text if isinstance(error, InstrumentError | RackError) else f"{type(error).__name__}: {text}"
