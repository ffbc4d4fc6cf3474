"""Text that a database cannot hold, refused before anything is parsed: PostgreSQL's text has no NUL character."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.i18n import preferred_language
from hub.core.problems import INVALID_REQUEST, NUL_WORDS, FieldError, Problem
from hub.core.responses import problem_response

_NUL = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_OVERLAP = 64
"""Bytes of a chunk that are looked at again with the next: an escape may be cut in two."""


class WholeText:
    """ASGI middleware: refuse a NUL in the address or in a JSON body with 422."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, looking through its JSON."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
            problem = Problem(INVALID_REQUEST, errors=(FieldError("query:address", NUL_WORDS),), count=1)
            path = str(scope["path"]).replace("\x00", "␀")
            await problem_response(problem, language, path)(scope, receive, send)
            return
        if b"json" not in headers.get(b"content-type", b"").lower():
            await self._app(scope, receive, send)
            return
        before = b""

        async def looked_through() -> Message:
            nonlocal before
            message = await receive()
            seen = before + message.get("body", b"")
            if _NUL.search(seen):
                raise HTTPException(422)  # the one kind that passes FastAPI's body reading
            before = seen[-_OVERLAP:]
            return message

        await self._app(scope, looked_through, send)
