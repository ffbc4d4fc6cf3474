"""Waiting for what another thread or process does, with a patience that no busy machine exhausts."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 20.0
LOOK_AGAIN_S = 0.01

Answer = TypeVar("Answer")


def wait_until(condition: Callable[[], Answer], what: str, timeout_s: float = PATIENCE_S) -> Answer:
    """Look until ``condition`` gives something true, and return that; fail with ``what`` was waited for."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(LOOK_AGAIN_S)
    return answer
