import pytest
from bench_at_work import at_work, simulated

from tui import i18n


@pytest.fixture(scope="session")
def instruments(tmp_path_factory):
    """Simulated meter and supply with the device under test."""
    folder = tmp_path_factory.mktemp("tui-bench")
    with simulated(folder) as bench:
        yield folder, bench


@pytest.fixture
def bench(instruments, tmp_path):
    """A running agent with tickets; its state is of this test alone."""
    folder, simulator = instruments
    for name in ("bench.toml", "plans"):
        (tmp_path / name).symlink_to(folder / name)
    with at_work(tmp_path, simulator) as working:
        yield working
    for fault in list(simulator.device.faults):
        simulator.device.repair(fault)
    simulator.connect("meter", "TP_3V3")


@pytest.fixture(autouse=True)
def english():
    """Every test begins and ends in English."""
    i18n.use("en")
    yield
    i18n.use("en")
