"""Messages that wait for the database: bounded, and taken in groups."""

import threading
from collections import deque

from hub.mqtt import Arrived

MAX_WAITING_BYTES = 64 * 2**20
MAX_GROUP_BYTES = 2**20
"""Less than two thousand records: the write lock is let go often enough that tickets are created in between."""


class Inbox:
    """Between the MQTT thread, which must never wait, and the storing thread, which commits in groups.

    A group is whatever has arrived while the one before was being committed, so that the fuller the line, the fewer the
    commits. When the inbox is full a message is turned away: its bench gets no receipt and sends it again.
    """

    def __init__(self) -> None:
        self._waiting: deque[Arrived] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.turned_away = 0

    def put(self, message: Arrived) -> bool:
        """Take a message; return ``False`` where there is no room."""
        with self._changed:
            if self._bytes + len(message.payload) > MAX_WAITING_BYTES:
                self.turned_away += 1
                return False
            self._waiting.append(message)
            self._bytes += len(message.payload)
            self._changed.notify()
            return True

    def wake(self) -> None:
        """End a wait for messages now."""
        with self._changed:
            self._changed.notify_all()

    def take_group(self, timeout_s: float) -> list[Arrived]:
        """Return what waits, at most about ``MAX_GROUP_BYTES``, in order of arrival; empty after ``timeout_s``."""
        group: list[Arrived] = []
        size = 0
        with self._changed:
            if not self._waiting:
                self._changed.wait(timeout_s)
            while self._waiting and (not group or size + len(self._waiting[0].payload) <= MAX_GROUP_BYTES):
                message = self._waiting.popleft()
                size += len(message.payload)
                group.append(message)
            self._bytes -= size
        return group
