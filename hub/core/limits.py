"""A bound on every request's body, checked while it arrives and before anything is parsed."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.i18n import preferred_language
from hub.core.problems import REQUEST_TOO_LARGE, Problem
from hub.core.responses import problem_response


class _TooLarge(Exception):
    """The body passed its bound while it was read."""


class BodyLimit:
    """ASGI middleware: refuse a body of more than ``limit`` bytes with 413, by its announced or its real length."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > self._limit:
            await self._refuse(scope, receive, send, headers)
            return
        received = 0
        started = False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLarge:
            if not started:
                await self._refuse(scope, receive, send, headers)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
        response = problem_response(Problem(REQUEST_TOO_LARGE, limit=self._limit), language, str(scope["path"]))
        response.headers["Connection"] = "close"
        await response(scope, receive, send)
