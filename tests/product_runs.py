"""Runs of a plan on the simulated bench, with a technician who moves the probes and time that can be skipped."""

import time
from collections.abc import Callable
from pathlib import Path

from drivers.simulated.bench import SimulatedBench
from edge_agent.bench_config import InstrumentConfig
from edge_agent.plans import events
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.clock import SystemClock
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, Rack
from edge_agent.spool import Spool
from protocols.messages import codec
from protocols.messages.records import Device, Record, RunFinished, StepFinished


class Technician:
    """Moves the probes as asked."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        for probe, point in prompt.connect.items():
            self.bench.connect(probe, point)
        return Answer(True)


class SkippingClock(SystemClock):
    """The waits of a run pass at once, for the device too."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench
        self.skipped_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped_s

    def wait(self, seconds: float, stop: Cancellation) -> bool:
        self.bench.device.skip(seconds)
        self.skipped_s += seconds
        return stop.reason is not None


def run_on(
    bench: SimulatedBench,
    loaded: LoadedPlan,
    folder: Path,
    *,
    before: Callable[[str], None] = lambda _step: None,
) -> tuple[RunFinished, list[StepFinished]]:
    """Run a plan; ``before`` is called with the name of each step that begins."""

    def told(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            before(event.step)

    config = {role: InstrumentConfig(*bench.instruments[role]) for role in loaded.plan.roles}
    with Rack(config) as rack, Spool(folder / "spool.sqlite") as spool:
        assert rack.wait_connected(20), [one.fault for one in rack.status()]
        store = FolderCaptureStore(folder / "captures")
        device = Device(loaded.plan.model, bench.device.serial)
        runner = Runner(loaded, rack, spool, store, Technician(bench), clock=SkippingClock(bench), on_event=told)
        finished = runner.run("r1", device)
        bodies = [codec.decode(one.encoded, Record).body for one in spool.pending(500, 10_000_000)]
    return finished, [body for body in bodies if isinstance(body, StepFinished)]
