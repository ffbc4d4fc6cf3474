"""A run as its events change it, and what is read from it. Pure functions on the local API's ``RunState``."""

from collections.abc import Iterator

from msgspec.structs import replace

from edge_agent.local_api import events
from edge_agent.local_api.views import PlanOutline, PlanStep, RunState
from protocols.messages.records import SOAK_ALARM, Measurement, Outcome, StepFinished, Verdict


def after(state: RunState | None, event: events.AnyEvent) -> RunState | None:  # noqa: PLR0911 - one a kind of event
    """Return the run after ``event``; ``None`` when it is about a run of which this one knows nothing."""
    run = event.record.run if isinstance(event, events.StepEnded | events.CaptureSaved) else getattr(event, "run", None)
    if state is None or run != state.run:
        return None
    match event:
        case events.StepBegan():
            return replace(state, step=event.step, status="running")
        case events.StepProgressed():
            if state.step is None or state.step.step != event.step:
                return state
            step = replace(state.step, fraction=event.fraction, text=event.text, newest=event.newest)
            return replace(state, step=step)
        case events.StepEnded():
            if event.record in state.steps:  # told twice: in the state and as an event
                return state
            return replace(state, steps=(*state.steps, event.record), step=None, prompt=None, status="running")
        case events.RunPaused():
            return replace(state, paused=event.paused)
        case events.CaptureSaved():
            if event.record in state.captures:
                return state
            return replace(state, captures=(*state.captures, event.record))
        case events.PromptWanted():
            return replace(state, prompt=event.prompt, status="asking")
        case events.PromptSettled():
            if state.prompt is None or state.prompt.id != event.prompt:
                return state
            return replace(state, prompt=None, status="running")
        case _:
            return state


def last_attempts(state: RunState) -> dict[str, StepFinished]:
    """Return the newest record of each step, by its id."""
    return {record.step: record for record in state.steps}


def failing(state: RunState) -> Iterator[tuple[StepFinished, Measurement]]:
    """Yield the measurements that are out of their limits or undecided, each in its last attempt."""
    for record in last_attempts(state).values():
        for measurement in record.measurements:
            if measurement.verdict in {Verdict.FAIL, Verdict.UNDECIDED}:
                yield record, measurement


def unsuccessful(state: RunState) -> Iterator[StepFinished]:
    """Yield the steps that ended without a result to judge (error, timeout …), each in its last attempt."""
    for record in last_attempts(state).values():
        if record.outcome in {Outcome.ERROR, Outcome.TIMEOUT, Outcome.ABORTED}:
            yield record


def skipped(state: RunState) -> Iterator[StepFinished]:
    """Yield the steps that were not done."""
    for record in last_attempts(state).values():
        if record.outcome is Outcome.SKIPPED:
            yield record


def listed_steps(state: RunState, outline: PlanOutline | None) -> tuple[PlanStep, ...]:
    """Return the steps to show: the plan's, without branches that were not taken; what ran, when the plan is another.

    What the run notes down beside its plan (alarms of a monitoring, interruptions) comes first: that is news.
    ``outline`` counts only when it is of the very plan (by its hash) that the run follows.
    """
    done = last_attempts(state)
    present = None if state.step is None else state.step.step
    if outline is not None and outline.reference == state.plan:
        planned = {step.step for step in outline.steps}
        beside = [record for record in done.values() if record.step not in planned]
        return (
            *(PlanStep(record.step, record.group, record.title) for record in beside),
            *(
                step
                for step in outline.steps
                if step.step in done
                or step.step == present
                or not (step.branch or step.conditional or _ended_of_itself(state))
            ),
        )
    steps = [PlanStep(record.step, record.group, record.title) for record in done.values()]
    if state.step is not None and state.step.step not in done:
        steps.append(PlanStep(state.step.step, state.step.group, state.step.title))
    return tuple(steps)


def _ended_of_itself(state: RunState) -> bool:
    """Return whether nothing is left to be done or to be missed; an aborted run shows what was not done."""
    return state.status == "finished" and state.outcome is not Outcome.ABORTED


def alarms(state: RunState) -> tuple[StepFinished, ...]:
    """Return the alarms of a stability monitoring (D7), the newest first."""
    return tuple(record for record in reversed(state.steps) if record.step == SOAK_ALARM)


def skippable_ahead(state: RunState, outline: PlanOutline | None) -> tuple[PlanStep, ...]:
    """Return the steps that have not begun and that the plan lets the operator skip."""
    done = last_attempts(state)
    present = None if state.step is None else state.step.step
    return tuple(
        step
        for step in listed_steps(state, outline)
        if step.skippable and step.step not in done and step.step != present
    )
