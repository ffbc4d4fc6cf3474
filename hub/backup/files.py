"""Files of a hub beside its database, kept once under their hash however many backups refer to them."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from hub.backup.manifest import BackupError, KeptFile
from hub.core.private import make_folder
from hub.core.settings import Settings

_SHA256 = re.compile("[0-9a-f]{64}")
_CHUNK = 2**20


def places(settings: Settings) -> dict[str, Path]:
    """Return where files live, by the first part of their path in a backup."""
    return {"captures": settings.blob_dir, "attachments": settings.data_dir / "attachments"}


def keep_all(settings: Settings, store: Path) -> list[KeptFile]:
    """Copy what is not there yet; return everything that belongs to a backup made now."""
    found: list[KeptFile] = []
    for name, root in places(settings).items():
        for path in sorted(root.glob("??/*")):
            if _SHA256.fullmatch(path.name):
                found += _keep(path, f"{name}/{path.parent.name}/{path.name}", store, path.name)
    key = settings.data_dir / "portal.key"
    if settings.portal_key_file is None and key.exists():  # without it customers' links would not open any more
        found += _keep(key, "portal.key", store, None)
    return found


def _keep(path: Path, shown: str, store: Path, sha256: str | None) -> Iterator[KeptFile]:
    try:
        size, digest = path.stat().st_size, sha256 or file_hash(path)
        target = store / digest[:2] / digest
        if not target.exists() or target.stat().st_size != size:
            copy(path, target, digest)
    except FileNotFoundError:
        return  # erased meanwhile
    yield KeptFile(path=shown, size=size, sha256=digest)


def copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file so that ``target`` is whole or not there; raise ``BackupError`` when its bytes have another hash."""
    make_folder(target.parent)
    draft = target.with_name(f".{target.name[:16]}.{secrets.token_hex(4)}")
    digest = hashlib.sha256()
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with source.open("rb") as read, os.fdopen(descriptor, "wb") as written:
            while chunk := read.read(_CHUNK):
                digest.update(chunk)
                written.write(chunk)
            written.flush()
            os.fsync(written.fileno())
        if digest.hexdigest() != sha256:
            raise BackupError(f"{source} is damaged: its bytes have another SHA-256 than {sha256[:12]}…")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def restore_all(settings: Settings, store: Path, wanted: Iterable[KeptFile]) -> int:
    """Bring files back to where a hub looks for them; return how many were not there. Existing files stay."""
    roots = places(settings)
    count = 0
    for file in wanted:
        first, _, rest = file.path.partition("/")
        target = roots[first] / rest if rest and first in roots else settings.data_dir / "portal.key"
        if not target.exists():
            copy(store / file.sha256[:2] / file.sha256, target, file.sha256)
            count += 1
    return count


def damaged(store: Path, wanted: Iterable[KeptFile], *, read_all: bool = True) -> Iterator[BackupError]:
    """Give an error for each file that is missing or is not what it was."""
    for file in wanted:
        path = store / file.sha256[:2] / file.sha256
        if not path.exists():
            yield BackupError(f"{file.path} is missing ({path})")
        elif path.stat().st_size != file.size or (read_all and file_hash(path) != file.sha256):
            yield BackupError(f"{file.path} is damaged ({path})")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
