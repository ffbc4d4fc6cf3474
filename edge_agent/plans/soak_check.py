"""What can be wrong with the stability monitoring of a plan (D7)."""

from collections.abc import Iterator

from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.model import Soak, Step
from edge_agent.plans.problem import Problem
from edge_agent.plans.soak import difference_unit

MOST_ROUNDS = 20_000
_PLACE = ("soak",)


def check_soak(soak: Soak) -> Iterator[Problem]:
    """Yield everything that would make a soak impossible to run unattended, or its watch meaningless."""
    if soak.every <= 0 or soak.duration < soak.every:
        yield Problem((*_PLACE, "every"), "every must be above zero and no longer than duration")
    elif soak.duration / soak.every > MOST_ROUNDS:
        rounds = soak.duration / soak.every
        yield Problem(
            (*_PLACE, "every"), f"makes {rounds:.0f} rounds; choose it so that there are at most {MOST_ROUNDS}"
        )
    points: dict[str, str] = {}
    for index, step in enumerate(soak.steps):
        place = (*_PLACE, "steps", index)
        for key in _attended(step):
            yield Problem((*place, key), f"a step of a soak runs unattended, round after round: it cannot have {key}")
        for probe, point in step.connect.items():
            if points.setdefault(probe, point) != point:
                words = f"{probe} is at {points[probe]} in an earlier step; probes stay where they are during a soak"
                yield Problem((*place, "connect"), words)
    measured = {spec.name: spec for step in soak.steps for spec in step.measure}
    fields = {name: unit for step in soak.steps for name, unit in _units(step)}
    for index, watch in enumerate(soak.watch):
        place = (*_PLACE, "watch", index)
        if watch.measurement not in measured:
            known = ", ".join(measured) or "none"
            yield Problem(
                place, f"there is no measurement {watch.measurement!r} in the soak's steps; there are {known}"
            )
        elif (unit := fields.get(watch.measurement, watch.drift.unit)) != watch.drift.unit:
            yield Problem(place, f"drift is in {watch.drift.unit}, but {watch.measurement} changes by {unit}")
        elif watch.drift.value <= 0:
            yield Problem(place, "drift is how far the value may move, up or down; make it above zero")


def _attended(step: Step) -> Iterator[str]:
    """Yield the keys of a step that need a person, or a flow that rounds do not have."""
    if step.instruction is not None:
        yield "instruction"
    if step.retries:
        yield "retries"
    if step.on_fail != "continue":
        yield "on_fail"
    if step.only_if is not None:
        yield "only_if"
    if step.skippable:
        yield "skippable"
    if step.redo_on_resume:
        yield "redo_on_resume"
    if step.action == "prompt":
        yield "action"


def _units(step: Step) -> Iterator[tuple[str, str]]:
    """Yield each measurement's name and unit, of a step that is right otherwise."""
    from edge_agent.plans.check import fields_of

    try:
        fields = fields_of(step) if step.action in ACTIONS else {}
    except ValueError:  # told by the check of the step itself
        return
    for spec in step.measure:
        if spec.field in fields:
            yield spec.name, difference_unit(fields[spec.field].unit)
