"""A log record as one line of JSON, the same for bench and hub, so that one collector reads both."""

import json
import logging
from datetime import UTC, datetime


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
        return json.dumps(entry, ensure_ascii=False)
