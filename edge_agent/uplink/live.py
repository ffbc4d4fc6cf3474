"""Live previews: kept to a few a second, sent only while somebody watches, never resent."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from protocols.messages.control import LiveFrame

MIN_INTERVAL_S = 0.2
MAX_STREAMS = 32
EXPIRY_S = 2


class LiveFeed:
    """Takes the newest preview of each stream from any thread, and hands it out at most every ``MIN_INTERVAL_S``."""

    def __init__(self, bench: str) -> None:
        self._bench = bench
        self._mutex = threading.Lock()
        self._until = 0.0
        self._newest: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
        self._sent_at: dict[str, float] = {}

    def watch(self, seconds: float, now: float) -> None:
        """Somebody watches for so long from ``now`` (monotonic seconds)."""
        with self._mutex:
            self._until = max(self._until, now + seconds)

    def is_watched(self, now: float) -> bool:
        """Whether somebody watches."""
        return now < self._until

    def offer(self, stream: str, data: Mapping[str, Any], now: float) -> None:
        """Give the newest state of a stream; it replaces an older one that was not sent yet."""
        if not self.is_watched(now):
            return
        with self._mutex:
            if stream in self._newest or len(self._newest) < MAX_STREAMS:
                self._newest[stream] = (datetime.now(UTC), data)

    def due(self, now: float) -> list[LiveFrame]:
        """Take out the frames whose turn it is; none when nobody watches."""
        with self._mutex:
            if not self.is_watched(now):
                self._newest.clear()
                self._sent_at.clear()
                return []
            ready = [name for name in self._newest if now - self._sent_at.get(name, -1e9) >= MIN_INTERVAL_S]
            frames = []
            for name in ready:
                at, data = self._newest.pop(name)
                self._sent_at[name] = now
                frames.append(LiveFrame(bench=self._bench, stream=name, at=at, data=dict(data)))
            return frames
