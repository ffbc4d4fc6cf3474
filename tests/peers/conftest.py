"""A powered bench for programs that are not ours."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "protocols" / "captures"))

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.rails import Feed


@pytest.fixture
def bench(tmp_path):
    """A bench whose meter says it is a 34465A: libsigrok 0.5.2 knows that one of the series (same commands)."""
    with SimulatedBench(directory=tmp_path / "bench", meter_model="34465A", handheld_rate_hz=20.0) as running:
        running.device.power(Feed(5.0, 0.5, True))
        time.sleep(0.05)
        yield running
