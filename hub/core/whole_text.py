"""Text that a database cannot hold, refused before anything is parsed: PostgreSQL's text has no NUL character."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.i18n import preferred_language
from hub.core.problems import INVALID_REQUEST, NUL_WORDS, FieldError, Problem
from hub.core.responses import problem_response
from hub.core.validation import escaped

_NUL = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
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
            problem = Problem(INVALID_REQUEST, errors=(FieldError(_place(scope), NUL_WORDS),), count=1)
            path = str(scope["path"]).replace("\x00", "␀")
            await problem_response(problem, language, path)(scope, receive, send)
            return
        if b"json" not in headers.get(b"content-type", b"").lower():
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def looked_through() -> Message:
            nonlocal body
            message = await receive()
            began = max(0, len(body) - _OVERLAP)
            body += message.get("body", b"")
            if body.startswith(_UTF_16):
                raise HTTPException(400)  # Python would read it; JSON between systems is UTF-8 (RFC 8259, 8.1)
            if _NUL.search(body, began):
                while message.get("more_body"):
                    message = await receive()
                    body += message.get("body", b"")
                # the one kind of exception that passes FastAPI's body reading
                raise HTTPException(422, detail="#" + "".join(f"/{escaped(one)}" for one in _path_in(body)))
            return message

        await self._app(scope, looked_through, send)


def _place(scope: Scope) -> str:
    """Return the parameter of an address that has the NUL; the path has a name of its own."""
    named = (name for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if "\x00" in name + value)
    return f"query:{next(named, 'address')}".replace("\x00", "␀")


def _path_in(body: bytearray) -> tuple[str | int, ...]:
    """Return the way to the first text with a NUL; nothing where the body is no JSON."""
    try:
        return _path_of(json.loads(body, strict=False)) or ()
    except (ValueError, RecursionError):
        return ()


def _path_of(value: object) -> tuple[str | int, ...] | None:
    """Return the way to the first NUL in ``value``; the name of a member that has one is not repeated."""
    if isinstance(value, str):
        return () if "\x00" in value else None
    members: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        members = value.items()
        if any("\x00" in name for name in value):
            return ()
    elif isinstance(value, list):
        members = enumerate(value)
    found = ((name, way) for name, inner in members if (way := _path_of(inner)) is not None)
    return next(((name, *way) for name, way in found), None)
