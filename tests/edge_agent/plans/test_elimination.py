"""D3, D8: the next step tells most for its cost, questions carry pictures, finished runs extend what is known."""

import json
import math
from functools import partial
from pathlib import Path

import msgspec
import pytest
import yaml
from command_line import called
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.fault_learning import KnownRun, as_yaml, causes_of_tickets, learn, runs_of
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.diagnosis import FaultDictionary, Sign, diagnose, posterior
from edge_agent.plans.elimination import cost_s, ordered, proposals, worths
from edge_agent.plans.flow import Progress
from edge_agent.plans.load import LoadedPlan, PlanError, find_plan, load_plan, parse_plan
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, Rack
from edge_agent.spool import Spool
from protocols.messages import codec
from protocols.messages.records import (
    Device,
    Limits,
    Measurement,
    Outcome,
    Record,
    StepFinished,
    TicketEvent,
    Verdict,
)


def functional() -> LoadedPlan:
    return load_plan(find_plan("sp100-functional"))


def dictionary(plan: LoadedPlan) -> FaultDictionary:
    assert plan.faults is not None
    return plan.faults


def came_out(name: str, sign: Sign) -> Measurement:
    verdict = {Sign.PASS: Verdict.PASS, Sign.NONE: Verdict.UNDECIDED}.get(sign, Verdict.FAIL)
    if sign is Sign.WRONG:
        return Measurement(name, True, expected=False, verdict=verdict)
    value = {Sign.HIGH: 3.0, Sign.LOW: 0.0, Sign.NONE: None}.get(sign, 1.5)
    return Measurement(name, value, "V", 0.01, Limits(1.0, 2.0), verdict=verdict, reason="no signal")


def test_the_first_choice_after_a_failure_separates_the_likely_causes() -> None:
    """High current alone leaves the leaky regulator and the weak ones: the rail tells them apart, not the crystal."""
    plan = functional()
    found = worths(dictionary(plan), plan.plan.main, [came_out("supply-current", Sign.HIGH)])
    assert found[0].bits > 0.1
    rail = next(one for one in found if one.step.id == "rail-3v3")
    assert {cause.cause for cause in rail.between} >= {"leaky_ldo"}
    assert set(rail.words()) == {"en", "zh-CN"}
    assert "区分" in rail.words()["zh-CN"]
    assert found == sorted(found, key=lambda one: -one.rate)


def test_nothing_is_worth_measuring_while_nothing_failed() -> None:
    plan = functional()
    assert worths(dictionary(plan), plan.plan.main, [came_out("rail-3v3", Sign.PASS)]) == []


def test_cost_counts_what_a_person_has_to_do() -> None:
    steps = {step.id: step for step in functional().plan.main}
    assert cost_s(steps["current"]) < cost_s(steps["rail-3v3"]) < cost_s(steps["ripple"])
    assert cost_s(steps["rail-3v3"], {"meter": "TP_3V3"}) == cost_s(steps["current"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_information_is_never_negative_nor_more_than_there_is_to_know(data: st.DataObject) -> None:
    plan = functional()
    faults = dictionary(plan)
    names = ["supply-current", "rail-3v3", "ripple-5v", "boot-loop", "sensor-sda", "relay-level"]
    signs = {name: data.draw(st.sampled_from([Sign.PASS, Sign.NONE, Sign.LOW, Sign.HIGH])) for name in names[:4]}
    measured = [came_out(name, sign) for name, sign in signs.items()]
    shares = posterior(faults, signs)
    assert math.fsum(shares.values()) == pytest.approx(1.0)
    entropy = -sum(share * math.log2(share) for share in shares.values() if share > 0)
    for one in worths(faults, plan.plan.main, measured):
        assert 0 <= one.bits <= entropy + 1e-9


def test_proposals_after_a_run_and_the_order_within_one_are_the_same_figures() -> None:
    """A measurement that a step takes is worth what its step is; another plan's has no step."""
    plan = functional()
    failed = [came_out("supply-current", Sign.HIGH)]
    steps = {one.step.id: one for one in worths(dictionary(plan), plan.plan.main, failed)}
    found = proposals(dictionary(plan), plan.plan.main, failed, limit=99)
    alone = [one for one in found if one.step is not None and sum(spec.judged for spec in one.step.measure) == 1]
    assert alone
    for one in alone:
        assert one.step is not None
        worth = steps[one.step.id]
        assert (one.bits, one.cost_s, one.between) == (worth.bits, worth.cost_s, worth.between)
    assert all(one.step is None for one in proposals(dictionary(plan), (), failed, limit=99))


def test_the_order_is_a_function_of_the_journal_and_ends_when_it_is_settled() -> None:
    plan = load_plan(find_plan("sp100-diagnose"))
    faults = dictionary(plan)

    def finished(step: str, *measurements: Measurement) -> StepFinished:
        return StepFinished("r", step, "main", 1, Outcome.FAILED, 0.0, measurements)

    listed = [step.id for step in plan.plan.main]
    assert [step.id for step in ordered(plan.plan, faults, Progress({}))] == listed
    progress = Progress.of([finished("short"), finished("current", came_out("supply-current", Sign.HIGH))])
    order = [step.id for step in ordered(plan.plan, faults, progress)]
    assert order[:2] == ["short", "current"]
    assert order[2:] != listed[2:]
    certain = [came_out(name, Sign.HIGH) for name in ("heat-u2", "hot-spots")]
    certain += [came_out("rail-3v3", Sign.LOW), *(came_out(n, Sign.PASS) for n in ("ripple-5v", "dropouts"))]
    progress = progress.with_record(finished("heat", *certain))
    assert [step.id for step in ordered(plan.plan, faults, progress)] == ["short", "current", "heat"]


class Customer:
    """Answers the questions about a lamp that is dark and does not answer."""

    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        self.asked.append(prompt)
        return Answer(prompt.step == "dark")


def test_guided_questions_with_pictures_lead_to_a_suspect(tmp_path: Path) -> None:
    """D3: ask and observe; after the first unusual answer the next question is the one that tells most."""
    customer = Customer()
    with Rack({}) as rack, Spool(tmp_path / "spool.sqlite") as spool:
        plan = load_plan(find_plan("lm200-ask"))
        runner = Runner(plan, rack, spool, FolderCaptureStore(tmp_path / "captures"), customer)
        finished = runner.run("r1", Device("LM-200", "1"))
        bodies = [codec.decode(one.encoded, Record).body for one in spool.pending(500, 10_000_000)]
    asked = [prompt.step for prompt in customer.asked]
    assert asked[:2] == ["dark", "answers"], "who is dark is asked whether it answers, not whether it flickers"
    assert "flicker" not in asked
    first = customer.asked[0]
    assert first.picture == "lm200-dark.png"
    assert first.picture_data == plan.files["lm200-dark.png"]
    assert first.picture_data.startswith(b"\x89PNG")
    assert finished.suspects[0].cause in ("corrupted_firmware", "shorted_load")
    chosen = next(body for body in bodies if isinstance(body, StepFinished) and body.step == "answers")
    assert "chosen to tell" in (chosen.detail or "")


def test_a_picture_is_part_of_the_plan_and_must_be_small() -> None:
    path = find_plan("lm200-ask")

    def read(name: str) -> bytes:
        return (path.parent / name).read_bytes()

    before = parse_plan(path.read_bytes(), path.name, read).sha256
    other = parse_plan(path.read_bytes(), path.name, lambda n: read(n) + (b"\n" if n == "lm200-dim.png" else b""))
    assert other.sha256 != before
    with pytest.raises(PlanError, match=r"lm200-full.png has more than 131072 bytes"):
        parse_plan(path.read_bytes(), path.name, lambda n: read(n) + b" " * (140_000 if n == "lm200-full.png" else 0))
    with pytest.raises(PlanError, match=r"'lm200-dark.svg' is neither .png nor .jpg"):
        parse_plan(
            path.read_bytes().replace(b"dark.png", b"dark.svg"), path.name, lambda n: read(n.replace("svg", "png"))
        )


def run_of(run: str, serial: str, **signs: Sign) -> KnownRun:
    named = {name.replace("_", "-"): came_out(name.replace("_", "-"), sign) for name, sign in signs.items()}
    return KnownRun(run, "sp100-functional", serial, None, named, finished=True)


def test_runs_with_a_known_cause_change_what_is_suspected() -> None:
    """A cause fails in a way that its signature does not name; after some such runs it is suspected for it."""
    faults = dictionary(functional())
    odd = [came_out("supply-current", Sign.LOW), came_out("crystal-error", Sign.NONE)]
    before = [one.cause for one in diagnose(faults, odd)]
    runs = [run_of(f"r{n}", "S1", supply_current=Sign.LOW, crystal_error=Sign.NONE) for n in range(6)]
    lesson = learn(faults, runs, {"S1": "weak_relay_drive"})
    assert lesson.runs == {"weak_relay_drive": 6}
    after = posterior(lesson.dictionary, {"supply-current": Sign.LOW, "crystal-error": Sign.NONE})
    assert max(after, key=lambda name: after[name]) == "weak_relay_drive"
    assert "weak_relay_drive" not in before


def test_a_new_cause_gets_a_signature_and_asks_for_words() -> None:
    faults = dictionary(functional())
    runs = [run_of("r1", "S1", relay_level=Sign.NONE, rail_3v3=Sign.PASS), run_of("r2", "S1", rail_3v3=Sign.PASS)]
    lesson = learn(faults, runs, {"S1": "welded_relay"})
    assert lesson.new == ("welded_relay",)
    assert lesson.runs == {"welded_relay": 1}, "a retest in which nothing failed teaches nothing"
    cause = lesson.dictionary.causes[-1]
    assert cause.signature == {"relay-level": Sign.NONE}
    again = msgspec.convert(yaml.safe_load(as_yaml(lesson.dictionary)), FaultDictionary)
    assert again == lesson.dictionary


def test_the_technicians_finding_is_the_cause() -> None:
    events = [
        TicketEvent("T-1", "finding", details={"root_cause": "leaky_ldo"}),
        TicketEvent("T-1", "repaired", details={"root_cause": "cold_joint"}),
        TicketEvent("T-2", "taken"),
    ]
    assert causes_of_tickets(events) == {"T-1": "cold_joint"}
    assert runs_of(events, "any") == []


def test_next_and_learn_faults_from_the_command_line(tmp_path: Path) -> None:
    with Rack({}) as rack, Spool(tmp_path / "journal.sqlite") as spool:
        plan = load_plan(find_plan("lm200-ask"))
        Runner(plan, rack, spool, FolderCaptureStore(tmp_path / "captures"), Customer()).run(
            "r1", Device("LM-200", "L7")
        )

    command = partial(called, "plan")

    said = json.loads(command("next", "lm200-ask", "--runs", str(tmp_path), "--json").stdout)
    assert said["suspects"][0]["cause"] in ("corrupted_firmware", "shorted_load")
    assert "固件损坏" in command("next", "lm200-ask", "--runs", str(tmp_path), "--language", "zh-CN").stdout
    new = tmp_path / "new.yaml"
    done = command(
        "learn-faults", "lm200-ask", "--runs", str(tmp_path), "--cause", "L7=loose_plug", "--output", str(new)
    )
    assert done.returncode == 0, done.stderr
    assert "loose_plug: 1 run (new: give it words)" in done.stderr
    assert "loose_plug" in new.read_text()
    nothing = command("learn-faults", "lm200-ask", "--runs", str(tmp_path))
    assert (nothing.returncode, "no failing run has a known cause" in nothing.stderr) == (2, True)
