"""D7: 72 hours of monitoring by an injected clock, on real drivers, through power cuts at any place."""

import json
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_bench import PowerCut
from scripted_instrument import ScriptedInstrument

from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.load import LoadedPlan, PlanError
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.plans.soak import ALARM, GAP, SUMMARY, Series, SoakState
from edge_agent.rack import Cancellation, Rack
from protocols.messages import codec
from protocols.messages.records import Device, Measurement, Outcome, Record, RunFinished, StepFinished, Verdict

DEVICE = Device("M", "1")
H = 3600.0
PLAN = """
plan: soak
version: 1
model: M
title: {en: Soak, zh-CN: 老化}
roles: {meter: {kind: multimeter, title: {en: meter, zh-CN: 万用表}}}
points: {TP1: {en: here, zh-CN: 此处}}
main:
  - id: look
    title: {en: Look, zh-CN: 检查}
    action: multimeter.read
    role: meter
    with: {function: dc_voltage}
    measure: [{name: look, field: value, low: 1 V}]
soak:
  duration: 72 h
  every: 30 min
  longest_gap: 1 h
  steps:
    - id: rail
      title: {en: Rail, zh-CN: 电源轨}
      action: multimeter.read
      role: meter
      connect: {meter: TP1}
      with: {function: dc_voltage}
      timeout: 500 ms
      measure: [{name: rail, field: value, low: 3 V, high: 3.6 V}]
  watch: [{measurement: rail, drift: 10 mV}]
"""


class Clock:
    """Time of which waiting takes none; ``each_wait`` is called with the seconds watched so far."""

    def __init__(self) -> None:
        self.skipped_s = 0.0
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self.each_wait: Callable[[float], None] = lambda _: None

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped_s

    def utc(self) -> datetime:
        return self.at

    def wait(self, seconds: float, stop: Cancellation) -> bool:
        self.skipped_s += seconds
        self.at += timedelta(seconds=seconds)
        self.each_wait(self.skipped_s)
        return stop.reason is not None


class Journal:
    """Survives power cuts; ``cut_after`` so many records."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.records: list[Record] = []
        self.cut_after: int | None = None

    def append(self, body: Any) -> int:
        encoded = codec.encode(Record(len(self.records) + 1, self.clock.at, body))
        self.records.append(codec.decode(encoded, Record))
        if self.cut_after is not None and len(self.records) >= self.cut_after:
            raise PowerCut
        return len(self.records)

    def run_records(self, run: str) -> Sequence[Record]:
        return tuple(self.records)

    def steps(self, name: str) -> list[StepFinished]:
        return [one.body for one in self.records if isinstance(one.body, StepFinished) and one.body.step == name]

    def summary(self) -> dict[str, Measurement]:
        return {one.name: one for one in self.steps(SUMMARY)[-1].measurements}


class Operator:
    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        self.asked.append(prompt)
        return Answer(True)


class Bench:
    """What a run needs; the process can be cut and begun again."""

    def __init__(self, rack: Rack, captures: FolderCaptureStore, plan: LoadedPlan) -> None:
        self.rack, self.captures, self.plan = rack, captures, plan
        self.clock = Clock()
        self.journal = Journal(self.clock)
        self.operator = Operator()
        self.runner: Runner | None = None

    def go(self) -> RunFinished:
        self.runner = Runner(self.plan, self.rack, self.journal, self.captures, self.operator, clock=self.clock)
        if self.journal.records:
            return self.runner.resume("r")
        return self.runner.run("r", DEVICE)


@pytest.fixture
def bench(rack: Rack, captures: FolderCaptureStore, plan_of: Callable[..., LoadedPlan]) -> Bench:
    return Bench(rack, captures, plan_of(PLAN))


def test_72_hours_pass_and_the_summary_judges_them(bench: Bench, meter: ScriptedInstrument) -> None:
    assert bench.go().outcome is Outcome.PASSED
    rounds = bench.journal.steps("rail")
    assert [one.attempt for one in rounds] == list(range(1, 146))
    assert [one.elapsed_s for one in rounds] == pytest.approx([1800.0 * n for n in range(145)], abs=30)
    assert not bench.journal.steps(ALARM)
    assert not bench.journal.steps(GAP)
    summary = bench.journal.summary()
    assert summary["soak-elapsed"].value == pytest.approx(72 * H, abs=30)
    assert summary["rail.drift"].verdict is Verdict.PASS
    assert [prompt.connect for prompt in bench.operator.asked] == [{"meter": "TP1"}]


def test_a_slow_drift_raises_one_alarm_and_fails_the_soak(bench: Bench, meter: ScriptedInstrument) -> None:
    bench.clock.each_wait = lambda elapsed_s: setattr(meter, "value", 3.3 + 20e-3 * elapsed_s / (72 * H))
    assert bench.go().outcome is Outcome.FAILED
    alarms = bench.journal.steps(ALARM)
    assert len(alarms) == 1
    assert "drifted" in (alarms[0].detail or "")
    assert "漂移" in (alarms[0].detail or "")
    assert 36 * H <= (alarms[0].elapsed_s or 0) < 40 * H, "half of 20 mV is reached after half the time"
    drift = bench.journal.summary()["rail.drift"]
    assert drift.value == pytest.approx(20e-3, rel=1e-3)
    assert drift.verdict is Verdict.FAIL


def test_dropouts_are_told_once_each_and_counted(bench: Bench, meter: ScriptedInstrument) -> None:
    def each(elapsed_s: float) -> None:
        meter.hung = 10 * H < elapsed_s < 11.6 * H
        meter.value = 2.5 if 20 * H < elapsed_s < 21.6 * H else 3.3
        if elapsed_s > 24 * H and bench.runner is not None:
            bench.runner.abort("seen enough")

    bench.clock.each_wait = each
    assert bench.go().outcome is Outcome.ABORTED
    said = [one.detail or "" for one in bench.journal.steps(ALARM)]
    assert len([one for one in said if "dropped out" in one]) == 1
    assert len([one for one in said if "outside its limits: 2.5 V" in one]) == 1
    assert bench.journal.summary()["soak-dropouts"].value == 1
    assert bench.journal.summary()["soak-out-of-limits"].value == 3
    assert bench.journal.steps(SUMMARY)[0].outcome is Outcome.ABORTED


def test_after_a_power_cut_it_goes_on_with_the_right_time_and_tells_the_gap(bench: Bench) -> None:
    bench.journal.cut_after = 40
    with pytest.raises(PowerCut):
        bench.go()
    before_s = bench.journal.steps("rail")[-1].elapsed_s
    bench.journal.cut_after = None
    bench.clock.at += timedelta(minutes=25)
    assert bench.go().outcome is Outcome.PASSED
    (gap,) = bench.journal.steps(GAP)
    assert gap.measurements[0].value == 1500
    assert gap.elapsed_s == before_s
    assert "25 min" in (gap.detail or "")
    summary = bench.journal.summary()
    assert summary["soak-elapsed"].value == pytest.approx(72 * H, abs=30), "the gap does not count"
    assert summary["soak-longest-gap"].value == 1500
    assert len(bench.operator.asked) == 1, "nobody is asked again after a power cut"
    assert [one.attempt for one in bench.journal.steps("rail")] == list(range(1, 147))


def test_a_long_gap_leaves_it_undecided_and_a_clock_that_went_back_is_told(bench: Bench) -> None:
    for records, jump in ((20, timedelta(hours=5)), (30, timedelta(hours=-5))):
        bench.journal.cut_after = records
        with pytest.raises(PowerCut):
            bench.go()
        bench.clock.at += jump
    bench.journal.cut_after = None
    assert bench.go().outcome is Outcome.UNDECIDED
    first, second = bench.journal.steps(GAP)
    assert first.outcome is Outcome.UNDECIDED
    assert first.measurements[0].value == 5 * H
    assert second.measurements[0].value is None
    assert "clock went back" in (second.measurements[0].reason or "")
    assert [one.outcome for one in bench.journal.steps(ALARM)] == [Outcome.UNDECIDED] * 2


def test_a_device_that_fails_before_it_is_not_monitored(bench: Bench, meter: ScriptedInstrument) -> None:
    meter.value = 0.2
    assert bench.go().outcome is Outcome.FAILED
    assert not bench.journal.steps("rail")


def test_an_alarm_may_end_it(
    rack: Rack, captures: FolderCaptureStore, plan_of: Callable[..., LoadedPlan], meter: ScriptedInstrument
) -> None:
    bench = Bench(rack, captures, plan_of(PLAN.replace("  longest_gap", "  on_alarm: stop\n  longest_gap")))
    bench.clock.each_wait = lambda elapsed_s: setattr(meter, "value", 3.3 if elapsed_s < 5.9 * H else 2.0)
    assert bench.go().outcome is Outcome.FAILED
    summary = bench.journal.summary()
    assert summary["soak-elapsed"].value == pytest.approx(6 * H, abs=30)
    assert summary["soak-elapsed"].verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("every: 30 min", "every: 1 s", "makes 259200 rounds"),
        ("every: 30 min", "every: 80 h", "no longer than duration"),
        ("drift: 10 mV", "drift: 10 mA", "drift is in A, but rail changes by V"),
        ("measurement: rail", "measurement: look", "no measurement 'look' in the soak's steps"),
        ("      timeout: 500 ms", "      retries: 2", "cannot have retries"),
        ("      timeout: 500 ms", "      instruction: {en: x, zh-CN: x}", "cannot have instruction"),
    ],
)
def test_what_cannot_run_unattended_is_refused(
    plan_of: Callable[..., LoadedPlan], old: str, new: str, words: str
) -> None:
    with pytest.raises(PlanError, match=words):
        plan_of(PLAN.replace(old, new))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_state_is_the_same_whoever_reads_the_journal_and_whenever(data: st.DataObject) -> None:
    """A reader that begins anew after each record, as after a crash, ends with the same alarms, none twice."""
    soak = _parsed().plan.soak
    assert soak is not None
    at = datetime(2026, 1, 1, tzinfo=UTC)
    values = data.draw(st.lists(st.sampled_from([3.3, 3.31, 3.4, 2.0, None]), min_size=1, max_size=60))
    journal: list[Record] = []
    live = SoakState(soak)
    for number, value in enumerate(values, start=1):
        if data.draw(st.integers(0, 5)) == 0:
            live = SoakState.of(soak, journal)
        good = value is not None and 3 <= value <= 3.6
        verdict = Verdict.UNDECIDED if value is None else Verdict.PASS if good else Verdict.FAIL
        one = Measurement("rail", value, "V", 1e-3, verdict=verdict)
        outcome = {Verdict.PASS: Outcome.PASSED, Verdict.FAIL: Outcome.FAILED}.get(verdict, Outcome.UNDECIDED)
        body = StepFinished("r", "rail", "soak", number, outcome, 0.0, (one,), elapsed_s=1800.0 * (number - 1))
        journal.append(Record(len(journal) + 1, at, body))
        live.take(body, at)
        for alarm in live.untold():
            told = alarm.record("r", live.told + 1)
            journal.append(Record(len(journal) + 1, at, told))
            live.take(told, at)
    again = SoakState.of(soak, journal)
    assert again == live
    assert again.told == len(again.alarms)
    lost = [value is None for value in values]
    assert again.dropouts == sum(now and not before for before, now in zip([False, *lost], lost, strict=False))


@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=200), st.floats(-1e9, 1e9))
def test_the_running_line_fit_is_that_of_all_values(values: list[float], offset: float) -> None:
    times = 300.0 * np.arange(len(values))
    series = Series()
    for at, value in zip(times, values, strict=True):
        series.add(float(at), value + offset, None)
    found = series.drift(3600.0)
    assert found is not None
    slope = float(np.polyfit(times - times.mean(), np.array(values) + offset - np.mean(values) - offset, 1)[0])
    scale = max(1.0, abs(offset), *(abs(value) for value in values))
    assert found[0] == pytest.approx(slope * 3600.0, abs=1e-9 * scale)
    assert math.isfinite(found[1])


def _parsed() -> LoadedPlan:
    from edge_agent.plans.load import parse_plan

    return parse_plan(PLAN.encode(), "soak.plan.yaml", lambda name: Path(name).read_bytes())


def test_records_of_rounds_carry_their_time_over_the_wire(bench: Bench) -> None:
    bench.journal.cut_after = 12
    with pytest.raises(PowerCut):
        bench.go()
    encoded = json.loads(codec.encode(bench.journal.records[-1]))
    assert encoded["body"]["elapsed_s"] > 0
