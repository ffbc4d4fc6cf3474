"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a repeated POST changes nothing and gets the answer
of the first.

Every POST endpoint of a router that was given to ``install`` has it, without knowing: while a request carries a key,
all ``write()`` blocks of its endpoint are one transaction, and the answer is a row of the same transaction. So there is
no moment at which a crash leaves the change without its answer.

An ``async`` endpoint acts outside of the database (it commands a bench). There the key is committed before the act and
the answer after it; a crash in between leaves an outcome that nobody knows, and a repetition is told so.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.answers import response_of
from hub.core.clock import now
from hub.core.database import Database
from hub.core.documented import add_refusals
from hub.core.i18n import preferred_language
from hub.core.idempotency_models import KeptAnswer
from hub.core.problems import Problem, ProblemType
from hub.core.responses import problem_response
from hub.identity.actors import Actor

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
BAD_IDEMPOTENCY_KEY = ProblemType(
    "bad-idempotency-key",
    422,
    {"en": "The Idempotency-Key cannot be used", "zh-CN": "Idempotency-Key 无效"},
    {
        "en": 'Send 1 to 255 visible ASCII characters, best a fresh UUID in quotes: `Idempotency-Key: "9f1c…"`.',
        "zh-CN": '请发送 1 至 255 个可见 ASCII 字符，建议为带引号的新 UUID：`Idempotency-Key: "9f1c…"`。',
    },
)
IDEMPOTENCY_KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    {"en": "The Idempotency-Key belongs to another request", "zh-CN": "Idempotency-Key 已用于其他请求"},
    {
        "en": "This key came with another path or body before; take a new key for a new request.",
        "zh-CN": "该键已用于路径或内容不同的请求；新的请求请使用新的键。",
    },
)
STILL_RUNNING = ProblemType(
    "still-running",
    409,
    {"en": "The request with this key is still running", "zh-CN": "该键对应的请求仍在处理"},
    {"en": "Wait a second, then send it again with the same key.", "zh-CN": "请稍候一秒，再用同一键重试。"},
)
OUTCOME_UNKNOWN = ProblemType(
    "outcome-unknown",
    409,
    {"en": "Nobody knows whether it was done", "zh-CN": "操作结果未知"},
    {
        "en": "The hub stopped while the bench was acting; look at the bench, then decide whether to ask anew.",
        "zh-CN": "工位执行期间服务器中断；请先查看工位，再决定是否用新键重新请求。",
    },
)
_MARK = "honours_idempotency_key"
_KEY = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"|([\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]{1,255})')


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: str
    digest: "hashlib._Hash"
    """Over path, query and as much of the body as was read; the endpoint is called when it has been."""


_wanted: ContextVar[_Wanted | None] = ContextVar("idempotency_key", default=None)
_running: set[tuple[str, str]] = set()
_running_lock = threading.Lock()


def read_key(value: str) -> str:
    """Return the key of a header: a structured string (RFC 8941, 3.3.3), or the bare characters that many send."""
    match = _KEY.fullmatch(value.strip())
    if match is None:
        raise Problem(BAD_IDEMPOTENCY_KEY)
    return match[2] or re.sub(r"\\(.)", r"\1", match[1])


class IdempotencyKeys:
    """ASGI middleware: read the key and the body of a POST, for the endpoint's wrapper below."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its key where the wrapper finds it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        value = headers.get(HEADER.lower().encode())
        if value is None:
            await self._app(scope, receive, send)
            return
        try:
            key = read_key(value.decode("latin-1"))
        except Problem as problem:
            language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
            await problem_response(problem, language, str(scope["path"]))(scope, receive, send)
            return
        digest = hashlib.sha256(f"{scope['path']}?".encode("utf-8", "surrogatepass") + scope["query_string"] + b"\n")

        async def read() -> Message:
            message = await receive()
            digest.update(message.get("body", b""))
            return message

        token = _wanted.set(_Wanted(key, digest))
        try:
            await self._app(scope, read, send)
        finally:
            _wanted.reset(token)


def install(*routers: APIRouter, but: frozenset[str] = frozenset()) -> None:
    """Let every POST endpoint of ``routers`` honour the key, but for those named (whose answers are secrets).

    To be called before the routers are included in an application, which builds its routes from theirs.
    """
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and route.name not in but:
            call = route.endpoint
            if not hasattr(call, _MARK):
                route.endpoint = _around_act(call, route) if iscoroutinefunction(call) else _around(call, route)
                setattr(route.endpoint, _MARK, True)


def describe(document: dict[str, Any], *, but: frozenset[str] = frozenset()) -> None:
    """Add the header and its refusals to every POST of an OpenAPI document, but to those named."""
    kinds = (BAD_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, STILL_RUNNING, OUTCOME_UNKNOWN)
    parameter = {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": "A key that you make, best a UUID in quotes. Within 24 hours, the same request with the "
        "same key changes nothing again and gets the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 257},
        "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
    }
    for operations in document["paths"].values():
        operation = operations.get("post")
        if operation is None or operation["operationId"] in but:
            continue
        operation.setdefault("parameters", []).append(parameter)
        add_refusals(operation, *kinds)


def _around(call: Callable[..., Any], route: APIRoute) -> Callable[..., Any]:
    @wraps(call)
    def endpoint(**values: Any) -> Any:
        request = _Request.of(values)
        if request is None:
            return call(**values)
        with request.alone():
            kept = request.kept()
            if kept is not None:
                return kept
            try:
                with request.database.one_unit() as unit:
                    response = response_of(call(**values), values, route)
                    if unit.session is not None:
                        request.keep(unit.session, response)
            except _TakenError:
                return request.kept()
        return response

    return endpoint


def _around_act(call: Callable[..., Any], route: APIRoute) -> Callable[..., Any]:
    @wraps(call)
    async def endpoint(**values: Any) -> Any:
        request = _Request.of(values)
        if request is None:
            return await call(**values)
        with request.alone():
            kept = await run_in_threadpool(request.kept) or await run_in_threadpool(request.begin)
            if kept is not None:
                return kept
            try:
                response = response_of(await call(**values), values, route)
            except Problem as problem:
                if problem.kind.status != 504:  # all but a silence are refusals: nothing was done
                    await run_in_threadpool(request.forget)
                raise
            await run_in_threadpool(request.finish, response)
        return response

    return endpoint


class _TakenError(Exception):
    """Another process was quicker with the same key."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One request with a key, its caller, and where its answer is kept."""

    database: Database
    caller: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, values: dict[str, Any]) -> "_Request | None":
        """Return the request that an endpoint was called for; ``None`` without a key."""
        wanted = _wanted.get()
        if wanted is None:
            return None
        actor = next((value for value in values.values() if isinstance(value, Actor)), None)
        database = next((value for value in values.values() if isinstance(value, Database)), None)
        if actor is None or database is None:
            return None
        return cls(database, f"{actor.kind}:{actor.id}", wanted.key, wanted.digest.hexdigest())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Refuse a second request with the key while the first is running in this process."""
        name = (self.caller, self.key)
        with _running_lock:
            if name in _running:
                raise Problem(STILL_RUNNING, headers={"Retry-After": "1"})
            _running.add(name)
        try:
            yield
        finally:
            with _running_lock:
                _running.discard(name)

    def kept(self) -> Response | None:
        """Return the answer that is there, ``None`` when the request is new; raise the problem of a reused key."""
        statement = select(KeptAnswer).where(KeptAnswer.caller == self.caller, KeptAnswer.key == self.key)
        with self.database.read() as session:
            row = session.scalar(statement.where(KeptAnswer.expires_at > now()))
        if row is None:
            return None
        if row.fingerprint != self.fingerprint:
            raise Problem(IDEMPOTENCY_KEY_REUSED)
        if row.status is None:
            raise Problem(OUTCOME_UNKNOWN)
        return Response(row.body, row.status, {**(row.headers or {}), "Idempotency-Replayed": "true"})

    def keep(self, session: Session, response: Response | None) -> None:
        """Write the answer into the transaction of the change."""
        session.flush()
        at = now()
        session.execute(delete(KeptAnswer).where(KeptAnswer.expires_at < at))
        row: dict[str, Any] = {
            "caller": self.caller,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "created_at": at,
            "expires_at": at + KEPT_FOR,
        }
        try:
            session.execute(insert(KeptAnswer).values(**row, **_columns(response)))
        except IntegrityError as error:
            raise _TakenError from error

    def begin(self) -> Response | None:
        """Commit the key before the act; return the answer of another process that was quicker."""
        try:
            with self.database.write() as session:
                self.keep(session, None)
        except _TakenError:
            return self.kept()
        return None

    def finish(self, response: Response) -> None:
        """Commit the answer after the act."""
        with self.database.write() as session:
            session.execute(
                update(KeptAnswer)
                .where(KeptAnswer.caller == self.caller, KeptAnswer.key == self.key)
                .values(**_columns(response))
            )

    def forget(self) -> None:
        """Free the key of an act that did not take place."""
        with self.database.write() as session:
            session.execute(delete(KeptAnswer).where(KeptAnswer.caller == self.caller, KeptAnswer.key == self.key))


def _columns(response: Response | None) -> dict[str, Any]:
    if response is None:
        return {"status": None}
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return {"status": response.status_code, "headers": headers, "body": bytes(response.body)}
