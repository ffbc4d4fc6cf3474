"""Login throttling per account and per address, kept in the database so that a restart forgets nothing.

An attempt counts before its password is looked at, and is taken back when it was right: attempts side by side cannot
slip through together.
"""

import hashlib
from datetime import timedelta
from math import ceil

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.identity import queries

LOGIN_THROTTLED = ProblemType(
    "login-throttled",
    429,
    {"en": "Too many failed logins", "zh-CN": "登录失败次数过多"},
    {"en": "Wait {seconds} s, then try again.", "zh-CN": "请等待 {seconds} 秒后重试。"},
)
FREE_FAILURES = {"account": 5, "address": 30}
"""How many may fail before waiting begins. Many people of a store share one address."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30, 900
FORGOTTEN_AFTER = timedelta(hours=2)


def wait_s(kind: str, failures: int) -> int:
    """Return how long to wait after so many failures: nothing at first, then doubling from 30 s to 15 minutes."""
    over = failures - FREE_FAILURES[kind]
    return 0 if over < 0 else min(FIRST_WAIT_S * 2 ** min(over, 10), LONGEST_WAIT_S)


def begin_attempt(session: Session, login: str, address: str) -> None:
    """Count an attempt; raise the login-throttled problem while its account or address has to wait."""
    at = now()
    queries.forget_throttles(session, at - FORGOTTEN_AFTER)
    for kind, name in (("account", login), ("address", address)):
        row = queries.throttle_for_update(session, _subject(kind, name), at)
        if row.blocked_until > at:
            seconds = ceil((row.blocked_until - at).total_seconds())
            raise Problem(LOGIN_THROTTLED, seconds=seconds, headers={"Retry-After": str(seconds)})
        row.failures += 1
        row.blocked_until = at + timedelta(seconds=wait_s(kind, row.failures))
        row.updated_at = at


def attempt_succeeded(session: Session, login: str, address: str) -> None:
    """Take the attempt back: the account begins anew, the address keeps what others failed."""
    at = now()
    account = queries.throttle_for_update(session, _subject("account", login), at)
    session.delete(account)
    row = queries.throttle_for_update(session, _subject("address", address), at)
    row.failures = max(0, row.failures - 1)
    row.blocked_until = at


def _subject(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}:{name}".encode("utf-8", "surrogatepass")).hexdigest()
