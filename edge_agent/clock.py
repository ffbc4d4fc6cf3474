"""How far this bench's clock is off, as last heard from the hub."""

import email.utils
import logging
import threading

log = logging.getLogger(__name__)

WARN_S = 5.0


class BenchClock:
    """Keeps the bench clock minus UTC in seconds, ``None`` until a time was heard. Thread-safe.

    An HTTP ``Date`` (RFC 9110, 6.6.1) counts whole seconds, so the offset is known to about a second: enough to tell a
    bench without a battery clock from a right one, not more. An offset within that doubt is given as heard.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._offset_s: float | None = None

    def offset_s(self) -> float | None:
        """Return the bench clock minus UTC as last heard."""
        return self._offset_s

    def heard(self, date: str | None, sent_at: float, received_at: float) -> None:
        """Take the ``Date`` of an answer to a request between these two times of the bench (seconds since 1970)."""
        if date is None:
            return
        try:
            told = email.utils.parsedate_to_datetime(date).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        offset = round((sent_at + received_at) / 2 - (told + 0.5), 1)
        with self._mutex:
            was = self._offset_s
            self._offset_s = offset
        if abs(offset) > WARN_S and (was is None or abs(was) <= WARN_S):
            log.warning(
                "this bench's clock is off by %.1f s: records carry the offset; set up time synchronisation", offset
            )
