"""What the demonstration claims at its end is what it looked at."""

from datetime import UTC, datetime

from benchwright.demo.story import captures_behind_failure
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
