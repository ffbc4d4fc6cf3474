"""Who controls which instrument: one holder at a time, by name, until released or expired."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.rack.errors import LeaseRefused


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to control one instrument. Whoever has the ``token`` has the lease."""

    role: str
    holder: str
    token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)


@dataclass(slots=True)
class _Entry:
    lease: Lease
    ttl_s: float | None
    expires_at: float | None


class LeaseTable:
    """Leases live in memory only: they end with the agent, so none goes stale over a restart."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def acquire(self, role: str, holder: str, ttl_s: float | None) -> Lease:
        """Lease ``role`` to ``holder``; ``ttl_s`` ``None`` holds until release. Raise ``LeaseRefused`` when taken."""
        with self._lock:
            current = self._current(role)
            if current is not None:
                left = "until it is released"
                if current.expires_at is not None:
                    left = f"for another {current.expires_at - self._clock():.0f} s unless renewed"
                raise LeaseRefused(f"{role} is controlled by {current.lease.holder} {left}; release it there first")
            lease = Lease(role, holder)
            self._entries[role] = _Entry(lease, ttl_s, self._expiry(ttl_s))
            return lease

    def renew(self, lease: Lease, at_least_s: float = 0.0) -> None:
        """Let the lease run its time again from now (or ``at_least_s``); raise ``LeaseRefused`` when it is over."""
        with self._lock:
            entry = self._held(lease)
            if entry.ttl_s is not None:
                entry.expires_at = self._expiry(max(entry.ttl_s, at_least_s))

    def check(self, lease: Lease) -> None:
        """Raise ``LeaseRefused`` when the lease is over; its time goes on."""
        with self._lock:
            self._held(lease)

    def release(self, lease: Lease) -> None:
        """End the lease; one that is over already stays so."""
        with self._lock:
            entry = self._entries.get(lease.role)
            if entry is not None and entry.lease.token == lease.token:
                del self._entries[lease.role]

    def holder(self, role: str) -> str | None:
        """Return who controls ``role`` now."""
        with self._lock:
            entry = self._current(role)
            return None if entry is None else entry.lease.holder

    def _held(self, lease: Lease) -> _Entry:
        entry = self._current(lease.role)
        if entry is None or entry.lease.token != lease.token:
            by = "nobody" if entry is None else entry.lease.holder
            raise LeaseRefused(
                f"the lease of {lease.holder} on {lease.role} is over (now controlled by {by}); acquire it again"
            )
        return entry

    def _expiry(self, ttl_s: float | None) -> float | None:
        return None if ttl_s is None else self._clock() + ttl_s

    def _current(self, role: str) -> _Entry | None:
        entry = self._entries.get(role)
        if entry is not None and entry.expires_at is not None and self._clock() >= entry.expires_at:
            del self._entries[role]
            return None
        return entry
