"""MQTT topics ``bw/v1/{bench}/…``: a bench writes only below its own ``up`` and reads only its own ``down``."""

from protocols.errors import ProtocolError

ROOT = "bw/v1"
UP_RECORDS = "up/records"
UP_PRESENCE = "up/presence"
UP_REPORTED = "up/reported"
UP_REPLY = "up/reply"
UP_LIVE = "up/live"
DOWN_RECEIPT = "down/receipt"
DOWN_DESIRED = "down/desired"
DOWN_COMMAND = "down/command"

MAX_BATCH_RECORDS = 500
MAX_BATCH_BYTES = 64_000


def topic(bench: str, leaf: str) -> str:
    """Return the full topic of ``leaf`` (one of the constants here) for one bench."""
    return f"{ROOT}/{bench}/{leaf}"


def bench_of(topic_name: str) -> str:
    """Return the bench that a topic belongs to; raise ``ProtocolError`` for a topic that is none of ours."""
    parts = topic_name.split("/")
    if len(parts) < 4 or "/".join(parts[:2]) != ROOT or not parts[2]:
        raise ProtocolError(f"topic {topic_name!r} is not of the form {ROOT}/<bench>/<leaf>")
    return parts[2]
