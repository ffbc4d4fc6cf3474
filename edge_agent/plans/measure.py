"""From what a step's action and analyses gave to judged measurements. Pure; nothing unclear becomes a pass."""

import math
from collections.abc import Mapping

from msgspec.structs import replace

from edge_agent.analysis.registry import DERIVED_UNIT
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.verdict import judge, judge_expected
from edge_agent.plans.actions.base import FieldKind, Value
from edge_agent.plans.check import fields_of
from edge_agent.plans.model import MeasureSpec, Step
from protocols.messages.records import MAX_TEXT, Limits, Measurement, Verdict
from protocols.quantity import Quantity

_LONGEST_VALUE = 1000


def measurements_of(
    step: Step, values: Mapping[str, Value], missing: str | None = None, *, needed: bool = True
) -> tuple[Measurement, ...]:
    """Return one measurement for each that the step declares, in order; none is left out.

    ``missing`` says why values are absent when the action failed; what was not ``needed`` is not judged either.
    """
    fields = fields_of(step) if step.measure else {}
    measured = []
    for spec in step.measure:
        field = fields[spec.field]
        value = values.get(spec.field)
        if value is None:
            value = NoAnswer(missing or f"the action gave no {spec.field}")
        unit = field.unit if field.kind is FieldKind.QUANTITY else "1"
        one = _measurement(step, spec, value, unit)
        measured.append(one if needed else replace(one, verdict=Verdict.NONE))
    return tuple(measured)


def newest_of(step: Step, values: Mapping[str, Value]) -> tuple[Measurement, ...]:
    """Return what the step measures as far as ``values`` has it: while the step goes on, not its result."""
    wanted = tuple(spec for spec in step.measure if spec.field in values)
    return measurements_of(replace(step, measure=wanted), values) if wanted else ()


def _measurement(step: Step, spec: MeasureSpec, value: Value, unit: str) -> Measurement:
    limits = None
    if spec.low is not None or spec.high is not None:
        limits = Limits(
            None if spec.low is None else spec.low.value,
            None if spec.high is None else spec.high.value,
        )
    if unit == DERIVED_UNIT:  # follows from what was captured, so the value says it
        unit = value.unit if isinstance(value, Quantity) else "1"
    if isinstance(value, Quantity) and value.unit != unit:
        value = NoAnswer(f"the value came in {value.unit} where {unit} was expected; this is a defect of the action")
    if isinstance(value, Quantity) and not math.isfinite(value.value):
        value = NoAnswer(f"the value is not finite ({value.value})")
    plain: float | str | bool | None = None
    uncertainty = reason = None
    match value:
        case Quantity():
            plain, uncertainty = value.value, value.standard_uncertainty
            verdict = judge(value.value, uncertainty, limits, spec.rule)
            if verdict is Verdict.UNDECIDED:
                reason = _undecided(uncertainty)
        case NoAnswer():
            verdict = Verdict.UNDECIDED if spec.judged else Verdict.NONE
            reason = value.reason[:MAX_TEXT]
        case _:
            plain = value if isinstance(value, bool) else _bounded(value)
            verdict = judge_expected(value, spec.expected)
    return Measurement(
        name=spec.name,
        value=plain,
        unit=unit,
        standard_uncertainty=uncertainty if uncertainty is None or math.isfinite(uncertainty) else None,
        limits=limits,
        expected=spec.expected,
        rule=spec.rule,
        verdict=verdict,
        instrument=step.role,
        reason=reason,
    )


def _undecided(uncertainty: float | None) -> str:
    if uncertainty is None:
        return "the guard-band rule needs the instrument's uncertainty, which is not known"
    return "the value is closer to a limit than its expanded uncertainty (k = 2)"


def _bounded(text: str) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}… ({len(text) - _LONGEST_VALUE} more characters)"
