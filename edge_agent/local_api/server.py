"""The agent's side of the local API: a WebSocket server on a unix socket that only its owner (and a group) can open."""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from edge_agent.bus import EventBus, Subscription
from edge_agent.local_api.frames import MAX_MESSAGE_BYTES, ClientFrame, Error, ServerFrame
from edge_agent.local_api.requests import CaptureScope, Monitor, Operate, Request, SaveRecord, SendConsole, Subscribe
from edge_agent.local_api.views import Done

log = logging.getLogger(__name__)

Handler = Callable[[Any], Any]
MAX_CONNECTIONS = 32
MAX_REQUESTS = 16
"""Requests of one connection that may be in progress together."""
_WORKERS = 4
_SLOW = (Operate, Monitor, CaptureScope, SaveRecord, SendConsole)
"""Wait for an instrument or write much, so they have workers of their own."""
_STOP_S = 5.0


class LocalApiError(Exception):
    """The socket cannot be opened: one sentence with the path and the remedy."""


class LocalApiServer:
    """Serves ``handlers`` (one for each type of request) in an event loop of its own thread.

    A handler runs in a worker thread and may block. ``explain`` turns what it raises into an error for the client.
    """

    def __init__(
        self,
        path: Path,
        handlers: Mapping[type[Request[Any]], Handler],
        bus: EventBus,
        explain: Callable[[Exception], Error],
        *,
        group: str | None = None,
    ) -> None:
        self.path = path
        self._handlers = handlers
        self._bus = bus
        self._explain = explain
        self._group = group
        self._quick = ThreadPoolExecutor(_WORKERS, "local-api")
        self._slow = ThreadPoolExecutor(_WORKERS, "local-api-instrument")
        self._connections = 0
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="local-api", daemon=True)

    def start(self) -> None:
        """Open the socket and serve; returns when clients can connect. Raises ``LocalApiError``."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise LocalApiError(
                f"the local API's socket {self.path} cannot be opened ({self._error}): "
                "give a path of at most 100 bytes in a folder of your own with --socket"
            ) from self._error

    def stop(self) -> None:
        """Close all connections and the socket."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    # -- the event loop's thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, LookupError) as error:  # LookupError: no such group
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        with _listen(self.path, self._group) as listener:
            async with unix_serve(
                self._connected,
                sock=listener,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=MAX_REQUESTS,
                compression=None,
                server_header=None,
                close_timeout=1,
            ):
                self._ready.set()
                await self._stopping.wait()
        self.path.unlink(missing_ok=True)

    async def _connected(self, connection: ServerConnection) -> None:
        if self._connections >= MAX_CONNECTIONS:
            await connection.close(1013, "too many clients")
            return
        self._connections += 1
        try:
            await _Client(self, connection).serve()
        finally:
            self._connections -= 1

    async def answer(self, frame: ClientFrame) -> ServerFrame:
        """Fulfil one request in a worker thread; whatever happens becomes an answer."""
        request = frame.request
        loop = asyncio.get_running_loop()
        pool = self._slow if isinstance(request, _SLOW) else self._quick
        try:
            result = await loop.run_in_executor(pool, self._handlers[type(request)], request)
            return ServerFrame(id=frame.id, result=msgspec.Raw(msgspec.json.encode(result)))
        except Exception as error:  # noqa: BLE001 - told to the client, and logged by ``explain`` when it is a defect
            return ServerFrame(id=frame.id, error=self._explain(error))

    def subscribe(self, subscription: Subscription) -> None:
        """Begin to deliver events."""
        self._bus.subscribe(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver no more."""
        self._bus.unsubscribe(subscription)


class _Client:
    """One connection: a reader, a sender, and the requests in progress."""

    def __init__(self, server: LocalApiServer, connection: ServerConnection) -> None:
        self._server = server
        self._connection = connection
        self._answers: deque[ServerFrame] = deque()
        self._something = asyncio.Event()
        self._room = asyncio.Semaphore(MAX_REQUESTS)
        self._gone = False
        self._subscription: Subscription | None = None

    async def serve(self) -> None:
        sender = asyncio.create_task(self._send())
        tasks: set[asyncio.Task[None]] = {sender}
        try:
            async for message in self._connection:
                await self._room.acquire()  # until an answer is sent: a client that does not read is not read either
                if self._gone:
                    break
                task = asyncio.create_task(self._take(message))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except ConnectionClosed:
            pass
        finally:
            if self._subscription is not None:
                self._server.unsubscribe(self._subscription)
            for task in tasks:
                task.cancel()

    async def _take(self, message: str | bytes) -> None:
        try:
            frame = msgspec.json.decode(message, type=ClientFrame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            answer = ServerFrame(id=_id_of(message), error=Error("bad_request", f"not a valid request: {error}"))
        else:
            if isinstance(frame.request, Subscribe):
                self._subscribe(frame.request)
                answer = ServerFrame(id=frame.id, result=msgspec.Raw(msgspec.json.encode(Done())))
            else:
                answer = await self._server.answer(frame)
        self._answers.append(answer)
        self._something.set()

    def _subscribe(self, request: Subscribe) -> None:
        if self._subscription is not None:
            self._server.unsubscribe(self._subscription)
        loop = asyncio.get_running_loop()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(self._something.set)
            except RuntimeError:  # the loop has ended; so has this subscription
                return

        self._subscription = Subscription(request.streams, wake)
        self._server.subscribe(self._subscription)

    async def _send(self) -> None:
        try:
            while True:
                await self._something.wait()
                self._something.clear()
                while self._answers:
                    await self._connection.send(msgspec.json.encode(self._answers.popleft()), text=True)
                    self._room.release()
                events, lost = self._subscription.take() if self._subscription is not None else ([], 0)
                if lost:
                    await self._connection.send(msgspec.json.encode(ServerFrame(lost=lost)), text=True)
                for event in events:
                    await self._connection.send(msgspec.json.encode({"event": event}), text=True)
        except ConnectionClosed:
            self._gone = True
            self._room.release()


def _id_of(message: str | bytes) -> int | None:
    """Return the id of a request that is otherwise unreadable, so that its sender learns of it."""

    class Id(msgspec.Struct):
        id: int

    try:
        return msgspec.json.decode(message, type=Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _listen(path: Path, group: str | None) -> socket.socket:
    """Open the socket with its final mode from the first moment; a stale one of a dead agent is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and not path.is_socket():
        raise FileExistsError("a file that is no socket is there")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        old = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(old)
        if group is not None:
            shutil.chown(path, group=group)
            path.chmod(0o660)
        listener.setblocking(False)
    except (OSError, LookupError):
        listener.close()
        raise
    return listener
