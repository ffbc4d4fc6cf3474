"""Fixtures for all rooms."""

import gc
import logging
import os
from collections.abc import Iterator

import hypothesis
import pytest

# How long an example takes says more of what else the machine does; whole tests have their time limit.
# The suite tries the same examples each time, so that a change alone turns it red; the campaign looks for new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("campaign", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("campaign" if os.environ.get("CAMPAIGN") else "suite")

os.environ["LC_ALL"] = "C.UTF-8"  # programs speak English unless a test wants another language


gc.disable()  # nothing that is imported or collected is garbage, and looking at it again took a fifth of all time


def pytest_collection_finish() -> None:
    """Look for garbage from now on among what the tests make, and seldom: they end before it matters."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a command does to the log: its handler writes to a stream that is closed after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
