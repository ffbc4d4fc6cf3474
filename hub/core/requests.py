"""What happens around every request: its number, its line in the log, and its place in the figures.

A line names the route's template, never the path, query or body: those can hold names, telephone numbers and the
secrets of links.
"""

import logging
import re
import secrets
import time

from prometheus_client import CollectorRegistry, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("hub.requests")

HEADER = b"x-request-id"
_GIVEN = re.compile(rb"[A-Za-z0-9._:-]{8,64}")
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; logged at debug level."""


class RequestFigures:
    """How many requests there were, how they ended, and how long they took, per route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "benchwright_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self.in_hand = Gauge("benchwright_http_requests_in_hand", "Requests not yet answered.", registry=registry)


class Requests:
    """ASGI middleware: number each request (``X-Request-Id``, the caller's where it gave one), time it and log it."""

    def __init__(self, app: ASGIApp, figures: RequestFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(HEADER, b"")
        number = given if _GIVEN.fullmatch(given) else secrets.token_hex(8).encode()
        status = 500
        began_s = time.perf_counter()

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, number)]
            await send(message)

        try:
            with self._figures.in_hand.track_inprogress():
                await self._app(scope, receive, numbered)
        finally:
            self._note(scope, status, time.perf_counter() - began_s, number.decode())

    def _note(self, scope: Scope, status: int, seconds: float, number: str) -> None:
        # Starlette leaves the route in the scope; without one the path is unknown, and must not become a label.
        route = getattr(scope.get("route"), "path", "(none)")
        self._figures.seconds.labels(scope["method"], route, str(status)).observe(seconds)
        level = logging.DEBUG if route in _QUIET else logging.INFO
        fields = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        log.log(
            level,
            "%(method)s %(route)s %(status)d %(ms).1f ms",
            fields,
            extra={"fields": {**fields, "request": number}},
        )
