"""What a plan says about good units: which steps compare with a mask, and whether a mask is one for this plan.

A mask is good for one step of one version of a plan, and for the settings with which the good units were captured.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from edge_agent.analysis.features import MaskKind
from edge_agent.analysis.mask import MadeFor, Mask
from edge_agent.plans.model import AnalysisUse, Plan, Step

GOLDEN_HEAT, GOLDEN_MASK = "golden_heat", "golden_mask"
LEARN = "learn it from good units: benchwright plan golden learn"


@dataclass(frozen=True, slots=True)
class GoldenUse:
    """One comparison of a plan: the step, what it compares, and the mask's file."""

    step: Step
    kind: MaskKind
    channels: tuple[str, ...]
    reference: str


def golden_uses(plan: Plan) -> Iterator[GoldenUse]:
    """Yield every comparison with a mask in a plan that is known to be correct but for its masks."""
    for _, _, step in plan.steps():
        for use in step.analyse:
            if _compares(use) and use.reference is not None:
                yield GoldenUse(step, kind_of(use), use.of, use.reference)


def kind_of(use: AnalysisUse) -> MaskKind:
    """Return the sort of mask that a use takes."""
    return MaskKind.HEAT if use.analysis == GOLDEN_HEAT else MaskKind(use.parameters.get("kind", MaskKind.WAVEFORM))


def made_for(plan: Plan, step: Step, channels: tuple[str, ...]) -> MadeFor:
    """Return what a mask learned for this step has to say of itself."""
    return MadeFor(
        model=plan.model,
        plan=plan.plan,
        plan_version=plan.version,
        step=step.id,
        channels=channels,
        settings=settings_of(step),
    )


def settings_of(step: Step) -> str:
    """Return the SHA-256 of all that decides what the step captures."""
    return hashlib.sha256(
        msgspec.json.encode([step.action, step.role, step.parameters, step.connect, step.meanwhile], order="sorted")
    ).hexdigest()


def mismatch(mask: Mask, plan: Plan, step: Step, use: AnalysisUse) -> str | None:
    """Say in one sentence why a mask cannot be used by a step, ``None`` when it can."""
    wanted, kind = made_for(plan, step, use.of), kind_of(use)
    mine = mask.made_for
    if mask.kind is not kind:
        return f"is a mask of the kind {mask.kind}, but the step compares {kind}; say with: {{kind: {mask.kind}}}"
    if mine is None:
        return f"does not say for which plan it was learned; {LEARN}"
    if (mine.model, mine.plan, mine.step) != (wanted.model, wanted.plan, wanted.step):
        return (
            f"was learned for step {mine.step} of the plan {mine.plan} ({mine.model}), not for step {wanted.step} "
            f"of {wanted.plan} ({wanted.model}); {LEARN}"
        )
    if mine.plan_version != wanted.plan_version:
        return (
            f"was learned for version {mine.plan_version} of the plan {mine.plan}, but this is version "
            f"{wanted.plan_version}; {LEARN}"
        )
    if mine.channels and wanted.channels and mine.channels != wanted.channels:
        return f"was learned of {', '.join(mine.channels)}, not of what the step names; {LEARN}"
    if mine.settings != wanted.settings:
        return (
            f"was learned when the step {step.id} captured otherwise (action, parameters, connections); {LEARN}, "
            "and give the plan a new version"
        )
    return None


def without_comparisons(plan: Plan) -> Plan:
    """Return the plan as good units are run while there is no mask yet: all captures, no comparison with masks.

    Steps that only a failure or a suspect asks for are left out: a good unit has neither.
    """
    changed = {name: _without(getattr(plan, name)) for name in ("setup", "main", "teardown")}
    soak = None if plan.soak is None else replace(plan.soak, steps=_without(plan.soak.steps))
    return replace(plan, soak=soak, faults=None, elimination=None, **changed)


def _without(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    kept = []
    for step in steps:
        if step.only_if is not None:
            continue
        labels = tuple(f"{use.label}." for use in step.analyse if _compares(use))
        measure = tuple(one for one in step.measure if not (labels and one.field.startswith(labels)))
        on_fail = "stop" if step.stops else "continue"
        analyse = tuple(use for use in step.analyse if not _compares(use))
        kept.append(replace(step, analyse=analyse, measure=measure, on_fail=on_fail))
    return tuple(kept)


def _compares(use: AnalysisUse) -> bool:
    return use.analysis in (GOLDEN_HEAT, GOLDEN_MASK)
