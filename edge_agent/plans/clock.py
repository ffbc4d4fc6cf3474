"""The time that a run waits by: the machine's own, or one that a test moves on."""

import time
from datetime import UTC, datetime
from typing import Protocol

from edge_agent.rack import Cancellation


class RunClock(Protocol):
    """Seconds that only rise, the time of day, and waiting by them."""

    def monotonic(self) -> float:
        """Return seconds that never go back within this process."""
        ...

    def utc(self) -> datetime:
        """Return the time of day, which may be wrong or jump (a bench without a battery clock)."""
        ...

    def wait(self, seconds: float, stop: Cancellation) -> bool:
        """Let ``seconds`` pass; return early, and true, when ``stop`` is set."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return the kernel's monotonic clock."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Return the bench's time of day."""
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: Cancellation) -> bool:
        """Sleep, but no longer than until the cancellation."""
        return stop.wait(seconds)
