"""Helpers of the driver tests are imported by name; shipped profiles can be given other words for a test."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers import serial_meter
from drivers.registry import PROFILES_VARIABLE, SHIPPED_PROFILES

sys.path.insert(0, str(Path(__file__).parent))

Edit = Callable[[str, str, str], None]


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Edit a shipped profile for one test: shorter times, where the test is of what does not come within them."""
    folder = tmp_path / "profiles"
    folder.mkdir()

    def edit(name: str, old: str, new: str) -> None:
        text = (SHIPPED_PROFILES / f"{name}.yaml").read_text()
        assert text.count(old) == 1
        (folder / f"{name}.yaml").write_text(text.replace(old, new))
        monkeypatch.setenv(PROFILES_VARIABLE, str(folder))

    return edit


@pytest.fixture
def meter_times(edited: Edit, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, float], None]:
    """Let a meter send twenty frames a second instead of two, and say how long its driver waits beyond four of them."""

    def change(name: str, patience_s: float) -> None:
        edited(name, "\nframe_interval_s: 0.5\n", "\nframe_interval_s: 0.05\n")
        monkeypatch.setattr(serial_meter, "PATIENCE_S", patience_s)

    return change
