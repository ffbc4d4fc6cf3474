"""A simulated bench, and an agent that runs on it."""

import pytest
from rails_agent import PLAN, ROLES, running_agent

from drivers.simulated.bench import SimulatedBench


@pytest.fixture(scope="module")
def bench_folder(tmp_path_factory):
    """A simulated bench (of its instruments, meter and supply are in the configuration), and a folder of plans."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "plans").mkdir()
    (folder / "plans" / "rails.plan.yaml").write_text(PLAN)
    (folder / "plans" / "broken.plan.yaml").write_text("plan: [")
    strict = PLAN.replace("plan: rails", "plan: strict").replace("version: 1", "version: 1\ncalibration: block", 1)
    (folder / "plans" / "strict.plan.yaml").write_text(strict)
    with SimulatedBench(directory=folder / "simulator") as bench:
        bench.connect("meter", "TP_5V")
        bench.write_bench_toml(folder / "bench.toml", roles=ROLES)
        yield folder, bench


@pytest.fixture
def agent(bench_folder, tmp_path):
    with running_agent(bench_folder, tmp_path / "state") as (agent, client):
        assert agent.rack.wait_connected(20)
        yield agent, client
