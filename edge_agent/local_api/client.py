"""Clients of the local API: ``AgentClient`` for programs on an event loop, ``SyncAgentClient`` for scripts.

``websockets`` is imported when a connection is made: it costs a terminal application a seventh of its start.
"""

import asyncio
import itertools
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from edge_agent.local_api.events import AnyEvent
from edge_agent.local_api.frames import MAX_MESSAGE_BYTES, ServerFrame
from edge_agent.local_api.requests import Request, result_type

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.sync.client import ClientConnection as SyncConnection

R = TypeVar("R")
SOCKET_VARIABLE = "BENCHWRIGHT_SOCKET"
CONNECT_S = 5.0
REQUEST_S = 30.0
MAX_UNREAD = 5000
_URI = "ws://localhost/"
_decoder = msgspec.json.Decoder(ServerFrame)


def _closed() -> type[Exception]:
    """Return what is raised when a connection has ended."""
    from websockets.exceptions import ConnectionClosed

    return ConnectionClosed


def _no_agent() -> tuple[type[Exception], ...]:
    """Return what is raised when there is no agent, or no longer."""
    from websockets.exceptions import InvalidHandshake, InvalidMessage

    return OSError, InvalidHandshake, InvalidMessage, _closed(), TimeoutError


class AgentError(Exception):
    """A request that was not fulfilled. ``kind`` is that of ``frames.Error``, or ``unreachable``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Lost(msgspec.Struct, frozen=True):
    """This client read too slowly and missed ``count`` events: ask for the state again."""

    count: int


def state_home() -> Path:
    """Return the folder below which agents keep their state by default (one folder a bench)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "benchwright"


def find_socket() -> Path:
    """Return the socket of this machine's agent: ``BENCHWRIGHT_SOCKET``, else the only one below ``state_home``.

    Raises ``AgentError`` when there is none or more than one.
    """
    if named := os.environ.get(SOCKET_VARIABLE):
        return Path(named)
    found = sorted(state_home().glob("*/agent.sock"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise AgentError(
            "unreachable",
            f"no agent has a socket below {state_home()}: start 'benchwright agent run', or give --socket",
        )
    names = ", ".join(path.parent.name for path in found)
    raise AgentError("unreachable", f"several benches run here ({names}): give the socket of one with --socket")


def _unreachable(path: Path, error: Exception) -> AgentError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return AgentError(
        "unreachable", f"the agent at {path} cannot be reached ({reason}): is 'benchwright agent run' up?"
    )


def _encode(number: int, request: Request[Any]) -> str:
    return msgspec.json.encode({"id": number, "request": request}).decode()


def _decode(message: str | bytes) -> ServerFrame:
    try:
        return _decoder.decode(message)
    except msgspec.DecodeError as error:
        raise AgentError(
            "defect", f"the agent speaks another version of the local API ({error}): update both"
        ) from error


def _result(frame: ServerFrame, request: Request[R]) -> R:
    if frame.error is not None:
        raise AgentError(frame.error.kind, frame.error.message)
    if isinstance(frame.result, msgspec.UnsetType):
        raise AgentError("defect", "the agent gave an answer without a result")
    result: R = msgspec.json.decode(frame.result, type=result_type(type(request)))
    return result


class SyncAgentClient:
    """One connection for one thread. Raises ``AgentError`` for whatever goes wrong."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or find_socket()
        self._numbers = itertools.count(1)
        self._events: deque[AnyEvent | Lost] = deque()
        self._stack = ExitStack()
        from websockets.sync.client import unix_connect

        try:
            self._connection: SyncConnection = self._stack.enter_context(
                unix_connect(
                    os.fspath(self._path),
                    _URI,
                    max_size=MAX_MESSAGE_BYTES,
                    compression=None,
                    open_timeout=CONNECT_S,
                    close_timeout=1,
                )
            )
        except _no_agent() as error:
            raise _unreachable(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._stack.close()

    def request(self, request: Request[R], timeout_s: float = REQUEST_S) -> R:
        """Send a request and return its result."""
        number = next(self._numbers)
        deadline = time.monotonic() + timeout_s
        try:
            self._connection.send(_encode(number, request))
            while True:
                frame = self._receive(deadline)
                if frame.id == number:
                    return _result(frame, request)
        except TimeoutError as error:
            raise AgentError("unreachable", f"the agent did not answer within {timeout_s:g} s") from error
        except _no_agent() as error:
            raise _unreachable(self._path, error) from error

    def events(self, timeout_s: float | None = None) -> Iterator[AnyEvent | Lost]:
        """Yield events (after a ``Subscribe`` request) until none has come for ``timeout_s``."""
        while True:
            while self._events:
                yield self._events.popleft()
            try:
                self._receive(None if timeout_s is None else time.monotonic() + timeout_s)
            except TimeoutError:
                return
            except _no_agent() as error:
                raise _unreachable(self._path, error) from error

    def _receive(self, deadline: float | None) -> ServerFrame:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        frame = _decode(self._connection.recv(timeout=left))
        if frame.event is not None:
            self._events.append(frame.event)
        elif frame.lost:
            self._events.append(Lost(frame.lost))
        return frame


class AgentClient:
    """One connection on the running event loop: ``async with AgentClient(path) as agent``."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or find_socket()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[ServerFrame]] = {}
        self._events: asyncio.Queue[AnyEvent | Lost | None] = asyncio.Queue()
        self._unread = 0
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        from websockets.asyncio.client import unix_connect

        try:
            self._connection = await unix_connect(
                os.fspath(self._path),
                _URI,
                max_size=MAX_MESSAGE_BYTES,
                compression=None,
                open_timeout=CONNECT_S,
                close_timeout=1,
            )
        except _no_agent() as error:
            raise _unreachable(self._path, error) from error
        self._reader = asyncio.create_task(self._read(self._connection))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            await self._reader

    async def request(self, request: Request[R], timeout_s: float = REQUEST_S) -> R:
        """Send a request and return its result. Requests may overlap."""
        if self._connection is None:
            raise AgentError("unreachable", "the client is not connected: use it in an 'async with' block")
        number = next(self._numbers)
        answer: asyncio.Future[ServerFrame] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._connection.send(_encode(number, request))
            frame = await asyncio.wait_for(answer, timeout_s)
        except TimeoutError as error:
            raise AgentError("unreachable", f"the agent did not answer within {timeout_s:g} s") from error
        except _closed() as error:
            raise _unreachable(self._path, error) from error
        finally:
            self._waiting.pop(number, None)
        return _result(frame, request)

    async def events(self) -> AsyncIterator[AnyEvent | Lost]:
        """Yield events (after a ``Subscribe`` request) until the connection ends, then raise ``AgentError``."""
        while (event := await self._events.get()) is not None:
            yield event
        raise AgentError("unreachable", f"the connection to the agent at {self._path} has ended")

    def _keep(self, event: AnyEvent | Lost) -> None:
        if self._events.qsize() >= MAX_UNREAD:
            self._unread += 1
            return
        if self._unread:
            self._events.put_nowait(Lost(self._unread))
            self._unread = 0
        self._events.put_nowait(event)

    async def _read(self, connection: "ClientConnection") -> None:
        try:
            async for message in connection:
                frame = _decode(message)
                if frame.event is not None:
                    self._keep(frame.event)
                elif frame.lost:
                    self._keep(Lost(frame.lost))
                elif frame.id is not None and (answer := self._waiting.get(frame.id)) and not answer.done():
                    answer.set_result(frame)
        except _closed():
            pass
        except AgentError:
            await connection.close()
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(_unreachable(self._path, ConnectionError("it went away")))
            self._events.put_nowait(None)
