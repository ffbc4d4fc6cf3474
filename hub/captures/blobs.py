"""Where capture files are kept: a folder, behind an interface that another store can have too."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from hub.core.private import close_to_others, make_folder

MAX_PARTIAL_FILES = 64
"""Unfinished uploads that one bench may have."""
STALE_AFTER_S = 7 * 24 * 3600.0


class WrongOffset(Exception):
    """A chunk does not begin where the file ends; ``expected`` is where it should."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the next byte wanted is {expected}")
        self.expected = expected


class WrongHash(Exception):
    """The bytes are not those that the hash names; they have been thrown away."""


class TooManyUploads(Exception):
    """The bench has too many unfinished uploads."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a file is there."""

    offset: int
    complete: bool


class BlobStore(Protocol):
    """Files known by their SHA-256 in hex."""

    def progress(self, sha256: str, owner: str) -> Progress | None:
        """Return how much of a file is there (of ``owner``'s upload if it is unfinished), or ``None``."""

    def append(self, sha256: str, owner: str, offset: int, chunk: bytes, total: int) -> Progress:
        """Add a chunk to ``owner``'s upload; at ``total`` bytes, check the hash and publish the file.

        Raises ``WrongOffset``, ``WrongHash`` or ``TooManyUploads``.
        """

    def open(self, sha256: str) -> tuple[BinaryIO, int] | None:
        """Return a complete file for reading and its size, or ``None``."""

    def delete(self, sha256: str) -> None:
        """Forget a complete file; no matter when it is not there."""


class FolderBlobStore:
    """Blobs in a folder: ``ab/abcd…`` when complete, ``partial/<owner>/abcd…-<total>`` until then.

    A bench's unfinished upload is its own, so that no other can spoil it. Bytes are on disk (``fsync``) before a file
    gets its final name, and the name too before the upload is answered: a crash leaves a part to resume, or the file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        close_to_others(root)
        self._partial = root / "partial"

    def progress(self, sha256: str, owner: str) -> Progress | None:
        """See ``BlobStore``."""
        size = _size(self._final(sha256))
        if size is not None:
            return Progress(size, complete=True)
        if _unfinished(self._partial / owner, sha256) is None:
            return None
        with _locked(self._partial / owner / ".lock"):
            part = _unfinished(self._partial / owner, sha256)
            size = _size(part) if part is not None else _size(self._final(sha256))
            if part is None or size is None:
                return None if size is None else Progress(size, complete=True)
            if size < _total(part):
                return Progress(size, complete=False)
            try:  # a crash came after the last byte and before the name
                return self._publish(part, sha256)
            except WrongHash:
                return None

    def append(self, sha256: str, owner: str, offset: int, chunk: bytes, total: int) -> Progress:
        """See ``BlobStore``."""
        folder = self._partial / owner
        make_folder(self._root)
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / ".lock"):
            done = _size(self._final(sha256))
            if done is not None:
                return Progress(done, complete=True)
            part = _unfinished(folder, sha256)
            if part is not None and _total(part) != total:
                part.unlink()
                part = None
            if part is None:
                _make_room(folder)
                part = folder / f"{sha256}-{total}"
            size = _size(part) or 0
            if offset != size:
                raise WrongOffset(size)
            with part.open("ab") as file:
                file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if size + len(chunk) < total:
                return Progress(size + len(chunk), complete=False)
            return self._publish(part, sha256)

    def open(self, sha256: str) -> tuple[BinaryIO, int] | None:
        """See ``BlobStore``."""
        try:
            file = self._final(sha256).open("rb")
        except FileNotFoundError:
            return None
        return file, os.fstat(file.fileno()).st_size

    def delete(self, sha256: str) -> None:
        """See ``BlobStore``."""
        self._final(sha256).unlink(missing_ok=True)

    def _final(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    def _publish(self, part: Path, sha256: str) -> Progress:
        """Give a whole upload its final name, or throw it away; the owner's lock is held."""
        if _sha256(part) != sha256:
            part.unlink()
            raise WrongHash
        size = _total(part)
        final = self._final(sha256)
        final.parent.mkdir(parents=True, exist_ok=True)
        part.replace(final)
        for folder in (final.parent, self._root, part.parent):
            _sync_folder(folder)
        return Progress(size, complete=True)


def _unfinished(folder: Path, sha256: str) -> Path | None:
    """Return the part of an upload, whose name says how long the whole is to be."""
    return next(folder.glob(f"{sha256}-*"), None)


def _total(part: Path) -> int:
    return int(part.name.partition("-")[2])


def _make_room(folder: Path) -> None:
    """Throw away uploads that nobody has gone on with, when there are too many; raise when that is not enough."""
    parts = [path for path in folder.iterdir() if path.name != ".lock"]
    if len(parts) < MAX_PARTIAL_FILES:
        return
    stale = [path for path in parts if time.time() - path.stat().st_mtime > STALE_AFTER_S]
    for path in stale:
        path.unlink(missing_ok=True)
    if len(parts) - len(stale) >= MAX_PARTIAL_FILES:
        raise TooManyUploads


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock among all processes; the kernel lets it go when a process dies."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
