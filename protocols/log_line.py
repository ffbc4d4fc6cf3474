"""A log record as a line for people or as one of JSON, the same for bench and hub, so that one collector reads both."""

import json
import logging
from datetime import UTC, datetime

from protocols.plain_text import json_escaped, lines, one_line


class PlainFormatter(logging.Formatter):
    """Time, level, logger and message; an exception and a stack below them, indented.

    Records alone begin in the first column: what came from outside begins no line that looks like one, and no terminal
    obeys it.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record in its lines. A traceback that another formatter left in the record is not taken."""
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        below = [self.formatException(record.exc_info) if record.exc_info else record.exc_text, record.stack_info]
        return "\n".join([one_line(self.formatMessage(record)), *(_indented(text) for text in below if text)])


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


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in lines(text).split("\n"))
