"""Capture files of this bench, addressed by their SHA-256, kept until the hub has them (and a while longer)."""

import hashlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

DEFAULT_MAX_WAITING_BYTES = 2 * 2**30
DEFAULT_KEEP_S = 7 * 86_400.0
DEFAULT_KEEP_BYTES = 512 * 2**20
_BLOCK = 1 << 20


class CaptureStoreError(Exception):
    """A capture cannot be kept: one sentence with the folder and the remedy."""


class HasContent(Protocol):
    """A capture as a file, such as ``edge_agent.plans.captures.CaptureFile``."""

    @property
    def content(self) -> bytes:
        """The bytes."""


@dataclass(frozen=True, slots=True)
class CaptureCounts:
    """How many files wait for the hub, how large they are together, and how many the hub has or refused."""

    waiting: int
    waiting_bytes: int
    uploaded: int
    refused: int


class BenchCaptures:
    """A folder in three parts: ``waiting``, ``uploaded`` and ``refused``; a file moves by a rename, so none is lost.

    Thread-safe. ``keep_s`` and ``keep_bytes`` say how long and how much of what the hub has also stays here.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_waiting_bytes: int = DEFAULT_MAX_WAITING_BYTES,
        keep_s: float = DEFAULT_KEEP_S,
        keep_bytes: int = DEFAULT_KEEP_BYTES,
    ) -> None:
        self._waiting, self._uploaded, self._refused = (folder / part for part in ("waiting", "uploaded", "refused"))
        self._partial = folder / "partial"
        self._max_waiting_bytes = max_waiting_bytes
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._mutex = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()
        try:
            for part in (self._waiting, self._uploaded, self._refused, self._partial):
                part.mkdir(parents=True, exist_ok=True, mode=0o700)
            for leftover in self._partial.iterdir():
                leftover.unlink()
            self._counts = CaptureCounts(
                *_total(self._waiting), uploaded=_total(self._uploaded)[0], refused=_total(self._refused)[0]
            )
        except OSError as error:
            raise CaptureStoreError(
                f"capture folder {folder} cannot be used ({error}): check owner and mode"
            ) from error

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each new file, in the thread that saved it."""
        self._listeners = (*self._listeners, listener)

    def save(self, file: HasContent, /) -> None:
        """Store the content durably under its hash, once. Raises ``CaptureStoreError``."""
        content = file.content
        sha256 = hashlib.sha256(content).hexdigest()
        if not content:
            raise CaptureStoreError("an empty capture is not kept: nothing was recorded")
        with self._mutex:
            if self.path(sha256) is not None:
                return
            if self._counts.waiting_bytes + len(content) > self._max_waiting_bytes:
                raise CaptureStoreError(
                    f"{self._waiting} holds captures up to its maximum of {self._max_waiting_bytes} bytes: "
                    "connect the bench to the hub so that they are uploaded, or raise the maximum"
                )
            try:
                self._write(sha256, content)
            except OSError as error:
                raise CaptureStoreError(f"capture not saved in {self._waiting} ({error}): free space on it") from error
            self._count(waiting=1, waiting_bytes=len(content))
        for listener in self._listeners:
            listener()

    def path(self, sha256: str) -> Path | None:
        """Return where the content of this hash lies on this bench, ``None`` when it does not."""
        candidates = (part / sha256 for part in (self._waiting, self._uploaded, self._refused))
        return next((path for path in candidates if path.is_file()), None)

    def waiting(self) -> tuple[str, ...]:
        """Return the hashes of what the hub does not have yet, oldest first."""
        return tuple(name for name, _ in sorted(_sizes(self._waiting), key=lambda item: self._age(item[0])))

    def mark_uploaded(self, sha256: str) -> None:
        """The hub has confirmed that it holds the whole file: local retention decides from here."""
        self._move(sha256, self._uploaded, uploaded=1)
        os.utime(self._uploaded / sha256)

    def mark_refused(self, sha256: str, reason: str) -> None:
        """The hub will not take it: it stays here with the reason beside it."""
        (self._refused / f"{sha256}.reason").write_text(reason, encoding="utf-8")
        self._move(sha256, self._refused, refused=1)

    def refused(self) -> dict[str, str]:
        """Return the hash and the reason of each file that the hub would not take."""
        return {path.stem: path.read_text(encoding="utf-8") for path in self._refused.glob("*.reason")}

    def counts(self) -> CaptureCounts:
        """Return how much is where."""
        return self._counts

    def prune(self, now: float | None = None) -> int:
        """Delete what the hub has and local retention no longer wants, oldest first; return how many files went."""
        now = time.time() if now is None else now
        held = []
        for name, size in _sizes(self._uploaded):
            held.append(((self._uploaded / name).stat().st_mtime, size, name))
        total = sum(size for _, size, _ in held)
        gone = 0
        for modified, size, name in sorted(held):
            if now - modified <= self._keep_s and total <= self._keep_bytes:
                break
            (self._uploaded / name).unlink(missing_ok=True)
            total -= size
            gone += 1
        with self._mutex:
            self._count(uploaded=-gone)
        return gone

    def _write(self, sha256: str, content: bytes) -> None:
        partial = self._partial / uuid.uuid4().hex
        try:
            with partial.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.chmod(0o600)
            partial.rename(self._waiting / sha256)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        _sync(self._waiting)

    def _move(self, sha256: str, part: Path, *, uploaded: int = 0, refused: int = 0) -> None:
        with self._mutex:
            size = (self._waiting / sha256).stat().st_size
            (self._waiting / sha256).rename(part / sha256)
            self._count(waiting=-1, waiting_bytes=-size, uploaded=uploaded, refused=refused)
            _sync(part)
            _sync(self._waiting)

    def _count(self, *, waiting: int = 0, waiting_bytes: int = 0, uploaded: int = 0, refused: int = 0) -> None:
        was = self._counts
        self._counts = CaptureCounts(
            was.waiting + waiting, was.waiting_bytes + waiting_bytes, was.uploaded + uploaded, was.refused + refused
        )

    def _age(self, name: str) -> float:
        try:
            return (self._waiting / name).stat().st_mtime
        except FileNotFoundError:
            return 0.0


def _sizes(part: Path) -> list[tuple[str, int]]:
    with os.scandir(part) as entries:
        return [(entry.name, entry.stat().st_size) for entry in entries if not entry.name.endswith(".reason")]


def _total(part: Path) -> tuple[int, int]:
    sizes = [size for _, size in _sizes(part)]
    return len(sizes), sum(sizes)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
