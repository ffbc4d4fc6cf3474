"""The counter of the store: a client of the hub's HTTP API, as a store system would write one."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 10.0


class DeskError(RuntimeError):
    """The hub refused a request; the message is the problem that it named."""


class Desk:
    """Speaks to one hub with one API key."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Return the decoded answer of one request; raise ``DeskError`` for a refusal."""
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        try:
            target = f"{path}?{urlencode(query)}" if query else path
            connection.request(method, target, None if body is None else json.dumps(body), self._headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        finally:
            connection.close()
        if response.status >= 400:
            raise DeskError(f"{method} {path}: {response.status} {answer.get('detail') or answer.get('title')}")
        return answer

    def capture_size(self, sha256: str) -> int | None:
        """Return the size of a capture that the hub holds whole, else ``None``."""
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        try:
            connection.request("HEAD", f"/api/v1/captures/{sha256}", headers=self._headers)
            response = connection.getresponse()
            return int(response.headers.get("Upload-Offset", 0)) if response.status == 200 else None
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether the hub answers."""
        try:
            self.call("GET", "/api/v1/tickets", limit="1")
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return True

    def wait_for(self, path: str, good: Any, timeout_s: float = 30.0) -> Any:
        """Ask again until ``good(answer)`` holds; raise ``DeskError`` when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            answer = self.call("GET", path)
            if good(answer):
                return answer
            if time.monotonic() > deadline:
                raise DeskError(f"{path} did not become what was expected within {timeout_s:g} s")
            time.sleep(0.1)
