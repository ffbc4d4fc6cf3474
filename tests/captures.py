"""Where the real captures are: ``BENCHWRIGHT_CAPTURES``, else ``../shared/data`` beside the repository."""

import os
from pathlib import Path

import pytest


def captures_dir() -> Path | None:
    """Return the folder of real captures, or ``None`` where this machine has none."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("BENCHWRIGHT_CAPTURES", default))
    return folder if folder.is_dir() else None


def require_capture(relative: str) -> Path:
    """Return one capture file, or skip the test and say which folder is missing."""
    folder = captures_dir()
    if folder is None:
        pytest.skip("no folder of real captures (set BENCHWRIGHT_CAPTURES; docs/captures.md names the public sources)")
    return folder / relative
