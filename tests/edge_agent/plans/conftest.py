"""A rack with one real driver on a scripted instrument, a durable journal, and plans made of text."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plan_bench import QUICK, Bench
from scripted_instrument import ScriptedInstrument

from edge_agent.bench_config import InstrumentConfig
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.load import LoadedPlan, parse_plan
from edge_agent.rack import Rack
from edge_agent.spool import Spool


@pytest.fixture
def meter() -> Iterator[ScriptedInstrument]:
    with ScriptedInstrument() as instrument:
        yield instrument


@pytest.fixture
def rack(meter: ScriptedInstrument) -> Iterator[Rack]:
    with Rack({"meter": InstrumentConfig("keysight-34461a", meter.address)}, timing=QUICK) as rack:
        assert rack.wait_connected(20)
        yield rack


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.sqlite") as spool:
        yield spool


@pytest.fixture
def captures(tmp_path: Path) -> FolderCaptureStore:
    return FolderCaptureStore(tmp_path / "captures")


@pytest.fixture
def plan_of() -> Callable[..., LoadedPlan]:
    """Make a plan of steps as YAML text (see plan_texts)."""

    def make(text: str, **files: str) -> LoadedPlan:
        return parse_plan(text.encode(), "test.plan.yaml", lambda name: files[name.replace(".", "_")].encode())

    return make


@pytest.fixture
def bench(rack: Rack, spool: Spool, captures: FolderCaptureStore) -> Bench:
    return Bench(rack, spool, captures)
