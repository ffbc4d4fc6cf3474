"""Folders and files of the hub that nobody but its own user of the system may read: they hold customers' data."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OTHERS = 0o077


@contextmanager
def for_this_user_alone() -> Iterator[None]:
    """Let every file that the process makes in this block be its user's alone. The bound is the whole process's."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def make_folder(path: Path) -> None:
    """Make a folder for this user alone, and those above it that are not there; one that is there stays as it is."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file for this user alone where there is none; close one that is there to everybody else."""
    if not path.exists():
        path.touch(mode=0o600)
    close_to_others(path)


def close_to_others(path: Path) -> None:
    """Take what others may do with a file or folder away; one that belongs to another user stays as it is."""
    with suppress(FileNotFoundError, PermissionError):
        mode = path.stat().st_mode
        if mode & _OTHERS:
            path.chmod(mode & 0o700)
