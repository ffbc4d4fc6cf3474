"""What the demonstration claims at its end is what it looked at."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from benchwright.demo.story import awaited, captures_behind_failure, repaired
from drivers.simulated.products import known_product
from edge_agent.local_api.views import RunState
from protocols.messages.records import CaptureTaken, Device, Outcome, PlanReference, StepFinished


def test_the_capture_behind_a_failure_is_of_the_step_that_failed():
    outcomes = {"boot-log": Outcome.PASSED, "ripple": Outcome.FAILED, "flash": Outcome.SKIPPED}
    steps = tuple(StepFinished("r1", step, "main", 1, out, 1.0, (), {"en": step}) for step, out in outcomes.items())
    captures = tuple(CaptureTaken("r1", step, f"{step}-1.sr", "0" * 64, 9, "application/zip") for step in outcomes)
    plan = PlanReference("rails", 1, "0" * 64)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = RunState("r1", "finished", plan, Device("SP-100", "1"), at, steps=steps, captures=captures)
    assert [one.name for one in captures_behind_failure(run)] == ["ripple-1.sr"]


@pytest.mark.parametrize(("looks", "limit_s", "held"), [([False, False, True], 60.0, True), ([False] * 9, 0.0, False)])
def test_what_the_demonstration_waits_for_is_told(looks, limit_s, held):
    screen, left = StringIO(), iter(looks)
    console = Console(file=screen, force_terminal=True, width=80)
    assert awaited(console, "waiting for the hub …", lambda: next(left), limit_s) is held
    assert "waiting for" in screen.getvalue()


def test_what_was_repaired_is_told_in_words_of_both_languages():
    plug = known_product("plug")
    fault = plug.faults["dried_capacitor"]
    assert repaired(plug, "dried_capacitor", "en") == f"{fault.part} is mended: {fault.title['en']}"
    assert repaired(plug, "dried_capacitor", "zh-CN") == f"已修复 {fault.part}：{fault.title['zh-CN']}"
    assert repaired(plug, "of_another_plan", "en") == "of_another_plan"
