"""What an overdue or unknown calibration does to a run's measurements, as its plan says (Q7). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace as replace_fields
from datetime import date

from msgspec.structs import replace

from edge_agent.analysis.result import Accuracy
from edge_agent.calibration import MEASURING, Calibration, standing, words
from edge_agent.plans.actions.base import Result
from edge_agent.plans.model import CalibrationRule, RoleNeed
from protocols.messages.records import MAX_TEXT, Measurement, Verdict
from protocols.quantity import Quantity


def obstacles(roles: Mapping[str, RoleNeed], calibrations: Mapping[str, Calibration | None], today: date) -> list[str]:
    """Return a sentence for each measuring instrument of a plan whose calibration does not hold."""
    measuring = [role for role, need in roles.items() if need.kind in MEASURING]
    return [said for role in measuring if (said := words(role, calibrations.get(role), today)) is not None]


def flagged(
    measurements: Iterable[Measurement],
    calibrations: Mapping[str, Calibration | None],
    rule: CalibrationRule,
    today: date,
) -> tuple[Measurement, ...]:
    """Return the measurements with what is to be said of their instrument's calibration.

    ``flag`` says that it was overdue and lets the verdict stand; ``undecided`` takes a pass or fail back, also when no
    calibration is recorded.
    """
    return tuple(_flagged(one, calibrations.get(one.instrument or ""), rule, today) for one in measurements)


def _flagged(one: Measurement, calibration: Calibration | None, rule: CalibrationRule, today: date) -> Measurement:
    if one.instrument is None or isinstance(one.value, bool | str) or one.verdict is Verdict.NONE:
        return one
    state = standing(calibration, today)
    if state == "valid" or (state == "unknown" and rule != "undecided"):
        return one
    said = words(one.instrument, calibration, today) or ""
    reason = said if one.reason is None else f"{one.reason} · {said}"
    verdict = Verdict.UNDECIDED if rule == "undecided" else one.verdict
    return replace(one, reason=reason[:MAX_TEXT], verdict=verdict)


def grown(result: Result, factor: float) -> Result:
    """Return an action's result with uncertainties larger by ``factor`` (``Calibration.growth``)."""
    if factor == 1.0:
        return result
    values = {
        name: Quantity(value.value, value.unit, value.standard_uncertainty * factor)
        if isinstance(value, Quantity) and value.standard_uncertainty is not None
        else value
        for name, value in result.values.items()
    }
    accuracies = {
        name: Accuracy(one.gain * factor, one.offset * factor, one.time_base * factor)
        for name, one in result.captured.accuracies.items()
    }
    return Result(values, replace_fields(result.captured, accuracies=accuracies), result.detail)
