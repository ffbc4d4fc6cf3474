"""A real Mosquitto on a port of its own, without persistence, that a test may kill and start again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_S = 15


class Mosquitto:
    """A broker for one test. ``extra`` is added to its configuration; the port stays the same over restarts."""

    def __init__(self, folder: Path, extra: str = "", *, listener: str = "", anonymous: bool = True) -> None:
        self.host = "127.0.0.1"
        with socket.create_server((self.host, 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        self._config = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} {self.host}",
            listener,
            f"allow_anonymous {str(anonymous).lower()}",
            "persistence false",
            "user root" if os.geteuid() == 0 else "",
            extra,
        ]
        self._config.write_text("\n".join(lines) + "\n")
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> "Mosquitto":
        if self._binary is None:
            pytest.skip("mosquitto is not installed (apt install mosquitto)")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self._binary, "-v", "-c", self._config], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.kill()
        raise RuntimeError(f"mosquitto did not start: {self.log[-2000:]}")

    def kill(self) -> None:
        """SIGKILL: whatever it held in memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)
            self._process = None

    def __enter__(self) -> "Mosquitto":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker that takes anybody."""
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder) as broker:
        yield broker
