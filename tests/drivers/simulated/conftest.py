"""Devices and benches for these tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from simulated_workbench import Workbench


@pytest.fixture
def powered():
    """Make a powered device with the given faults, three seconds after switching on."""
    return lambda *faults, **options: Workbench(*faults).power(**options)
