"""Which step comes next, and how a run ends: pure functions of the plan and the outcomes journalled so far.

A run that resumes after a crash asks the same question with the same journal, and so goes on at the right step.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from edge_agent.plans.model import Plan, Step
from protocols.messages.records import Body, Measurement, Outcome, StepFinished, Verdict

FAILING = frozenset({Outcome.FAILED, Outcome.UNDECIDED, Outcome.ERROR, Outcome.TIMEOUT})
"""Outcomes after which a step may be tried again, and its ``on_fail`` applies."""
_FAULTY = FAILING - {Outcome.UNDECIDED}
_SEVERITY = (Outcome.ABORTED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.FAILED, Outcome.UNDECIDED)


@dataclass(frozen=True, slots=True)
class Next:
    """A step to do now: ``attempt`` counts from 1."""

    group: str
    step: Step
    attempt: int


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The soak is to be done (or gone on with) now."""

    group: ClassVar[str] = "soak"


SOAK_SUMMARY = "soak-summary"
"""The step under which a soak journals how it ended."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the journal says of each step: its attempts so far, the last one last."""

    attempts: Mapping[str, tuple[StepFinished, ...]]

    @classmethod
    def of(cls, records: Iterable[Body]) -> "Progress":
        """Collect the outcomes of one run's records."""
        progress = cls({})
        for record in records:
            if isinstance(record, StepFinished):
                progress = progress.with_record(record)
        return progress

    def with_record(self, record: StepFinished) -> "Progress":
        """Add one outcome. Of a soak's many rounds the last is kept, or the last that failed; the summary judges."""
        before = self.attempts.get(record.step, ())
        if record.group == Monitoring.group:
            if before and before[-1].outcome in FAILING and record.outcome not in FAILING:
                return self
            before = ()
        return Progress({**self.attempts, record.step: (*before, record)})

    def last(self, step: Step) -> StepFinished | None:
        """Return the latest attempt of a step."""
        done = self.attempts.get(step.id)
        return done[-1] if done else None

    def measurements(self) -> list[Measurement]:
        """Return the measurements of the last attempt of every step."""
        return [one for done in self.attempts.values() for one in done[-1].measurements]

    def finals(self) -> list[StepFinished]:
        """Return the last attempt of every step."""
        return [done[-1] for done in self.attempts.values()]


Order: TypeAlias = Callable[[Progress], Sequence[Step]]
"""The steps of ``main`` in the order in which they are to be done."""


def next_step(
    plan: Plan, progress: Progress, redo: Mapping[str, int], order: Order | None = None
) -> Next | Monitoring | None:
    """Return the step to do now, or the soak, or ``None`` when everything is done.

    ``redo`` maps a step that must be done again in this session (after a resume) to the attempts it had before that.
    A device that failed in ``main`` is not monitored: it has to be repaired first.
    """
    walk = _Walk(progress, redo)
    over = walk.through("setup", plan.setup, ends_on_failure=True) or walk.through(
        "main", plan.main if order is None else order(progress)
    )
    faulty = any(one.outcome in _FAULTY for one in _finals_of(plan.main, progress))
    if not over and not faulty and plan.soak is not None and SOAK_SUMMARY not in progress.attempts:
        return Monitoring()
    if walk.found is None:
        walk.aborts = False
        walk.through("teardown", plan.teardown)
    return walk.found


def _finals_of(steps: Iterable[Step], progress: Progress) -> list[StepFinished]:
    return [last for step in steps if (last := progress.last(step)) is not None]


class _Walk:
    """Goes over the steps in order until one is found that is not done."""

    def __init__(self, progress: Progress, redo: Mapping[str, int]) -> None:
        self.progress = progress
        self.redo = redo
        self.found: Next | None = None
        self.aborts = True

    def through(self, group: str, steps: Sequence[Step], *, ends_on_failure: bool = False) -> bool:
        """Walk over ``steps``; return whether the walk is over for this group."""
        for step in steps:
            attempts = self.progress.attempts.get(step.id, ())
            before = self.redo.get(step.id, 0)
            fresh = attempts[before:]
            last = fresh[-1] if fresh else None
            if last is None or (last.outcome in FAILING and len(fresh) <= step.retries):
                self.found = Next(group, step, len(attempts) + 1)
                return True
            if last.outcome is Outcome.ABORTED and self.aborts:
                return True
            if last.outcome in FAILING:
                if self.through(group, step.branch()):
                    return True
                if step.stops or ends_on_failure:
                    return True
        return False


def place_of(step: str, plan: Plan, progress: Progress) -> tuple[int, int]:
    """Return which step ``step`` is of how many, the first is 1.

    A branch, and a step that is done on a condition, counts from when it begins: what is never done is no step to
    whoever looks on.
    """
    listed = [
        one.id
        for _, path, one in plan.steps()
        if one.id == step or one.id in progress.attempts or not ("on_fail" in path or one.only_if is not None)
    ]
    return listed.index(step) + 1, len(listed)


def redo_after_interruption(plan: Plan, progress: Progress, order: Order | None = None) -> dict[str, int]:
    """Return what must be done again when a run resumes: the setup, and steps whose state later steps rely on.

    Nothing, when only the teardown is left: the outputs are safe already.
    """
    pending = next_step(plan, progress, {}, order)
    if pending is None or pending.group == "teardown":
        return {}
    again = [step for _, _, step in plan.steps() if step.redo_on_resume]
    again += [step for group, _, step in plan.steps() if group == "setup"]
    return {step.id: len(progress.attempts[step.id]) for step in again if step.id in progress.attempts}


def outcome_of_step(measurements: Iterable[Measurement]) -> Outcome:
    """Return the outcome that measurements give a step whose action succeeded."""
    verdicts = {measurement.verdict for measurement in measurements}
    if Verdict.FAIL in verdicts:
        return Outcome.FAILED
    return Outcome.UNDECIDED if Verdict.UNDECIDED in verdicts else Outcome.PASSED


def outcome_of_run(plan: Plan, progress: Progress) -> Outcome:
    """Return how a run ended: the most severe outcome of its steps.

    A judged step that the operator skipped leaves the run undecided; one whose condition was not met does not count.
    """
    by_id = {step.id: step for _, _, step in plan.steps()}
    outcomes = set()
    for record in progress.finals():
        step = by_id.get(record.step)
        if record.outcome is not Outcome.SKIPPED:
            outcomes.add(record.outcome)
        elif step is not None and step.only_if is None and any(measure.judged for measure in step.measure):
            outcomes.add(Outcome.UNDECIDED)
    return next((outcome for outcome in _SEVERITY if outcome in outcomes), Outcome.PASSED)
