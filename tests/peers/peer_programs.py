"""Runs programs that are not ours against the simulated bench."""

import shutil
import subprocess
from collections.abc import Iterable

import pytest

PACKAGES = {"sigrok-cli": "sigrok-cli", "stm32flash": "stm32flash", "mbpoll": "mbpoll", "flashrom": "flashrom"}
"""Program → Debian package."""
_PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(program: str, arguments: Iterable[object], *, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run an independent program, or skip the test and say how to install it."""
    path = shutil.which(program) or shutil.which(program, path=_PLACES)
    if path is None:
        pytest.skip(f"{program} is not installed (apt install {PACKAGES[program]})")
    return subprocess.run(
        [path, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
    )
