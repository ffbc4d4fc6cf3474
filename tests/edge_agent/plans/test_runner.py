"""A run on a real driver and a durable spool: outcomes, deadlines, retries, branches, prompts, abort."""

import ast
import threading
import time
from pathlib import Path

import plan_texts
import pytest
from lateness import Lateness
from plan_bench import DEVICE, Bench, Make, Yes
from plan_texts import plan, read, wait
from scripted_instrument import ScriptedInstrument

from edge_agent.analysis import registry
from edge_agent.plans import events
from edge_agent.plans.attempt import IMPORTED_LATE, StepContext, attempt
from edge_agent.plans.clock import SystemClock
from edge_agent.plans.ending import RunRefused
from edge_agent.plans.prompts import Answer, Prompt, PromptDesk, PromptUnanswered
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, LeaseRefused, Rack
from protocols.messages.reasons import reason_in
from protocols.messages.records import (
    Device,
    Outcome,
    StepFinished,
    Verdict,
)


def test_a_passing_run_journals_every_number_with_unit_uncertainty_limits_and_rule(bench: Bench, plan_of: Make) -> None:
    finished = bench.run(plan_of(plan(setup=wait("w"), main=read("a"), teardown=wait("t"))))
    assert finished.outcome is Outcome.PASSED
    assert [type(body).__name__ for body in bench.bodies] == [
        "RunStarted",
        "StepFinished",
        "StepFinished",
        "StepFinished",
        "RunFinished",
    ]
    assert [step.group for step in bench.steps] == ["setup", "main", "teardown"]
    measured = bench.measurement("a-value")
    assert measured.value == pytest.approx(3.3)
    assert measured.unit == "V"
    # 34461A data sheet, 10 V range, 1 year: 0.0035 % of reading + 0.0005 % of range, rectangular.
    assert measured.standard_uncertainty == pytest.approx((3.3 * 3.5e-5 + 10 * 5e-6) / 3**0.5, rel=0.01)
    assert measured.limits is not None
    assert (measured.limits.low, measured.limits.high) == (3.2, 3.4)
    assert (measured.verdict, measured.instrument) == (Verdict.PASS, "meter")
    (told,) = (one for one in bench.events if isinstance(one, events.StepProgress))
    assert told.newest == (measured,), "the only reading is the result, and is told as it is taken"


def test_each_outcome_is_durable_before_the_next_step_begins(bench: Bench, plan_of: Make) -> None:
    seen: list[int] = []

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            seen.append(sum(isinstance(one.body, StepFinished) for one in bench.spool.run_records("r1")))

    runner = Runner(
        plan_of(plan(main=read("a") + read("b") + read("c"))),
        bench.rack,
        bench.spool,
        bench.captures,
        Yes(),
        on_event=on_event,
    )
    runner.run("r1", DEVICE)
    assert seen == [0, 1, 2]


def test_a_value_outside_its_limits_fails_the_step_and_the_run(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    meter.value = 2.9
    assert bench.run(plan_of(plan(main=read("a") + read("b", low="2 V")))).outcome is Outcome.FAILED
    assert bench.outcomes == [("a", "failed"), ("b", "passed")]


def test_the_guard_band_rule_leaves_a_value_near_the_limit_undecided(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    meter.value = 3.3
    text = plan(main=read("a", low="3.29999 V")).replace("high: 3.4 V", "high: 3.4 V, rule: guard_band")
    assert bench.run(plan_of(text)).outcome is Outcome.UNDECIDED
    assert "closer to a limit" in (bench.measurement("a-value").reason or "")


def test_an_overload_has_no_value_but_a_reason_and_never_passes(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    meter.value = 9.9e37
    assert bench.run(plan_of(plan(main=read("a", high="1000 V")))).outcome is Outcome.UNDECIDED
    measured = bench.measurement("a-value")
    assert measured.value is None
    assert "overload" in (measured.reason or "")
    assert measured.verdict is Verdict.UNDECIDED


def test_a_hung_instrument_ends_its_step_in_time_and_no_measurement_is_missing(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    meter.hung = True
    started = time.monotonic()
    with Lateness() as late:
        finished = bench.run(plan_of(plan(main=read("a", extra="timeout: 0.5 s\n"), teardown=wait("t"))))
    assert finished.outcome is Outcome.TIMEOUT
    assert bench.outcomes[:2] == [("a", "timeout"), ("t", "passed")]
    assert 0.5 <= bench.steps[0].duration_s < 0.6 + late.s
    measured = bench.measurement("a-value")
    assert measured.value is None
    assert "0.5 s" in (measured.reason or "")
    assert time.monotonic() - started < 20


def test_teardown_never_overlaps_a_step_that_timed_out(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    meter.delay_s = 0.05
    many = read("a", extra="timeout: 0.5 s\n").replace("dc_voltage}", "dc_voltage, readings: 1000}")
    teardown = read("t").replace("dc_voltage", "resistance").replace("low: 3.2 V, high: 3.4 V", "low: 1 Ohm")
    ended: list[float] = []

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.StepEnded):
            ended.append(time.monotonic())

    loaded = plan_of(plan(main=many, teardown=teardown))
    Runner(loaded, bench.rack, bench, bench.captures, Yes(), on_event=on_event).run("r1", DEVICE)
    assert bench.outcomes == [("a", "timeout"), ("t", "passed")]
    lines = [heard.text for heard in meter.heard]
    resistance = next(index for index, line in enumerate(lines) if line.startswith("CONF:RES"))
    assert not any(line.startswith("CONF:VOLT") for line in lines[resistance:])
    assert lines[:resistance].count("READ?") > 3
    assert lines[resistance:].count("READ?") == 1


def test_retries_are_journalled_attempt_by_attempt(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    meter.value = 1.0

    def mend(event: events.Event) -> None:
        if isinstance(event, events.StepEnded) and event.record.attempt == 2:
            meter.value = 3.3

    loaded = plan_of(plan(main=read("a", extra="retries: 3\n")))
    finished = Runner(loaded, bench.rack, bench, bench.captures, Yes(), on_event=mend).run("r1", DEVICE)
    assert finished.outcome is Outcome.PASSED
    assert [(step.attempt, step.outcome.value) for step in bench.steps] == [(1, "failed"), (2, "failed"), (3, "passed")]


def test_a_failure_can_branch_and_stop(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    meter.value = 1.0
    branch = "on_fail:\n  then: stop\n  steps:\n" + "".join(f"  {line}\n" for line in wait("look").splitlines())
    bench.run(plan_of(plan(main=read("a", extra=branch) + read("b"), teardown=wait("t"))))
    assert bench.outcomes == [("a", "failed"), ("look", "passed"), ("t", "passed")]
    counted = [(one.step, one.index, one.total) for one in bench.events if isinstance(one, events.StepStarted)]
    assert counted == [("a", 1, 3), ("look", 2, 4), ("t", 4, 4)], "a branch counts once it is taken"


def test_a_failing_setup_goes_straight_to_teardown(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    meter.value = 1.0
    bench.run(plan_of(plan(setup=read("s") + wait("s2"), main=read("a"), teardown=wait("t"))))
    assert bench.outcomes == [("s", "failed"), ("t", "passed")]


FAULTS = """\
model: SP-100
causes:
- cause: low-rail
  title: {en: Low rail, zh-CN: 电压低}
  remedy: {en: Replace U2, zh-CN: 更换 U2}
  signature: {a-value: low}
- cause: high-rail
  title: {en: High rail, zh-CN: 电压高}
  remedy: {en: Replace U1, zh-CN: 更换 U1}
  signature: {a-value: high}
"""


def test_a_diagnosis_can_drive_what_is_done_next(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    meter.value = 2.5
    main = (
        read("a")
        + wait("if-low", extra="only_if: {suspect: low-rail}\n")
        + wait("if-high", extra="only_if: {suspect: high-rail}\n")
        + wait("if-a", extra="only_if: {failed: a-value}\n")
    )
    finished = bench.run(plan_of(plan(main=main, head=plan_texts.HEAD + "faults: f.yaml\n"), f_yaml=FAULTS))
    assert bench.outcomes == [("a", "failed"), ("if-low", "passed"), ("if-high", "skipped"), ("if-a", "passed")]
    (skipped,) = [one.detail or "" for one in bench.steps if one.outcome is Outcome.SKIPPED]
    assert reason_in("en", skipped) == "only needed when this is suspected first: High rail"
    assert reason_in("zh-CN", skipped) == "仅在首先怀疑以下原因时需要：电压高"
    assert [suspect.cause for suspect in finished.suspects] == ["low-rail"]
    assert finished.suspects[0].title["zh-CN"] == "电压低"
    assert "a-value is 2.5 V, below its limit of 3.2 V" in finished.suspects[0].evidence[0]["en"]


def test_connections_are_asked_for_once_in_both_languages(bench: Bench, plan_of: Make) -> None:
    main = (
        read("a", extra="connect: {meter: TP_3V3}\n")
        + read("b", extra="connect: {meter: TP_3V3}\n")
        + read("c", extra="connect: {meter: TP_5V}\n")
    )
    assert bench.run(plan_of(plan(main=main))).outcome is Outcome.PASSED
    assert [prompt.connect for prompt in bench.operator.asked] == [{"meter": "TP_3V3"}, {"meter": "TP_5V"}]
    assert bench.operator.asked[0].text == {
        "en": "Connect bench meter to TP_3V3 (3.3 V rail).",
        "zh-CN": "将台式万用表连接到 TP_3V3（3.3 V 电源）。",
    }


def test_an_answer_is_a_measurement(bench: Bench, plan_of: Make) -> None:
    ask = (
        "- id: led\n  title: {en: LED, zh-CN: 指示灯}\n  action: prompt\n"
        "  with: {kind: choice, text: {en: 'Colour?', zh-CN: 颜色},\n"
        "    choices: {red: {en: red, zh-CN: 红}, blue: {en: blue, zh-CN: 蓝}}}\n"
        "  measure: [{name: colour, field: answer, expected: blue}]\n"
    )
    bench.operator.answers["led"] = Answer("red")
    assert bench.run(plan_of(plan(main=ask))).outcome is Outcome.FAILED
    assert bench.measurement("colour").value == "red"
    bench.operator.answers["led"] = Answer("green")
    assert bench.run(plan_of(plan(main=ask)), "r2").outcome is Outcome.ERROR
    assert "give one of red, blue" in (bench.steps[-1].detail or "")


def test_skipping_needs_the_plans_leave_and_a_reason_and_never_looks_like_a_pass(bench: Bench, plan_of: Make) -> None:
    loaded = plan_of(plan(main=read("a", extra="skippable: true\n") + read("b")))
    runner = bench.runner(loaded)
    with pytest.raises(ValueError, match="does not allow"):
        runner.request_skip("b", "no time")
    with pytest.raises(ValueError, match="reason"):
        runner.request_skip("a", " ")
    runner.request_skip("a", "probe is broken")
    assert runner.run("r1", DEVICE).outcome is Outcome.UNDECIDED
    assert bench.outcomes == [("a", "skipped"), ("b", "passed")]
    assert bench.steps[0].detail == "skipped by the operator: probe is broken"
    assert bench.measurement("a-value").value is None


def test_abort_ends_the_step_at_once_and_teardown_follows(
    bench: Bench, plan_of: Make, meter: ScriptedInstrument
) -> None:
    meter.hung = True
    runner = bench.runner(plan_of(plan(main=read("a", extra="timeout: 30 s\n") + read("b"), teardown=wait("t"))))
    threading.Timer(0.3, runner.abort, ("aborted by Li Wei",)).start()
    started = time.monotonic()
    with Lateness() as late:
        assert runner.run("r1", DEVICE).outcome is Outcome.ABORTED
    assert bench.outcomes[:2] == [("a", "aborted"), ("t", "passed")]
    assert bench.steps[0].duration_s < 0.6 + late.s
    assert bench.steps[0].detail == "aborted by Li Wei"
    assert time.monotonic() - started < 15


def test_an_abort_while_the_operator_is_asked_ends_the_question(bench: Bench, plan_of: Make) -> None:
    desk = PromptDesk()
    bench.operator = desk
    runner = bench.runner(plan_of(plan(main=read("a", extra="connect: {meter: TP_5V}\n"))))
    threading.Timer(0.2, runner.abort, ("enough",)).start()
    assert runner.run("r1", DEVICE).outcome is Outcome.ABORTED
    assert desk.pending is None


def test_the_prompt_desk_takes_fitting_answers_only(bench: Bench, plan_of: Make) -> None:
    refused: list[str] = []

    def answer(prompt: Prompt) -> None:
        for wrong in (("other", Answer(True)), (prompt.id, Answer("maybe")), (prompt.id, Answer(skip_reason="x"))):
            try:
                desk.answer(*wrong)
            except ValueError as error:
                refused.append(str(error))
        threading.Thread(target=desk.answer, args=(prompt.id, Answer(True))).start()

    desk = PromptDesk(on_prompt=answer)
    bench.operator = desk
    assert bench.run(plan_of(plan(main=read("a", extra="connect: {meter: TP_5V}\n")))).outcome is Outcome.PASSED
    assert len(refused) == 3


def test_nobody_answering_is_a_timeout(bench: Bench, plan_of: Make) -> None:
    class Absent:
        def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
            raise PromptUnanswered("nobody answered within 1 s")

    bench.operator = Absent()
    bench.run(plan_of(plan(main=read("a", extra="connect: {meter: TP_5V}\n"))))
    assert bench.outcomes == [("a", "timeout")]


def test_two_actions_beside_each_other_end_together(bench: Bench, plan_of: Make, meter: ScriptedInstrument) -> None:
    beside = "{action: multimeter.read, role: meter, with: {function: dc_voltage}}"
    slow = wait("w", "300 ms", extra=f"meanwhile: {beside}\n")
    assert bench.run(plan_of(plan(main=slow))).outcome is Outcome.PASSED
    assert "READ?" in meter.lines()
    meter.hung = True
    stuck = slow.replace("id: w", "id: w\n    timeout: 0.5 s".replace("    ", "  "))
    with Lateness() as late:
        assert bench.run(plan_of(plan(main=stuck)), "r2").outcome is Outcome.TIMEOUT
    assert bench.steps[-1].duration_s < 0.7 + late.s


def test_what_is_done_beside_a_step_waits_until_its_instrument_is_at_work(
    rack: Rack, plan_of: Make, tmp_path: Path
) -> None:
    """D2: a console that listened late would miss the boot log that the switching beside it brings about."""
    beside = "{action: prompt, with: {text: {en: Switch it on, zh-CN: 接通}}}"
    step = plan_of(plan(main=read("a", extra=f"meanwhile: {beside}\n"))).plan.main[0]
    asked, go_on, ended = threading.Event(), threading.Event(), []

    def ask(_prompt: Prompt, _seconds: float) -> Answer:
        asked.set()
        return Answer(True)

    with rack.leased(["meter"], "test") as leases:
        busy = rack.submit("meter", leases["meter"], lambda _: go_on.wait(20), 30)
        stop = Cancellation()
        context = StepContext(
            rack,
            leases,
            "meter",
            kind="multimeter",
            cancellation=stop,
            deadline=time.monotonic() + 30,
            timeout_s=30,
            files={},
            workspace=tmp_path,
            memory=tmp_path,
            device="",
            clock=SystemClock(),
            on_progress=lambda *_: None,
            ask=ask,
        )
        thread = threading.Thread(target=lambda: ended.append(attempt(step, context, stop)))
        thread.start()
        assert not asked.wait(0.2)
        go_on.set()
        assert busy.result()
        thread.join(30)
        assert asked.is_set()
    assert [one.trouble for one in ended] == [None]


def test_no_step_spends_its_time_on_what_an_analysis_imports_when_it_first_runs() -> None:
    def late(source: Path) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "scipy":
                found |= {f"scipy.{one.name}" for one in node.names} if node.module == "scipy" else {str(node.module)}
        return found

    analyses = Path(registry.__file__).parent
    assert set(IMPORTED_LATE) == set().union(*map(late, analyses.glob("*.py")))


def test_the_instruments_belong_to_the_run(bench: Bench, plan_of: Make) -> None:
    loaded = plan_of(plan(main=read("a")))
    with bench.rack.leased(["meter"], "manual control"), pytest.raises(LeaseRefused, match="manual control"):
        bench.run(loaded)
    assert bench.bodies == []
    bench.run(loaded)
    assert bench.rack.holder("meter") is None


def test_a_plan_for_another_model_or_bench_is_refused(bench: Bench, plan_of: Make) -> None:
    with pytest.raises(RunRefused, match="for SP-100, not for SP-200"):
        bench.runner(plan_of(plan(main=read("a")))).run("r1", Device("SP-200", "1"))
    head = plan_texts.HEAD.replace("  meter:", "  scope:")
    with pytest.raises(RunRefused, match="needs scope, which this bench does not have"):
        bench.run(plan_of(plan(main=wait("a"), head=head)))
