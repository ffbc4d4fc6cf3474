"""Masks of good units on this bench: files named by their SHA-256, and an index by product model and plan version."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from edge_agent.analysis.features import MaskKind
from edge_agent.analysis.mask import Mask, decode, encode
from protocols.messages.records import Identifier, Sha256

INDEX = "index.json"


class GoldenError(Exception):
    """A mask cannot be kept or found: one sentence."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mask: of which product, plan version and step, and from which good units."""

    model: str
    plan: Identifier
    plan_version: Annotated[int, Meta(ge=1)]
    step: Identifier
    kind: MaskKind
    channels: tuple[str, ...]
    sha256: Sha256
    learned_at: datetime
    captures: tuple[Sha256, ...]
    """The capture files that it was learned from, by their hashes."""

    @property
    def place(self) -> tuple[str, str, int, str, str, tuple[str, ...]]:
        """What a newer mask replaces."""
        return (self.model, self.plan, self.plan_version, self.step, self.kind.value, self.channels)


class GoldenStore:
    """A folder. A mask's file is never changed; the index names the newest for each place, and keeps the older."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> tuple[Entry, ...]:
        """Return every mask that was learned here, oldest first."""
        path = self.folder / INDEX
        if not path.exists():
            return ()
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[Entry, ...])
        except (msgspec.MsgspecError, OSError) as error:
            raise GoldenError(f"{path} cannot be read ({error}); restore it from a backup, or learn anew") from error

    def add(self, mask: Mask, **where: object) -> Entry:
        """Keep a mask; ``where`` are the further fields of its ``Entry``."""
        content = encode(mask)
        sha256 = hashlib.sha256(content).hexdigest()
        fields = {"kind": mask.kind, "sha256": sha256, "learned_at": datetime.now(UTC), **where}
        entry = msgspec.convert(fields, Entry)
        before = self.entries()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / sha256, content)
            _write(self.folder / INDEX, msgspec.json.format(msgspec.json.encode((*before, entry)), indent=1))
        except OSError as error:
            raise GoldenError(f"{self.folder} cannot be written ({error.strerror}); name a folder that can") from error
        return entry

    def newest(self) -> tuple[Entry, ...]:
        """Return the mask that counts for each place."""
        return tuple({entry.place: entry for entry in self.entries()}.values())

    def read(self, sha256: str) -> bytes:
        """Return a mask's file, whose content must have this hash (or begin of one)."""
        found = sorted(path for path in self.folder.glob(f"{sha256}*") if len(path.name) == 64)
        if len(found) != 1:
            raise GoldenError(f"{len(found)} masks have a hash that begins with {sha256!r}; give more of it")
        content = found[0].read_bytes()
        if hashlib.sha256(content).hexdigest() != found[0].name:
            raise GoldenError(f"{found[0]} was changed after it was learned; learn it anew")
        return content

    def mask(self, sha256: str) -> Mask:
        """Return a mask by its hash."""
        try:
            return decode(self.read(sha256), sha256)
        except ValueError as error:
            raise GoldenError(str(error)) from error


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
