"""When the seeded chains of the tests end."""

from datetime import UTC, datetime

END = datetime(2026, 11, 29, tzinfo=UTC)
