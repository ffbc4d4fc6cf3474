"""Whatever the plan and wherever the power is cut, the resumed run ends with the same outcomes, none of them twice."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.plans import events
from edge_agent.plans.captures import CaptureFile
from edge_agent.plans.ending import RunRefused
from edge_agent.plans.load import LoadedPlan, parse_plan
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, Rack
from protocols.messages import codec
from protocols.messages.records import Device, Outcome, Record, RunFinished, RunResumed, StepFinished

WORDS = {"en": "x", "zh-CN": "x"}
DEVICE = Device("M", "1")


class PowerCut(BaseException):
    """The process is gone."""


class Journal:
    """Survives power cuts; ``cut_at`` cuts before (even) or after (odd) record ``cut_at // 2`` is written."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.cut_at: int | None = None
        self.turn = 0

    def append(self, body: Any) -> int:
        if self.cut_at == self.turn:
            raise PowerCut
        self.turn += 1
        encoded = codec.encode(Record(len(self.records) + 1, datetime.now(UTC), body))
        self.records.append(codec.decode(encoded, Record))
        if self.cut_at == self.turn:
            raise PowerCut
        self.turn += 1
        return len(self.records)

    def run_records(self, run: str) -> Sequence[Record]:
        return tuple(self.records)


class NoCaptures:
    def save(self, file: CaptureFile) -> None:
        raise AssertionError("nothing is captured here")


class Device0:
    """Answers each step by what is drawn for it: always right, always wrong, or right from some attempt on."""

    def __init__(self, right_from: dict[str, int | None]) -> None:
        self.right_from = right_from
        self.attempt = 0
        self.abort_at: str | None = None
        self.runner: Runner | None = None

    def watch(self, event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            self.attempt = event.attempt

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        if prompt.step == self.abort_at and self.runner is not None:
            self.runner.abort("enough")
            cancellation.check()
        right = self.right_from[prompt.step]
        return Answer(right is not None and self.attempt >= right)


@st.composite
def plans(draw: st.DrawFn) -> tuple[LoadedPlan, dict[str, int | None]]:
    right_from: dict[str, int | None] = {}

    def step(depth: int) -> dict[str, Any]:
        name = f"s{len(right_from)}"
        retries = draw(st.integers(0, 2))
        right_from[name] = draw(st.sampled_from([1, 1, 1, None, *range(2, retries + 2)]))
        made: dict[str, Any] = {
            "id": name,
            "title": WORDS,
            "action": "prompt",
            "with": {"text": WORDS},
            "retries": retries,
            "redo_on_resume": draw(st.booleans()) and depth == 0,
            "measure": [{"name": f"{name}-m", "field": "answer", "expected": True}],
            "on_fail": draw(st.sampled_from(["continue", "continue", "stop"])),
        }
        if depth < 2 and draw(st.integers(0, 3)) == 0:
            steps = [step(depth + 1) for _ in range(draw(st.integers(1, 2)))]
            made["on_fail"] = {"steps": steps, "then": draw(st.sampled_from(["continue", "stop"]))}
        return made

    data = {
        "plan": "p",
        "version": 1,
        "model": "M",
        "title": WORDS,
        "setup": [step(2) for _ in range(draw(st.integers(0, 2)))],
        "main": [step(0) for _ in range(draw(st.integers(1, 4)))],
        "teardown": [step(2) for _ in range(draw(st.integers(0, 2)))],
    }
    return parse_plan(json.dumps(data).encode(), "p.yaml", lambda _: b""), right_from


def go(journal: Journal, rack: Rack, plan: LoadedPlan, device: Device0) -> bool:
    """Run or resume until the end or the power cut; return whether it ended."""
    runner = Runner(plan, rack, journal, NoCaptures(), device, on_event=device.watch)
    device.runner = runner
    try:
        if journal.records:
            runner.resume("r")
        else:
            runner.run("r", DEVICE)
    except PowerCut:
        return False
    except RunRefused as error:
        assert "no unfinished run" in str(error)
        assert ends(journal), "the run was refused before it ended"
    return True


def finals(journal: Journal) -> dict[str, Outcome]:
    return {one.body.step: one.body.outcome for one in journal.records if isinstance(one.body, StepFinished)}


def ends(journal: Journal) -> list[RunFinished]:
    return [one.body for one in journal.records if isinstance(one.body, RunFinished)]


@settings(max_examples=60, deadline=None)
@given(plans(), st.lists(st.integers(0, 40), min_size=1, max_size=4), st.booleans(), st.data())
def test_a_run_cut_anywhere_ends_like_one_that_was_not(
    drawn: tuple[LoadedPlan, dict[str, int | None]], cuts: list[int], aborts: bool, data: st.DataObject
) -> None:
    plan, right_from = drawn
    abort_at = data.draw(st.sampled_from([step.id for step in plan.plan.main])) if aborts else None
    with Rack({}, opener=lambda *_, **__: (_ for _ in ()).throw(AssertionError)) as rack:
        whole = Journal()
        device = Device0(right_from)
        device.abort_at = abort_at
        assert go(whole, rack, plan, device)

        broken = Journal()
        device = Device0(right_from)
        device.abort_at = abort_at
        for cut in cuts:
            broken.cut_at, broken.turn = cut, 0
            if go(broken, rack, plan, device):
                break
        else:
            broken.cut_at = None
            assert go(broken, rack, plan, device)

    assert finals(broken) == finals(whole)
    assert len(ends(broken)) == 1
    assert ends(broken) == ends(whole)
    assert isinstance(broken.records[-1].body, RunFinished)
    redone = {step.id for group, _, step in plan.plan.steps() if group == "setup" or step.redo_on_resume}
    bodies = [record.body for record in broken.records]
    for step in finals(whole):
        attempts = [body.attempt for body in bodies if isinstance(body, StepFinished) and body.step == step]
        assert attempts == list(range(1, len(attempts) + 1))
        if step not in redone:
            wanted = sum(isinstance(one.body, StepFinished) and one.body.step == step for one in whole.records)
            assert len(attempts) == wanted, f"{step} was done again although its outcome was journalled"
    resumed = sum(isinstance(body, RunResumed) for body in bodies)
    assert resumed <= len(cuts)
