"""A run whose process died, or whose journal failed: resumed where it was, refused, or abandoned."""

import time
from typing import Any

import plan_texts
import pytest
from plan_bench import DEVICE, QUICK, Bench, Make, PowerCut, Yes
from plan_texts import plan, read, wait
from scripted_instrument import ScriptedInstrument

from edge_agent.bench_config import InstrumentConfig
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.ending import RunRefused, abandon
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack
from edge_agent.spool import Spool
from protocols.messages.records import Outcome, RunResumed, RunStarted


class Mortal:
    """A spool that dies with the process after a number of records."""

    def __init__(self, spool: Spool, after: int) -> None:
        self.spool, self.left = spool, after

    def append(self, body: Any) -> int:
        seq = self.spool.append(body)
        self.left -= 1
        if self.left == 0:
            raise PowerCut
        return seq

    def run_records(self, run: str) -> Any:
        return self.spool.run_records(run)


def test_an_interrupted_run_resumes_at_the_step_without_outcome(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    loaded = plan_of(plan(setup=wait("s"), main=read("a") + read("b") + read("c"), teardown=wait("t")))
    with pytest.raises(PowerCut):
        Runner(loaded, bench.rack, Mortal(bench.spool, 3), bench.captures, Yes()).run("r1", DEVICE)
    assert [run.run for run in bench.spool.open_runs()] == ["r1"]
    finished = bench.runner(loaded).resume("r1")
    assert finished.outcome is Outcome.PASSED
    assert isinstance(bench.bodies[0], RunResumed)
    assert bench.bodies[0].step == "b"
    assert bench.outcomes == [("s", "passed"), ("b", "passed"), ("c", "passed"), ("t", "passed")]
    assert bench.steps[0].attempt == 2
    assert bench.spool.open_runs() == ()


def test_a_changed_plan_is_refused_and_the_run_can_be_abandoned(bench: Bench, plan_of: Make) -> None:
    text = plan(main=read("a") + read("b"))
    with pytest.raises(PowerCut):
        Runner(plan_of(text), bench.rack, Mortal(bench.spool, 2), bench.captures, Yes()).run("r1", DEVICE)
    with pytest.raises(RunRefused, match="began with another state of the plan test-plan"):
        bench.runner(plan_of(text + "# changed\n")).resume("r1")
    assert bench.bodies == []
    assert abandon(bench, "r1").outcome is Outcome.ABORTED
    with pytest.raises(RunRefused, match="no unfinished run r1"):
        bench.runner(plan_of(text)).resume("r1")


def test_a_run_is_not_resumed_while_outputs_cannot_be_made_safe(
    spool: Spool, captures: FolderCaptureStore, plan_of: Make
) -> None:
    head = plan_texts.HEAD.replace(
        "roles:\n", "roles:\n  generator: {kind: generator, title: {en: generator, zh-CN: 信号发生器}}\n"
    ).replace("  meter: {kind: multimeter, title: {en: bench meter, zh-CN: 台式万用表}}\n", "")
    loaded = plan_of(plan(main=wait("a") + wait("b"), head=head))
    with ScriptedInstrument() as generator:
        generator.identity = "Siglent Technologies,SDG1032X,SDG1X000000001,1.01.01.33R1B6"
        config = {"generator": InstrumentConfig("siglent-sdg1032x", generator.address)}
        with Rack(config, timing=QUICK) as rack:
            assert rack.wait_connected(20)
            bench = Bench(rack, spool, captures)
            with pytest.raises(PowerCut):
                Runner(loaded, rack, Mortal(spool, 2), captures, Yes()).run("r1", DEVICE)
            generator.hung = True
            with pytest.raises(RunRefused, match=r"outputs could not be made safe \(generator"):
                Runner(loaded, rack, bench, captures, Yes(), safe_state_s=0.5).resume("r1")
            assert bench.bodies == []
            generator.hung = False
            assert rack.wait_connected(20)
            resumed_at = time.monotonic()
            assert bench.runner(loaded).resume("r1").outcome is Outcome.PASSED
            assert "C1:OUTP OFF" in generator.lines(since=resumed_at)
            generator.hung = True
            assert bench.run(loaded, "r2").outcome is Outcome.ERROR
            assert bench.steps[-1].step == "safe-state"
            assert "generator" in (bench.steps[-1].detail or "")


def test_a_journal_that_fails_stops_the_run(bench: Bench, plan_of: Make) -> None:
    class Full(Mortal):
        def append(self, body: Any) -> int:
            if isinstance(body, RunStarted):
                return super().append(body)
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Runner(plan_of(plan(main=read("a"))), bench.rack, Full(bench.spool, 9), bench.captures, Yes()).run("r1", DEVICE)
    assert bench.rack.holder("meter") is None
    assert bench.runner(plan_of(plan(main=read("a")))).resume("r1").outcome is Outcome.PASSED
