"""The hub and Mosquitto as tests run them."""

import shutil
import socket
import ssl
import threading
from collections.abc import Callable

import httpx
import uvicorn
from hub_bench import wait_until

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


class RunningHub:
    """uvicorn in a thread on a port of its own."""

    def __init__(self, settings: Settings, ingest_workers: int) -> None:
        self.app = create_app(settings, ingest_workers=ingest_workers)
        config = uvicorn.Config(self.app, port=0, log_config=None, access_log=False, lifespan="on")
        self._server = uvicorn.Server(config)
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer takes 40 ms.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> "RunningHub":
        self._thread.start()
        wait_until(lambda: self._server.started, "the hub's start")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()
        assert not self._thread.is_alive()

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=_NO_TLS)
