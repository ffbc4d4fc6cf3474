"""Zip archives from strangers: every size is bounded before a byte is allocated for it."""

import io
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError, quoted

MAX_DEFLATE_RATIO = 1032
"""Deflate cannot expand further than this (258 bytes from 2 bits); a directory that claims more lies."""
MAX_DIRECTORY_BYTES = 2 << 20
"""Room for 35,000 entries; real captures have at most some thousand."""
_STEP_BYTES = 1 << 20
_END_RECORD = b"PK\x05\x06"
_END_RECORD_BYTES = 22
_ZIP64_LOCATOR = b"PK\x06\x07"


class BoundedArchive:
    """The entries of a zip archive held in ``data``.

    The decompressed sizes of all entries together may be ``limit_bytes`` at most, by the archive's own directory, and
    reading never yields more than the directory says. All methods raise ``CaptureError``.
    """

    def __init__(self, data: bytes, name: str, limit_bytes: int) -> None:
        self._name = name
        self._check_end_record(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise self._broken(str(error)) from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            self._check_entry(entry, len(data))
            self._entries[entry.filename] = entry
        total = sum(entry.file_size for entry in self._entries.values())
        if total > limit_bytes:
            raise CaptureError(
                f"{name}: unpacks to {total} bytes, more than the limit of {limit_bytes}; "
                "raise limit_bytes if you trust this file"
            )

    def _broken(self, reason: str) -> CaptureError:
        return CaptureError(
            f"{self._name}: not a complete zip archive ({reason[:160]}); copy the file again from its source"
        )

    def _check_end_record(self, data: bytes) -> None:
        at = data.rfind(_END_RECORD, max(0, len(data) - _END_RECORD_BYTES - 0xFFFF))
        if at < 0 or at + _END_RECORD_BYTES > len(data):
            raise self._broken("its directory at the end is missing, so it was probably cut")
        if data.find(_ZIP64_LOCATOR, max(0, at - 20), at) >= 0:
            raise CaptureError(f"{self._name}: is a zip64 archive (beyond 4 GiB); save a shorter capture")
        directory_bytes = int.from_bytes(data[at + 12 : at + 16], "little")
        if directory_bytes > MAX_DIRECTORY_BYTES:
            raise CaptureError(
                f"{self._name}: its zip directory has {directory_bytes} bytes, more than any capture needs "
                f"({MAX_DIRECTORY_BYTES}); the file is damaged or hostile"
            )

    def _check_entry(self, entry: zipfile.ZipInfo, archive_bytes: int) -> None:
        where = f"{self._name}: zip entry {quoted(entry.filename)}"
        if entry.filename in self._entries:
            raise CaptureError(f"{where} is there twice; save the capture again")
        if entry.flag_bits & 1:
            raise CaptureError(f"{where} is encrypted; save the capture without a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CaptureError(f"{where} uses compression method {entry.compress_type}; repack with deflate")
        packed = min(entry.compress_size, archive_bytes)
        if entry.file_size > (packed * MAX_DEFLATE_RATIO if entry.compress_type == zipfile.ZIP_DEFLATED else packed):
            raise CaptureError(f"{where} claims {entry.file_size} bytes from {packed} packed; the file is damaged")

    def names(self) -> tuple[str, ...]:
        """Return the names of all entries in directory order."""
        return tuple(self._entries)

    def size_bytes(self, entry: str) -> int:
        """Return the decompressed size of ``entry``; ``KeyError`` when it is not in ``names()``."""
        return self._entries[entry].file_size

    def read(self, entry: str, limit_bytes: int) -> bytes:
        """Return the whole of a small ``entry``."""
        size = self.size_bytes(entry)
        if size > limit_bytes:
            raise CaptureError(f"{self._name}: {quoted(entry)} has {size} bytes, {limit_bytes} at most are allowed")
        parts: list[bytes] = []
        self._stream(entry, parts.append)
        return b"".join(parts)

    def read_into(self, entry: str, destination: npt.NDArray[np.uint8]) -> None:
        """Fill ``destination``, shape (``size_bytes(entry)``,), without a second copy of the whole."""
        at = 0

        def store(part: bytes) -> None:
            nonlocal at
            destination[at : at + len(part)] = np.frombuffer(part, np.uint8)
            at += len(part)

        self._stream(entry, store)

    def _stream(self, entry: str, store: Callable[[bytes], object]) -> None:
        expected = remaining = self.size_bytes(entry)
        try:
            with self._zip.open(self._entries[entry]) as stream:
                # One read past the end makes zipfile compare the checksum.
                while part := stream.read(_STEP_BYTES):
                    store(part)
                    remaining -= len(part)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError) as error:
            raise self._broken(f"entry {quoted(entry)}: {error}") from error
        except zlib.error as error:
            raise self._broken(f"entry {quoted(entry)} does not unpack: {error}") from error
        if remaining:
            raise self._broken(f"entry {quoted(entry)} ends after {expected - remaining} of {expected} bytes")
