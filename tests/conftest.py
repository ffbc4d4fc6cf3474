"""Fixtures for all rooms."""

import logging
from collections.abc import Iterator

import hypothesis
import pytest

# How long an example takes says more of what else the machine does; whole tests have their time limit.
hypothesis.settings.register_profile("benchwright", deadline=None)
hypothesis.settings.load_profile("benchwright")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a command does to the log: its handler writes to a stream that is closed after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
