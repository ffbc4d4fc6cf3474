"""What cannot be told once a request is parsed: a member that is there twice, and characters that no database holds.

PostgreSQL's text has no NUL character. One in the values of a body is refused by the body itself (``JsonBody``).
"""

import json
from collections.abc import Iterator
from json import detect_encoding
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.i18n import Words, both, preferred_language
from hub.core.malformed import WrongMember
from hub.core.problems import INVALID_REQUEST, NUL_WORDS, FieldError, Problem
from hub.core.responses import problem_response
from hub.core.validation import escaped

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_TWICE = both("it is there twice; leave one of the two out", "重复出现；请只保留一个")


class WholeText:
    """ASGI middleware: refuse with 422 a NUL in the address, and in a JSON body what would be lost without a word."""

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
            message = await receive()
            if message["type"] != "http.request":
                return message
            chunk = message.get("body", b"")
            body.extend(chunk)
            if body.startswith(_UTF_16) or b"\x00" in chunk:
                raise HTTPException(400)  # Python would read it; JSON between systems is UTF-8 (RFC 8259, 8.1)
            if not message.get("more_body"):
                wrong = _wrong_in(bytes(body))
                if wrong is not None:
                    raise wrong  # the one kind of exception that passes FastAPI's body reading
            return message

        await self._app(scope, looked_through, send)


def _place(scope: Scope) -> str:
    """Return the parameter of an address that has the NUL; the path has a name of its own."""
    named = (name for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if "\x00" in name + value)
    return f"query:{next(named, 'address')}".replace("\x00", "␀")


class _TwiceError(Exception):
    """A member is there twice."""


class _Object(dict[str, Any]):
    """A JSON object that knows which of its members is there twice."""

    twice: str | None = None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _marked(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object()
    for name, value in pairs:
        if name in found and found.twice is None:
            found.twice = name
        found[name] = value
    return found


_STRICT = json.JSONDecoder(object_pairs_hook=_once)
_MARKING = json.JSONDecoder(object_pairs_hook=_marked)


def _wrong_in(body: bytes) -> WrongMember | None:
    """Return the first member that is there twice, or whose name has a NUL; nothing where the body is no JSON."""
    try:
        text = body.decode(detect_encoding(body), "surrogatepass")
        try:
            value = _STRICT.decode(text)
        except _TwiceError:
            twice = ((*way, one.twice) for way, one in _objects(_MARKING.decode(text)) if one.twice is not None)
            return _wrong(next(twice), _TWICE)
    except (ValueError, RecursionError):
        return None  # whoever parses it next says why
    if b"\\u0000" in body:
        for way, one in _objects(value):
            if any("\x00" in name for name in one):  # the name itself is not repeated
                return _wrong(way, NUL_WORDS)
    return None


def _wrong(way: tuple[str | int, ...], words: Words) -> WrongMember:
    return WrongMember("#" + "".join(f"/{escaped(one)}" for one in way).replace("\x00", "␀"), words)


def _objects(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Give each object with the way to it, outer ones first: a body can nest deeper than a function calls itself."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        way, one = waiting.pop()
        if isinstance(one, dict):
            yield way, one
            waiting += [((*way, name), inner) for name, inner in reversed(one.items())]
        elif isinstance(one, list):
            waiting += [((*way, number), inner) for number, inner in reversed(list(enumerate(one)))]
