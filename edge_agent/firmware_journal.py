"""What is being written onto which device: kept on disk from before the first erased byte until the image is verified.

A flash that was cut short (power cut, pulled cable, crash) leaves its note behind. Whoever works on that device next is
told, and writing the image again repairs it.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct


class Unfinished(Struct, frozen=True):
    """A flash that was begun and is not known to have ended well."""

    device: str
    model: str
    part: str
    """What is written: the firmware profile's name."""
    version: Annotated[str, Meta(max_length=64)]
    sha256: str
    began_at: datetime
    attempts: int = 1


class FirmwareJournal:
    """One small file for each device and part, in ``folder``. Raises ``OSError`` when the disk refuses a note."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def unfinished(self, device: str, part: str) -> Unfinished | None:
        """Return the flash of this device that did not end, ``None`` when there is none.

        A note that cannot be read (itself cut short) counts as one of an unknown version.
        """
        path = self._path(device, part)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(data, type=Unfinished)
        except msgspec.DecodeError:
            began = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return Unfinished(device, "", part, "unknown", "", began)

    def begin(self, device: str, model: str, part: str, version: str, sha256: str) -> Unfinished:
        """Note that a flash begins; it is on disk when this returns."""
        before = self.unfinished(device, part)
        attempts = before.attempts + 1 if before is not None else 1
        note = Unfinished(device, model, part, version, sha256, datetime.now(UTC), attempts)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(device, part)
        unready = path.with_suffix(".new")
        with unready.open("wb") as file:
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(file.fileno())
        unready.replace(path)
        self._sync()
        return note

    def end(self, device: str, part: str) -> None:
        """Note that the image on the device was verified."""
        self._path(device, part).unlink(missing_ok=True)
        if self._folder.is_dir():
            self._sync()

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, device: str, part: str) -> Path:
        def plain(text: str) -> str:
            return re.sub(r"[^A-Za-z0-9.-]", lambda match: f"_{ord(match[0]):x}_", text)[:100]

        return self._folder / f"{plain(device)}@{plain(part)}.json"
