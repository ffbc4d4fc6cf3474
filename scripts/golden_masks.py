"""Learns the masks of a shipped plan from good units of the simulated bench, as a store does from real ones.

    .venv/bin/python -m scripts.golden_masks cs12-golden --units 60

Each unit has parts within their tolerances (``drivers.simulated.tolerances``). The masks are written beside the plan.
"""

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.products import known_product
from drivers.simulated.tolerances import unit
from edge_agent.bench_config import InstrumentConfig
from edge_agent.golden_learning import captures_of_good_runs, learn_step, load_subject
from edge_agent.golden_store import Entry, GoldenStore
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.load import LoadedPlan, load_plan
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, Rack
from edge_agent.spool import Spool
from protocols.messages.records import Device, RunFinished

AT_ONCE = 6


class Technician:
    """Moves the probes of one bench as asked."""

    def __init__(self, bench: SimulatedBench) -> None:
        self._bench = bench

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:  # noqa: ARG002 - never waits
        """Connect what the plan wants."""
        for probe, point in prompt.connect.items():
            self._bench.connect(probe, point)
        return Answer(True)


def run_unit(plan: LoadedPlan, number: int, state: Path, fault: str = "") -> RunFinished:
    """Run a plan on good unit ``number`` (with ``fault`` on one that is not), on a bench of its own."""
    product = unit(known_product(plan.plan.model), number)
    with SimulatedBench([fault] if fault else [], product=product) as bench:
        config = {role: InstrumentConfig(*bench.instruments[role]) for role in plan.plan.roles}
        with Rack(config) as rack, Spool(state / "journal.sqlite") as spool:
            if not rack.wait_connected(30):
                raise SystemExit(str([one.fault for one in rack.status()]))
            runner = Runner(plan, rack, spool, FolderCaptureStore(state / "captures"), Technician(bench))
            return runner.run(f"unit-{number}", Device(plan.plan.model, product.serial))


def learn_all(path: Path, units: range, work: Path, *, output: Path, false_reject: float = 0.01) -> list[Entry]:
    """Run good units and learn every mask of a plan into ``output``; return what was learned."""
    plan = load_plan(path, learning=True)
    states = [work / f"unit-{number}" for number in units]

    def run(number: int, state: Path) -> RunFinished:
        state.mkdir(parents=True)
        return run_unit(plan, number, state)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for finished in pool.map(run, units, states):
            print(f"{finished.run}: {finished.outcome}", flush=True)
    subject, store, learned = load_subject(path), GoldenStore(work / "golden"), []
    for use in subject.uses():
        files = [one for state in states for one in captures_of_good_runs(state, subject, use.step.id, use.kind)]
        entry = learn_step(
            subject, use.step.id, use.kind, files, store, channels=use.channels, false_reject=false_reject
        )
        (output / use.reference).write_bytes(store.read(entry.sha256))
        learned.append(entry)
    return learned


def main() -> None:
    """Learn, and say what was learned."""
    from edge_agent.plans.load import find_plan

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan")
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--false-reject", type=float, default=0.001, help="share of good units that may be refused")
    given = parser.parse_args()
    path = find_plan(given.plan)
    with tempfile.TemporaryDirectory() as work:
        units, rate = range(1, given.units + 1), given.false_reject
        for entry in learn_all(path, units, Path(work), output=path.parent, false_reject=rate):
            print(entry.step, entry.kind, len(entry.captures), "units", entry.sha256[:12])


if __name__ == "__main__":
    main()
