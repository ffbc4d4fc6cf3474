"""The hub's log: lines for people, or one JSON object a line for machines. No personal data, no secrets."""

import logging

from protocols.log_line import JsonFormatter, PlainFormatter

LEVELS = ("debug", "info", "warning", "error")
_QUIET = ("alembic", "apprise", "httpx", "httpcore", "uvicorn.access")
"""Libraries that are heard only when something is wrong."""


def configure_logging(level: str = "info", *, as_json: bool = False) -> None:
    """Write the log to standard error; ``level`` is one of ``LEVELS``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
