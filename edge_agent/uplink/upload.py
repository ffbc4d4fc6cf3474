"""Uploads captures to the hub over HTTP, in chunks, going on where a break left off."""

import http.client
import logging
import random
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.captures import BenchCaptures, hash_of
from edge_agent.clock import BenchClock
from edge_agent.uplink.settings import UplinkError, UplinkSettings, read_secret

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 15.0
PRUNE_EVERY_S = 600.0
_MAX_BODY = 65_536
_NOTHING = "0" * 64
_MAX_ROUNDS_WITHOUT_PROGRESS = 5


class UploadFailed(Exception):
    """Not now: try again later. ``hopeless``: only after a person has changed something."""

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


class HubHttp:
    """One keep-alive HTTP connection to the hub, with this bench's token."""

    def __init__(self, settings: UplinkSettings, clock: BenchClock) -> None:
        parts = urlsplit(settings.http_url or "")
        if not parts.hostname:
            raise UploadFailed(f"hub.url {settings.http_url!r} names no host: write http://host:port", hopeless=True)
        self._prefix = parts.path.rstrip("/")
        self._clock = clock
        self._headers = {"Accept": "application/json"}
        try:
            if settings.token_file is not None:
                self._headers["Authorization"] = f"Bearer {read_secret(settings.token_file, 'hub.token_file')}"
            if parts.scheme == "https":
                context = ssl.create_default_context(cafile=settings.ca_file)
                self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                    parts.hostname, parts.port, timeout=TIMEOUT_S, context=context
                )
            else:
                self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
        except (UplinkError, OSError, ValueError) as error:
            raise UploadFailed(str(error), hopeless=True) from error

    def ask(
        self, method: str, sha256: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, int | None, str]:
        """Return status, ``Upload-Offset`` and the beginning of the answer's text. Raises ``UploadFailed``."""
        sent_at = time.time()
        try:
            self._connection.request(
                method, f"{self._prefix}/api/v1/captures/{sha256}", body or None, self._headers | dict(headers or {})
            )
            response = self._connection.getresponse()
            text = response.read(_MAX_BODY).decode("utf-8", "replace")
            if not response.isclosed():
                self._connection.close()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise UploadFailed(f"the hub's HTTP API cannot be reached: {type(error).__name__}: {error}") from error
        self._clock.heard(response.getheader("Date"), sent_at, time.time())
        if response.status in {401, 403}:
            raise UploadFailed(
                f"the hub refuses this bench's token ({response.status}): check hub.token_file", hopeless=True
            )
        offset = response.getheader("Upload-Offset", "")
        return response.status, int(offset) if offset.isdecimal() and len(offset) < 19 else None, text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def upload(hub: HubHttp, captures: BenchCaptures, sha256: str, stopping: threading.Event) -> None:
    """Bring one waiting file to the hub; afterwards it is marked as uploaded or, with the reason, as refused.

    Raises ``UploadFailed`` when it has to be tried again; what the hub has by then need not be sent again.
    """
    path = captures.path(sha256)
    if path is None:
        return
    size = path.stat().st_size
    rounds, best, thrown_away = 0, -1, 0
    while not stopping.is_set():
        offset = _asked_offset(hub, sha256)
        if offset is None:
            captures.mark_uploaded(sha256)
            log.info("capture %s (%d bytes) is at the hub", sha256[:12], size)
            return
        rounds = 0 if offset > best else rounds + 1
        best = max(best, offset)
        if rounds > _MAX_ROUNDS_WITHOUT_PROGRESS:
            raise UploadFailed(f"the hub takes no more of capture {sha256[:12]} than {offset} of {size} bytes")
        if thrown_away == 0 and offset == 0 and hash_of(path) != sha256:
            captures.mark_refused(sha256, "the file on the bench is damaged: its content no longer has this hash")
            return
        status, text = _send_from(hub, path, sha256, offset, stopping)
        if status == 422:
            thrown_away += 1
            best = -1
        if status == 413 or thrown_away > 1:
            captures.mark_refused(sha256, f"the hub does not take it ({status}): {text[:500]}")
            log.error("the hub does not take capture %s (%d): it stays on the bench", sha256[:12], status)
            return


def _asked_offset(hub: HubHttp, sha256: str) -> int | None:
    """Return how many bytes the hub has, ``None`` when it has confirmed that the file is complete."""
    status, offset, text = hub.ask("HEAD", sha256)
    if status == 200:
        return None
    if status == 202 and offset is not None:
        return offset
    if status == 404:
        return 0
    raise UploadFailed(f"the hub answered {status} when asked for capture {sha256[:12]} {text[:200]}")


def _send_from(hub: HubHttp, path: Path, sha256: str, offset: int, stopping: threading.Event) -> tuple[int, str]:
    """Send chunks from ``offset`` until the hub says anything but "go on"; return what it said last."""
    size = path.stat().st_size
    status, text = 202, ""
    with path.open("rb") as file:
        while status == 202 and offset < size and not stopping.is_set():
            file.seek(offset)
            chunk = file.read(CHUNK_BYTES)
            headers = {
                "Content-Range": f"bytes {offset}-{offset + len(chunk) - 1}/{size}",
                "Content-Type": "application/octet-stream",
            }
            status, told, text = hub.ask("PUT", sha256, chunk, headers)
            if status not in {200, 202, 409, 413, 422}:
                raise UploadFailed(f"the hub answered {status} to a chunk of capture {sha256[:12]}: {text[:200]}")
            if status == 202 and told != offset + len(chunk):
                break  # ask again where to go on
            offset += len(chunk)
    return status, text


class CaptureUploader:
    """Uploads whatever waits, in a thread of its own, and prunes by local retention."""

    def __init__(
        self,
        settings: UplinkSettings,
        captures: BenchCaptures,
        clock: BenchClock,
        *,
        pause_s: tuple[float, float] = (1.0, 60.0),
    ) -> None:
        self._settings = settings
        self._captures = captures
        self._clock = clock
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self.fault: str | None = None
        """Why nothing is uploaded at the moment."""
        self._thread = threading.Thread(target=self._run, name="capture-upload", daemon=True)
        captures.add_listener(self._wake.set)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float = TIMEOUT_S + 5) -> None:
        """End after the chunk in progress; what is not uploaded stays and goes on after the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            hopeless = False
            try:
                self._one_round()
            except UploadFailed as error:
                self._failed(str(error))
                failures, hopeless = failures + 1, error.hopeless
            except Exception as error:  # costs one round, never the uploader
                log.exception("uploading captures failed in an unexpected way")
                self._failed(f"{type(error).__name__}: {error}")
                failures += 1
            else:
                self.fault, failures = None, 0
            if failures == 0:
                self._wake.wait(PRUNE_EVERY_S)
            else:
                first, longest = self._pause_s
                pause = longest if hopeless else min(longest, first * 2 ** min(failures - 1, 10))
                self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    def _one_round(self) -> None:
        self._captures.prune()
        hub = HubHttp(self._settings, self._clock)
        try:
            waiting = self._captures.waiting()
            for sha256 in waiting:
                if self._stopping.is_set():
                    return
                upload(hub, self._captures, sha256, self._stopping)
            if not waiting:
                hub.ask("HEAD", _NOTHING)  # tells the time
        finally:
            hub.close()

    def _failed(self, reason: str) -> None:
        if reason != self.fault:
            log.warning("captures wait: %s", reason)
        self.fault = reason
