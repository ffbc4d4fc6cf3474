"""Guesses at links make their address wait, longer each time, as failed logins do."""

from datetime import timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.identity import queries
from hub.identity.throttle import FIRST_WAIT_S, FORGOTTEN_AFTER, LONGEST_WAIT_S

FREE_FAILURES = 20
"""People of one store or telephone network share an address, and some of them have an old link."""


def seconds_to_wait(session: Session, address: str) -> int:
    """Return how long an address still has to wait; 0: not at all."""
    at = now()
    until = queries.blocked_until(session, _subject(address))
    return 0 if until is None or until <= at else ceil((until - at).total_seconds())


def note_failure(session: Session, address: str) -> None:
    """Count a link that does not hold."""
    at = now()
    queries.forget_throttles(session, at - FORGOTTEN_AFTER)
    row = queries.throttle_for_update(session, _subject(address), at)
    row.failures += 1
    over = row.failures - FREE_FAILURES
    wait_s = 0 if over < 0 else min(FIRST_WAIT_S * 2 ** min(over, 10), LONGEST_WAIT_S)
    row.blocked_until = at + timedelta(seconds=wait_s)
    row.updated_at = at


def _subject(address: str) -> str:
    return sha256(f"link:{address}".encode("utf-8", "surrogatepass")).hexdigest()
