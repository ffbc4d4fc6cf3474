"""The hub's log: lines for people, or one JSON object a line for machines. No personal data, no secrets."""

import json
import logging
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warning", "error")
_QUIET = ("alembic", "apprise", "httpx", "httpcore", "uvicorn.access")
"""Libraries that are heard only when something is wrong."""


class JsonFormatter(logging.Formatter):
    """``time``, ``level``, ``logger``, ``message``, what the entry has in ``fields``, and an ``exception``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure_logging(level: str = "info", *, as_json: bool = False) -> None:
    """Write the log to standard error; ``level`` is one of ``LEVELS``."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
