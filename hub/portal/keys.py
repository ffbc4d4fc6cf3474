"""The secret that customers' links are signed with: a file, made at first use, the same for every process of a hub."""

import os
import secrets
from functools import lru_cache
from pathlib import Path

from hub.core.private import make_folder
from hub.core.settings import Settings, SettingsError, read_secret


def signing_key(settings: Settings) -> bytes:
    """Return the key; raise ``SettingsError`` where its file cannot be read or made."""
    return _key(settings.portal_key_file or settings.data_dir / "portal.key")


@lru_cache(maxsize=8)
def _key(path: Path) -> bytes:
    if not path.exists():
        _make(path)
    text = read_secret(path)
    if len(text) < 32:
        raise SettingsError(f"the key in {path} is too short; give it 64 random hexadecimal digits")
    return text.encode()


def _make(path: Path) -> None:
    """Write a new key whole or not at all; of two processes at once, one wins and both use its key."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        make_folder(path.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise SettingsError(f"the key {path} for customers' links cannot be made: {error.strerror}") from error
