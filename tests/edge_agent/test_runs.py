"""Runs that were interrupted: ended by hand without holding up others, and told to whoever listens."""

import threading
from datetime import UTC, datetime

import pytest
from plan_bench import QUICK
from plan_texts import plan, wait
from waiting import PATIENCE_S, wait_until

from drivers.errors import InstrumentRefused
from drivers.guard import Guard
from edge_agent import runs as runs_module
from edge_agent.bench_config import InstrumentConfig
from edge_agent.bus import EventBus, Subscription
from edge_agent.captures import BenchCaptures
from edge_agent.local_api import events
from edge_agent.outputs import make_safe
from edge_agent.rack import Rack
from edge_agent.run_history import RunHistory
from edge_agent.run_view import RunView
from edge_agent.runs import RunError, Runs
from edge_agent.spool import Spool
from edge_agent.worklist import Worklist
from protocols.messages.records import Device, InstrumentStatus, Outcome, PlanReference, RunStarted

GENERATOR = "siglent-sdg1032x"
HEAD = """\
plan: short
version: 1
model: SP-100
title: {en: Short, zh-CN: 短}
roles:
  generator: {kind: generator, title: {en: generator, zh-CN: 信号发生器}}
"""


def started(run: str) -> RunStarted:
    plan, device = PlanReference("p", 1, "0" * 64), Device("SP-100", "S1")
    instruments = (InstrumentStatus("generator", GENERATOR, True), InstrumentStatus("meter", "owon-xdm1041", True))
    return RunStarted(run, plan, device, instruments=instruments)


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def make(tmp_path, bus):
    """Return what makes the runs of a bench with a rack."""
    spool = Spool(tmp_path / "spool.db")
    worklist, history = Worklist(tmp_path / "worklist.db", spool), RunHistory(tmp_path / "runs.db")

    def runs(rack: Rack) -> tuple[Runs, Spool]:
        captures = BenchCaptures(tmp_path / "captures")
        parts = {"captures": captures, "worklist": worklist, "bus": bus, "history": history}
        return Runs("b", spool, rack, **parts, plan_folders=(tmp_path,)), spool

    yield runs
    for one in (worklist, history, spool):
        one.close()


def test_a_run_is_abandoned_without_the_lock_while_instruments_are_waited_for(make, bus, monkeypatch):
    at_instruments, go_on = threading.Event(), threading.Event()

    def slow(*given):
        at_instruments.set()
        assert go_on.wait(PATIENCE_S)
        return make_safe(*given)

    monkeypatch.setattr(runs_module, "make_safe", slow)
    listener = Subscription(("run",), lambda: None)
    bus.subscribe(listener)
    with Rack({}) as rack:
        runs, spool = make(rack)
        spool.append(started("b:1"))
        ended = []
        thread = threading.Thread(target=lambda: ended.append(runs.abandon("b:1")))
        thread.start()
        assert at_instruments.wait(PATIENCE_S)
        with pytest.raises(RunError, match="run b:2 is not in progress"):
            runs.abort("b:2", "no")  # would wait for the lock
        assert thread.is_alive()
        go_on.set()
        thread.join(PATIENCE_S)
        assert [one.outcome for one in ended] == [Outcome.ABORTED]
        step, end = listener.take()[0]
        assert isinstance(step, events.StepEnded) and step.record.step == "safe-state"
        assert "generator" in (step.record.detail or "") and "meter" not in (step.record.detail or "")
        assert end == events.RunEnded("b:1", Outcome.ABORTED)
        with pytest.raises(RunError, match="run b:1 is not interrupted"):
            runs.abandon("b:1")


def test_the_end_of_another_run_does_not_touch_the_one_that_is_shown(make):
    with Rack({}) as rack:
        runs, spool = make(rack)
        spool.append(started("b:1"))
        runs._telling.view = RunView(started("b:2"), datetime.now(UTC))
        runs.abandon("b:1")
        shown = runs.state("b:2")
        assert shown is not None and (shown.outcome, shown.steps) == (None, ())


class Generator:
    """An output that can or cannot be switched off."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.answers = False
        self.switched_off = 0

    def identify(self) -> str:
        return "G"

    def safe_state(self) -> None:
        if not self.answers:
            raise InstrumentRefused("it did not obey")
        self.switched_off += 1

    def close(self) -> None:
        pass


def test_what_was_switched_off_is_no_longer_told_to_be_on(make):
    generators = []

    def opener(*_, guard, **__):
        generators.append(Generator(guard))
        return generators[-1]

    config = {"generator": InstrumentConfig(GENERATOR, "TCPIP::127.0.0.1::1::SOCKET")}
    with Rack(config, opener=opener, timing=QUICK) as rack:
        assert rack.wait_connected(PATIENCE_S)
        (generator,) = generators
        runs, spool = make(rack)
        for run in ("b:1", "b:2", "b:3"):
            spool.append(started(run))
        runs.prepare(resume=False)
        unsafe = {one.run: one.unsafe for one in runs.interrupted()}
        assert [*unsafe] == ["b:1", "b:2", "b:3"] and all(
            "did not obey" in said["generator"] for said in unsafe.values()
        )
        runs.abandon("b:1")
        assert [bool(one.unsafe) for one in runs.interrupted()] == [True, True]
        generator.answers = True
        runs.abandon("b:2")
        assert [(one.run, one.unsafe) for one in runs.interrupted()] == [("b:3", {})]
        assert generator.switched_off == 1


class Slow(Generator):
    """An output that is switched off when it is let, or then is not."""

    def __init__(self, guard: Guard, *, obeys: bool = True) -> None:
        super().__init__(guard)
        self.answers = obeys
        self.called, self.let = threading.Event(), threading.Event()

    def safe_state(self) -> None:
        self.called.set()
        assert self.let.wait(PATIENCE_S)
        super().safe_state()


def test_a_run_begins_when_an_interrupted_one_has_been_ended(make, tmp_path, monkeypatch):
    (tmp_path / "short.plan.yaml").write_text(plan(main=wait("w"), head=HEAD), "utf-8")
    generators = []

    def opener(*_, guard, **__):
        generators.append(Slow(guard))
        return generators[-1]

    config = {"generator": InstrumentConfig(GENERATOR, "TCPIP::127.0.0.1::1::SOCKET")}
    with Rack(config, opener=opener, timing=QUICK) as rack:
        assert rack.wait_connected(PATIENCE_S)
        runs, spool = make(rack)
        runs._ready.set()
        runs.shelf.load("short")  # what it imports is not to take the time that an instrument has to answer
        spool.append(started("b:1"))
        abandoned, begun = [], []
        ending = threading.Thread(target=lambda: abandoned.append(runs.abandon("b:1")))
        ending.start()
        assert generators[0].called.wait(PATIENCE_S)
        monkeypatch.setattr(runs_module, "ENDING_S", 0.01)
        with pytest.raises(RunError, match="still being ended"):
            runs.start("S1", plan="short", model=None, ticket=None, operator=None)
        monkeypatch.setattr(runs_module, "ENDING_S", PATIENCE_S)
        start = threading.Thread(
            target=lambda: begun.append(runs.start("S1", plan="short", model=None, ticket=None, operator=None))
        )
        start.start()
        generators[0].let.set()
        for thread in (ending, start):
            thread.join(PATIENCE_S)
        assert [one.outcome for one in abandoned] == [Outcome.ABORTED]
        (run,) = begun
        wait_until(lambda: (state := runs.state(run)) and state.outcome is Outcome.PASSED, "the end of the run")


def test_what_could_not_be_switched_off_is_in_the_record_however_many_end_a_run_at_once(make, bus, monkeypatch):
    """T7: a second end would find the outputs taken by the first, and close the run before that has its answer."""
    generators = []

    def opener(*_, guard, **__):
        generators.append(Slow(guard, obeys=False))
        return generators[-1]

    listener = Subscription(("run",), lambda: None)
    bus.subscribe(listener)
    config = {"generator": InstrumentConfig(GENERATOR, "TCPIP::127.0.0.1::1::SOCKET")}
    with Rack(config, opener=opener, timing=QUICK) as rack:
        assert rack.wait_connected(PATIENCE_S)
        runs, spool = make(rack)
        for run in ("b:1", "b:2"):
            spool.append(started(run))
        first = threading.Thread(target=runs.abandon, args=("b:1",))
        first.start()
        try:
            assert generators[0].called.wait(PATIENCE_S)
            with pytest.raises(RunError, match="run b:1 is being ended already"):
                runs.abandon("b:1")
            monkeypatch.setattr(runs_module, "ENDING_S", 0.01)
            with pytest.raises(RunError, match="another interrupted run is still being ended"):
                runs.abandon("b:2")
            monkeypatch.setattr(runs_module, "ENDING_S", PATIENCE_S)
            second = threading.Thread(target=runs.abandon, args=("b:2",))
            second.start()
        finally:
            generators[0].let.set()
        for thread in (first, second):
            thread.join(PATIENCE_S)
    told = listener.take()[0]
    assert [one.run for one in told if isinstance(one, events.RunEnded)] == ["b:1", "b:2"]
    steps = [one.record for one in told if isinstance(one, events.StepEnded)]
    assert [one.run for one in steps] == ["b:1", "b:2"] and all("generator: " in (one.detail or "") for one in steps)


class Meeting(Generator):
    """An output that is switched off when all others are being switched off, too."""

    def __init__(self, guard: Guard, others: threading.Barrier) -> None:
        super().__init__(guard)
        self.others = others

    def safe_state(self) -> None:
        self.others.wait(PATIENCE_S)


def test_outputs_are_switched_off_side_by_side():
    others = threading.Barrier(2)
    one = InstrumentConfig(GENERATOR, "TCPIP::127.0.0.1::1::SOCKET")
    with Rack({"a": one, "b": one}, opener=lambda *_, guard, **__: Meeting(guard, others), timing=QUICK) as rack:
        assert rack.wait_connected(PATIENCE_S)
        assert make_safe(rack, ["a", "gone", "b"], "an end").keys() == {"gone"}
