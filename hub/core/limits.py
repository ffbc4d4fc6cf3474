"""A bound on every request's body, checked while it arrives and before anything is parsed."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.i18n import preferred_language
from hub.core.problems import REQUEST_TOO_LARGE, Problem
from hub.core.responses import problem_response


class BodyLimit:
    """ASGI middleware: refuse a body of more than ``limit`` bytes with 413, by its announced or its real length.

    The connection stays open: uvicorn discards the rest of the body, so that the caller gets to read the answer.
    """

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
            language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
            problem = Problem(REQUEST_TOO_LARGE, limit=self._limit)
            await problem_response(problem, language, str(scope["path"]))(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, detail=str(self._limit))  # the one kind that passes FastAPI's body reading
            return message

        await self._app(scope, counted, send)
