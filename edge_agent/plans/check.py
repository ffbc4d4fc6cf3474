"""What can be known to be wrong with a plan before any instrument is touched."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from edge_agent.analysis.registry import REQUIRED, AnalysisError, AnalysisSpec, InputKind, ParameterKind, analysis
from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.actions.base import Action, Field, FieldKind
from edge_agent.plans.diagnosis import FaultDictionary, Sign
from edge_agent.plans.model import AnalysisUse, MeasureSpec, Plan, Step
from edge_agent.plans.problem import Problem
from edge_agent.plans.soak import drift_name
from edge_agent.plans.soak_check import check_soak
from edge_agent.plans.units import Amount, UnitError, decode_hook, parse_quantity
from protocols.captures.errors import CaptureError
from protocols.mistakes import mistakes

SUPPLIED = (ParameterKind.ACCURACY, ParameterKind.WAVEFORM, ParameterKind.THERMAL, ParameterKind.MASK)
"""Parameters that the runner supplies, from the instrument or from a reference file."""
MOST_PICTURE_BYTES = 131_072
"""A picture travels with its question to every screen."""
_INPUT = {
    InputKind.WAVEFORM: "waveform",
    InputKind.WAVEFORMS: "waveform",
    InputKind.THERMAL: "thermal",
    InputKind.TEXT: "text",
}


class Wrong(Exception):
    """Ends the check of one part of a step."""


def check_plan(plan: Plan, faults: FaultDictionary | None, files: Mapping[str, bytes]) -> list[Problem]:
    """Return every problem found: unknown roles, actions, parameters and fields, units, limits, duplicates."""
    problems: list[Problem] = []
    steps: dict[str, tuple[str | int, ...]] = {}
    measured: dict[str, MeasureSpec] = {}
    for _, path, step in plan.steps():
        if step.id in steps:
            problems.append(Problem((*path, "id"), f"the id {step.id!r} is used twice; give each step its own"))
        steps[step.id] = path
        problems += _check_step(plan, path, step, files)
        for index, spec in enumerate(step.measure):
            place = (*path, "measure", index)
            if spec.name in measured:
                problems.append(Problem(place, f"the measurement {spec.name!r} is there twice; name each uniquely"))
            measured[spec.name] = spec
    for _, path, step in plan.steps():
        problems += _check_condition(path, step, faults, measured)
    if plan.soak is not None:
        problems += check_soak(plan.soak)
        drifts = [(drift_name(watch), watch.drift) for watch in plan.soak.watch]
        measured |= {name: MeasureSpec(name, "", drift, drift) for name, drift in drifts}
    if plan.elimination is not None and faults is None:
        problems.append(Problem(("elimination",), "elimination needs a fault dictionary; add the key faults"))
    if faults is not None:
        problems += _check_faults(plan, faults, measured)
    return sorted(problems, key=lambda problem: tuple(str(part).zfill(6) for part in problem.path))


def fields_of(step: Step) -> dict[str, Field]:
    """Return every field that a (correct) step can measure."""
    action = ACTIONS[step.action]
    fields = dict(action.fields(action.decode(step.parameters)))
    for use in step.analyse:
        fields.update(analysis_fields(use))
    return fields


def analysis_fields(use: AnalysisUse) -> dict[str, Field]:
    """Return the fields of one analysis as the step addresses them."""
    spec = analysis(use.analysis)
    return {
        f"{use.label}.{name}": Field(spec.unit_of(name), FieldKind(one.kind.value)) for name, one in spec.fields.items()
    }


def analysis_parameters(spec: AnalysisSpec, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an analysis' parameters with quantities turned into numbers; raise ``AnalysisError``."""
    plain: dict[str, Any] = {}
    for name, value in raw.items():
        parameter = spec.parameters.get(name)
        if parameter is None or parameter.kind is not ParameterKind.NUMBER or not isinstance(value, str):
            plain[name] = value
            continue
        try:
            quantity = parse_quantity(value)
        except UnitError as error:
            raise AnalysisError(f"parameter {name}: {error}") from error
        if quantity.unit not in (parameter.unit, "1") and not (parameter.unit == "input" and quantity.unit in "VA"):
            raise AnalysisError(f"parameter {name} is in {quantity.unit}; it must be in {parameter.unit}")
        plain[name] = quantity.value
    return spec.check_parameters(plain)


def _check_step(plan: Plan, path: tuple[str | int, ...], step: Step, files: Mapping[str, bytes]) -> Iterator[Problem]:
    yield from _check_roles(plan, path, step)
    decoded = None
    try:
        decoded = _action(path, step.action, step.parameters)
    except _Bad as bad:
        yield from bad.problems
    if step.meanwhile is not None:
        try:
            _action((*path, "meanwhile"), step.meanwhile.action, step.meanwhile.parameters)
        except _Bad as bad:
            yield from bad.problems
        if step.meanwhile.after >= step.timeout:
            yield Problem((*path, "meanwhile"), "begins after the step's timeout; make after smaller")
    if decoded is not None:
        yield from _check_files(path, *decoded, files)
    if step.timeout <= 0:
        yield Problem((*path, "timeout"), "timeout must be above zero; write one such as 5 s")
    if decoded is None:
        return
    action, parameters = decoded
    fields = dict(action.fields(parameters))
    seen: set[str] = set()
    for index, use in enumerate(step.analyse):
        place = (*path, "analyse", index)
        if use.label in seen:
            yield Problem(place, f"{use.label!r} is there twice; give one of them another name")
        seen.add(use.label)
        try:
            _check_analysis(use, action, parameters, files)
            _check_mask(use, plan, step, files)
            fields.update(analysis_fields(use))
        except (AnalysisError, Wrong) as error:
            yield Problem(place, str(error))
            return
    for index, measure in enumerate(step.measure):
        words = _check_measure(measure, fields)
        if words:
            yield Problem((*path, "measure", index), f"measurement {measure.name}: {words}")
    if step.save and not action.captures and action.name != "firmware.backup":
        yield Problem((*path, "save"), f"{action.name} captures nothing that could be saved; remove save")


def _check_files(
    path: tuple[str | int, ...], action: Action[Any], parameters: Any, files: Mapping[str, bytes]
) -> Iterator[Problem]:
    for name in action.files(parameters):
        if len(files.get(name, b"")) > MOST_PICTURE_BYTES:
            yield Problem((*path, "with"), f"{name} has more than {MOST_PICTURE_BYTES} bytes; make it smaller")


class _Bad(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(problems[0].words)


def _action(path: tuple[str | int, ...], name: str, raw: Mapping[str, Any]) -> tuple[Action[Any], Any]:
    action = ACTIONS.get(name)
    if action is None:
        known = ", ".join(ACTIONS)
        raise _Bad(Problem((*path, "action"), f"there is no action {name!r}; there are {known}"))
    try:
        parameters = action.decode(raw)
    except msgspec.ValidationError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(action.parameters))
        raise _Bad(
            *(
                Problem(
                    (*path, "with", *one.path), f"{action.name}: {one.named()}; its parameters are {known or 'none'}"
                )
                for one in mistakes(raw, action.parameters, decode_hook)
            )
        ) from error
    found = [Problem((*path, "with"), f"{action.name}: {words}") for words in action.problems(parameters)]
    if found:
        raise _Bad(*found)
    return action, parameters


def _check_roles(plan: Plan, path: tuple[str | int, ...], step: Step) -> Iterator[Problem]:
    uses = [(path, step.action, step.role)]
    if step.meanwhile is not None:
        uses.append(((*path, "meanwhile"), step.meanwhile.action, step.meanwhile.role))
    known = ", ".join(plan.roles) or "none"
    for place, name, role in uses:
        action = ACTIONS.get(name)
        if action is None:
            continue
        if action.kind is None:
            if role is not None:
                yield Problem((*place, "role"), f"{name} needs no instrument; remove role")
        elif role is None:
            yield Problem(place, f"{name} needs the key role: one of {known}")
        elif role not in plan.roles:
            yield Problem((*place, "role"), f"the role {role!r} is not among the plan's roles ({known}); add it there")
        elif plan.roles[role].kind != action.kind:
            kind = plan.roles[role].kind
            yield Problem((*place, "role"), f"{name} needs a {action.kind}, but {role} is a {kind}")
    if step.meanwhile is not None and step.meanwhile.role is not None and step.meanwhile.role == step.role:
        yield Problem((*path, "meanwhile"), "an instrument does one thing at a time; use another role")
    for role, point in step.connect.items():
        if role.partition(".")[0] not in plan.roles:
            yield Problem(
                (*path, "connect"), f"the role {role!r} is not among the plan's roles ({known}); add it there"
            )
        if point not in plan.points:
            points = ", ".join(plan.points) or "none"
            yield Problem(
                (*path, "connect"), f"the point {point!r} is not among the plan's points ({points}); add it there"
            )


def _check_analysis(use: AnalysisUse, action: Action[Any], parameters: Any, files: Mapping[str, bytes]) -> None:
    spec = analysis(use.analysis)
    wanted = _INPUT.get(spec.input_kind)
    if wanted not in action.captures:
        raise Wrong(f"{use.analysis} analyses a {spec.input_kind.value}, which {action.name} does not capture")
    channels = action.channels(parameters)
    for channel in use.of:
        if channel not in channels:
            raise Wrong(
                f"{action.name} captures no {channel!r} here; it captures {', '.join(channels) or 'no channels'}"
            )
    references = [name for name, one in spec.parameters.items() if one.kind in SUPPLIED[1:]]
    if use.reference is not None and not references:
        raise Wrong(f"{use.analysis} takes no reference; remove it")
    supplied = {name for name, one in spec.parameters.items() if one.kind in SUPPLIED}
    for name in use.parameters:
        if name in supplied:
            raise Wrong(
                f"the parameter {name} of {use.analysis} is supplied by the bench; use reference: <file> instead"
            )
    if use.reference is None and any(_required(spec, name) for name in references):
        raise Wrong(f"{use.analysis} compares with a reference; add reference: <file beside the plan>")
    if use.reference is not None:
        _check_reference(use.reference, spec, files)
    # Check what the plan gives as if nothing else were required.
    open_spec = AnalysisSpec(
        spec.name,
        spec.input_kind,
        spec.target,
        spec.fields,
        spec.summary,
        {name: one for name, one in spec.parameters.items() if name not in supplied},
    )
    analysis_parameters(open_spec, use.parameters)


def _check_reference(name: str, spec: AnalysisSpec, files: Mapping[str, bytes]) -> None:
    from edge_agent.plans.reference import reference_image, reference_waveform

    kinds = {parameter.kind for parameter in spec.parameters.values()}
    if ParameterKind.MASK in kinds:
        return
    try:
        (reference_image if ParameterKind.THERMAL in kinds else reference_waveform)(files[name], name)
    except CaptureError as error:
        raise Wrong(f"reference {error}") from error


def _check_mask(use: AnalysisUse, plan: Plan, step: Step, files: Mapping[str, bytes]) -> None:
    """Check that a mask of good units was learned for this very step: a mask for something else says nothing."""
    kinds = {parameter.kind for parameter in analysis(use.analysis).parameters.values()}
    if use.reference is None or ParameterKind.MASK not in kinds:
        return
    from edge_agent.plans.golden import mismatch
    from edge_agent.plans.reference import reference_mask

    try:
        words = mismatch(reference_mask(files[use.reference], use.reference), plan, step, use)
    except CaptureError as error:
        raise Wrong(f"reference {error}") from error
    if words is not None:
        raise Wrong(f"reference {use.reference} {words}")


def _required(spec: AnalysisSpec, name: str) -> bool:
    return spec.parameters[name].default is REQUIRED


def _check_measure(measure: MeasureSpec, fields: Mapping[str, Field]) -> str | None:
    field = fields.get(measure.field)
    if field is None:
        return f"there is no field {measure.field!r} here; there are {', '.join(fields) or 'none'}"
    if measure.unit is not None and (field.kind is not FieldKind.QUANTITY or measure.unit != field.unit):
        return f"unit is {measure.unit}, but {measure.field} is in {field.unit}"
    limits = [limit for limit in (measure.low, measure.high) if limit is not None]
    if field.kind is FieldKind.QUANTITY:
        return _check_limits(measure, limits, field.unit)
    if limits:
        return f"{measure.field} is a {field.kind.value}, which has no limits; use expected"
    if measure.expected is not None and isinstance(measure.expected, bool) != (field.kind is FieldKind.FLAG):
        return f"{measure.field} is a {field.kind.value}; expected must be one too"
    return None


def _check_limits(measure: MeasureSpec, limits: list[Amount], unit: str) -> str | None:
    if measure.expected is not None:
        return f"{measure.field} is a number; use low and high instead of expected"
    for limit in limits:
        if limit.unit != unit:
            if limit.unit == "1":
                return f"the limit has no unit; {measure.field} is in {unit}, so write {limit.value:g} {unit}"
            return f"the limit is in {limit.unit}, but {measure.field} is in {unit}; write it in {unit}"
    if len(limits) == 2 and limits[0].value > limits[1].value:
        return f"low ({limits[0].value:g}) is above high ({limits[1].value:g}); exchange them"
    return None


def _check_condition(
    path: tuple[str | int, ...], step: Step, faults: FaultDictionary | None, measured: Mapping[str, MeasureSpec]
) -> Iterator[Problem]:
    condition = step.only_if
    if condition is None:
        return
    place = (*path, "only_if")
    if (condition.suspect is None) == (condition.failed is None):
        yield Problem(place, "give either suspect or failed")
    if condition.failed is not None and condition.failed not in measured:
        yield Problem(place, f"there is no measurement {condition.failed!r} in this plan")
    if condition.suspect is not None:
        causes = [] if faults is None else [cause.cause for cause in faults.causes]
        if condition.suspect not in causes:
            known = ", ".join(causes) or "none; add the key faults"
            yield Problem(place, f"there is no cause {condition.suspect!r} in the fault dictionary ({known})")


def _check_faults(plan: Plan, faults: FaultDictionary, measured: Mapping[str, MeasureSpec]) -> Iterator[Problem]:
    if faults.model != plan.model:
        yield Problem(("faults",), f"the fault dictionary is for {faults.model}, but the plan is for {plan.model}")
    for cause in faults.causes:
        for name in cause.signature:
            spec = measured.get(name)
            if spec is None:
                yield Problem(("faults",), f"{cause.cause}: there is no measurement {name!r} in this plan")
                continue
            can = {
                Sign.HIGH: spec.high is not None,
                Sign.LOW: spec.low is not None,
                Sign.WRONG: spec.expected is not None,
            }
            for sign in cause.expects(name):
                if not can.get(sign, True):
                    yield Problem(("faults",), f"{cause.cause}: {name} cannot come out {sign.value} in this plan")
