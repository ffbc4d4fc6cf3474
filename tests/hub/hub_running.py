"""The hub and Mosquitto as tests run them."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import uvicorn
from hub_bench import free_port, wait_until

from hub.app import create_app
from hub.core.settings import Settings

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


MakeKey = Callable[..., str]


class RunningHub:
    """uvicorn in a thread on a port of its own."""

    def __init__(self, settings: Settings, ingest_workers: int) -> None:
        self.app = create_app(settings, ingest_workers=ingest_workers)
        config = uvicorn.Config(self.app, port=0, log_config=None, access_log=False, lifespan="on")
        self._server = uvicorn.Server(config)
        self._socket = socket.socket()
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
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)


class Broker:
    """Mosquitto without persistence, as in production; it can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        assert MOSQUITTO is not None
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 10000\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen([str(MOSQUITTO), "-c", str(self._config)], stderr=subprocess.DEVNULL)
        wait_until(self._answers, "Mosquitto's port")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
