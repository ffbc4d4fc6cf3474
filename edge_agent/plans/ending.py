"""How a run ends otherwise than by its plan: refused, abandoned, or with outputs that a person has to switch off."""

from collections.abc import Mapping
from datetime import date

from edge_agent.plans.calibrated import obstacles
from edge_agent.plans.journal import Journal
from edge_agent.plans.model import Plan
from edge_agent.rack import Rack
from protocols.messages.records import MAX_TEXT, Outcome, RunFinished, StepFinished


class RunRefused(Exception):
    """The run cannot begin or resume: one sentence with the reason and the remedy. Nothing was journalled."""


def refuse_unfit(plan: Plan, rack: Rack, today: date) -> None:
    """Raise ``RunRefused`` when the rack lacks what ``plan`` needs, or is not calibrated as it asks."""
    absent = [role for role in plan.roles if role not in rack.roles]
    if absent:
        raise RunRefused(
            f"the plan {plan.plan} needs {', '.join(absent)}, which this bench does not have; add it to bench.toml"
        )
    overdue = obstacles(plan.roles, rack.calibrations, today) if plan.calibration == "block" else []
    if overdue:
        raise RunRefused(f"the plan {plan.plan} asks for calibrated instruments: {'; '.join(overdue)}")


def not_safe(run: str, failures: Mapping[str, str]) -> StepFinished:
    """Return the record of outputs that could not be switched off: a person has to."""
    words = "; ".join(f"{role}: {said}" for role, said in failures.items())
    detail = f"switch {', '.join(failures)} off by hand, outputs could not be made safe: {words}"
    title = {"en": "Outputs to a safe state", "zh-CN": "输出置于安全状态"}
    return StepFinished(run, "safe-state", "teardown", 1, Outcome.ERROR, 0.0, (), title, detail[:MAX_TEXT])


def abandon(journal: Journal, run: str, failures: Mapping[str, str] | None = None) -> RunFinished:
    """Close an interrupted run that is not to be resumed (its plan was changed): its outcome is ``aborted``.

    Raises ``RunRefused`` when there is no such run. The instruments are the caller's business; ``failures`` are the
    roles whose outputs could not be made safe, with the reason: the run's records say so.
    """
    if not journal.run_records(run):
        raise RunRefused(f"the journal holds no unfinished run {run}")
    if failures:
        journal.append(not_safe(run, failures))
    finished = RunFinished(run, Outcome.ABORTED)
    journal.append(finished)
    return finished
