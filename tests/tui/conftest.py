import pytest
from bench_at_work import at_work, give_power, simulated

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


@pytest.fixture(scope="session")
def many_instruments(tmp_path_factory):
    """Simulated instruments of every kind that has a panel, with the device under test switched on."""
    folder = tmp_path_factory.mktemp("tui-full")
    roles = ("supply", "scope", "camera", "generator", "console", "mcu")
    with simulated(folder, roles=roles) as bench:
        bench.connect("scope", "TP_XTAL")
        yield folder, bench


@pytest.fixture
def full_bench(many_instruments, tmp_path):
    """A running agent with an instrument of every kind; its state is of this test alone."""
    folder, simulator = many_instruments
    for name in ("bench.toml", "plans"):
        (tmp_path / name).symlink_to(folder / name)
    with at_work(tmp_path, simulator) as working:
        give_power(working.socket)
        yield working


@pytest.fixture(autouse=True)
def english():
    """Every test begins and ends in English."""
    i18n.use("en")
    yield
    i18n.use("en")
