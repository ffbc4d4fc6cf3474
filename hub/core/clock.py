"""The hub's clock: always UTC, and one place to read it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC, with microseconds."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """Return ``at`` as RFC 3339 in UTC with six decimals (``2026-01-31T08:00:00.000000Z``): sorts like time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
