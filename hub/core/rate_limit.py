"""How often one caller may ask: a bucket of tokens for each, in this process's memory.

A caller is its address until its key or session has proven itself, then that key (by hash): a header of random bytes is
nobody new. The bound protects the hub from a script gone wild; it is no accounting, so each process counts for itself
and a restart forgets. Failed logins have a stricter bound of their own, kept in the database
(``hub.identity.throttle``).
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from starlette.types import ASGIApp, Receive, Scope, Send

from hub.core.i18n import preferred_language
from hub.core.problems import Problem, ProblemType
from hub.core.responses import problem_response

TOO_MANY_REQUESTS = ProblemType(
    "too-many-requests",
    429,
    {"en": "Too many requests", "zh-CN": "请求过于频繁"},
    {
        "en": "This caller may send {limit} requests a minute; wait {seconds} s, then go on more slowly.",
        "zh-CN": "每个调用方每分钟最多 {limit} 次请求；请等待 {seconds} 秒后放慢频率重试。",
    },
)
MAX_CALLERS = 20_000
"""More at a time are forgotten, the longest silent first."""
FREE = frozenset({"/healthz", "/readyz"})
"""Paths that anybody may ask as often as they want."""
PROVEN = "caller_proven"
"""Member of a request's state that authentication sets when the key holds."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_s: float


class Buckets:
    """Token buckets by caller: ``per_minute`` tokens at most, refilled evenly over a minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()

    def knows(self, caller: bytes) -> bool:
        """Whether ``caller`` has a bucket."""
        return caller in self._buckets

    def take(self, caller: bytes) -> float:
        """Take one token; return 0, or the seconds until there is one."""
        at_s, a_second = self._clock(), self.per_minute / 60
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(self.per_minute, at_s)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(caller)
        bucket.tokens = min(self.per_minute, bucket.tokens + (at_s - bucket.filled_s) * a_second)
        bucket.filled_s = at_s
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / a_second
        bucket.tokens -= 1
        return 0.0


class RateLimit:
    """ASGI middleware: answer 429 with ``Retry-After`` to whoever asks too often."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its caller has tokens."""
        if scope["type"] == "http" and scope["path"] not in FREE:
            headers = dict(scope["headers"])
            key, address = _key(headers.get(b"authorization")), _address(scope)
            proven = key is not None and self._buckets.knows(key)
            wait_s = self._buckets.take(key if key is not None and proven else address)
            if wait_s:
                seconds = ceil(wait_s)
                kind, limit = TOO_MANY_REQUESTS, self._buckets.per_minute
                problem = Problem(kind, limit=limit, seconds=seconds, headers={"Retry-After": str(seconds)})
                language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
                await problem_response(problem, language, str(scope["path"]))(scope, receive, send)
                return
            state = scope.setdefault("state", {})
            await self._app(scope, receive, send)
            if key is not None and not proven and state.get(PROVEN):
                self._buckets.take(key)
            return
        await self._app(scope, receive, send)


def _key(authorization: bytes | None) -> bytes | None:
    return hashlib.sha256(authorization).digest() if authorization else None


def _address(scope: Scope) -> bytes:
    client = scope.get("client")
    return client[0].encode() if client else b""
