"""A log record as a line for people or as one of JSON, the same for bench and hub, so that one collector reads both."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from protocols.plain_text import json_escaped, lines, one_line


class PlainFormatter(logging.Formatter):
    """Time, level, logger and message. What came from outside begins no line of its own, and no terminal obeys it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name for it
        """Return the line without its exception."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name for it
        """Return the traceback in its lines."""
        return lines(super().formatException(ei))


class JsonFormatter(logging.Formatter):
    """``time``, ``level``, ``logger``, ``thread``, ``message``, what the entry has in ``fields``, an ``exception``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json_escaped(json.dumps(entry, ensure_ascii=False))
