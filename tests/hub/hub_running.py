"""The hub and Mosquitto as tests run them."""

import asyncio
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

import httpx
import uvicorn

from hub.app import create_app
from hub.core.settings import Settings

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


_NO_TLS = ssl.create_default_context()
"""Made once: each client would read all certificates of the machine, for 20 ms."""

MakeKey = Callable[..., str]


def environment_of(settings: Settings) -> dict[str, str]:
    """What gives a process of the hub these settings."""
    told = settings.model_dump(exclude_defaults=True, exclude={"port"})
    return {f"BENCHWRIGHT_HUB_{name.upper()}": str(value) for name, value in told.items()}


class _Server(uvicorn.Server):
    """Ends when it is told to: uvicorn looks for that ten times a second and naps once more, 0.13 s of each test."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()

    def tell_to_end(self) -> None:
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._told.set)


class RunningHub:
    """uvicorn in a thread on a port of its own."""

    def __init__(self, settings: Settings, ingest_workers: int) -> None:
        self.app = create_app(settings, ingest_workers=ingest_workers)
        config = uvicorn.Config(self.app, port=0, log_config=None, access_log=False, lifespan="on")
        self._server = _Server(config)
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer takes 40 ms.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> "RunningHub":
        self._thread.start()
        assert self._server.up.wait(20), "the hub has not started"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.tell_to_end()
        self._thread.join(timeout=20)
        self._socket.close()
        assert not self._thread.is_alive()

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=_NO_TLS)
