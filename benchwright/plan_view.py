"""Plans and results as people read them in a terminal."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from benchwright.terminal import Terminal, styled
from protocols.messages.records import Limits, Measurement, Outcome, RunFinished, StepFinished, Suspect, Verdict
from protocols.quantity import format_measured, format_value
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.words import GROUPS, OUTCOMES, VERDICTS, called

if TYPE_CHECKING:  # numpy comes with these
    from edge_agent.plans.load import LoadedPlan
    from edge_agent.plans.model import MeasureSpec, Step

COLOURS = {
    "pass": "green",
    "passed": "green",
    "fail": "bold red",
    "failed": "bold red",
    "error": "bold red",
    "timeout": "bold red",
    "aborted": "bold red",
    "undecided": "yellow",
    "skipped": "yellow",
    "none": "dim",
}
RESULT_HEADINGS = (N_("Step"), N_("Measurement"), N_("Value"), N_("Limits"), N_("Verdict"))
PLAN_HEADINGS = (N_("Group"), N_("Step"), N_("Title"), N_("Action"), N_("Instrument"), N_("Measures"), N_("Limits"))
COVERAGE = 2.0
"""Coverage factor of the expanded uncertainty that is shown."""


def print_plan(loaded: "LoadedPlan") -> None:
    """Print the plan as a table of its steps."""
    plan = loaded.plan
    console = Terminal()
    about = _("{plan} version {version}, for {model}").format(plan=plan.plan, version=plan.version, model=plan.model)
    console.print(styled((pick(plan.title.as_dict()), "bold"), f"  {about}"))
    if plan.description is not None:
        console.print(pick(plan.description.as_dict()))
    console.print(f"SHA-256 {loaded.sha256}", style="dim")
    table = Table(show_lines=False)
    for heading in PLAN_HEADINGS:
        table.add_column(_(heading), overflow="fold")
    for group, path, step in plan.steps():
        indent = "  " * (path.count("steps"))
        measures = "\n".join(spec.name for spec in step.measure)
        limits = "\n".join(_spec_limits(spec) for spec in step.measure)
        title = pick(step.title.as_dict())
        table.add_row(called(GROUPS, group), indent + step.id, title, step.action, step.role or "", measures, limits)
    console.print(table)


def plan_as_data(loaded: "LoadedPlan") -> dict[str, Any]:
    """Return the plan as plain data."""
    plan = loaded.plan

    def one(group: str, step: "Step") -> dict[str, Any]:
        return {
            "group": group,
            "id": step.id,
            "title": step.title.as_dict(),
            "action": step.action,
            "role": step.role,
            "timeout_s": float(step.timeout),
            "measurements": [
                {"name": spec.name, "field": spec.field, "limits": _spec_limits(spec)} for spec in step.measure
            ],
        }

    return {
        "plan": plan.plan,
        "version": plan.version,
        "sha256": loaded.sha256,
        "model": plan.model,
        "title": plan.title.as_dict(),
        "roles": {role: need.kind for role, need in plan.roles.items()},
        "steps": [one(group, step) for group, _, step in plan.steps()],
    }


def step_line(record: StepFinished) -> Text:
    """Return one line for a step that has ended."""
    attempt = f"  {_('attempt {count}').format(count=record.attempt)}" if record.attempt > 1 else ""
    words = _(OUTCOMES[record.outcome])
    text = styled(
        (f"{' ' * (9 - cell_len(words))}{words} ", COLOURS[record.outcome]),
        f"{pick(record.title, record.step)}{attempt}  ",
        (f"{record.duration_s:.2f} s", "dim"),
    )
    if record.detail and record.outcome is not Outcome.PASSED:
        text.append(f"\n          {heard(record.detail)}", style="dim")
    return text


def print_results(steps: Iterable[StepFinished], finished: RunFinished) -> None:
    """Print the table of all measurements, what is to be said of them, the outcome and the suspects."""
    console, steps = Terminal(), tuple(steps)
    table = Table(title=_("Measurements"))
    for heading in RESULT_HEADINGS:
        table.add_column(_(heading), overflow="fold", justify="right" if heading == "Value" else "left")
    for step in steps:
        for one in step.measurements:
            table.add_row(step.step, one.name, value_text(one), limits_text(one), verdict_text(one.verdict))
    console.print(table)
    for words in notes(one for step in steps for one in step.measurements):
        console.print(words, style="yellow")
    outcome = (_(OUTCOMES[finished.outcome]), COLOURS[finished.outcome])
    console.print(styled(titled(_("Outcome"), ""), outcome))
    print_suspects(console, finished.suspects)


def notes(measurements: Iterable[Measurement]) -> list[str]:
    """Return what is to be said of values, such as an overdue calibration or why one is undecided (Q7), once each."""
    about: dict[str, list[str]] = {}
    for one in measurements:
        if one.value is not None and one.reason:
            about.setdefault(one.reason, []).append(one.name)
    return [titled(", ".join(dict.fromkeys(names)), heard(reason)) for reason, names in about.items()]


def print_suspects(console: Terminal, suspects: Sequence[Suspect]) -> None:
    """Print the suspected causes, the likeliest first, each with its evidence and what to do."""
    if suspects:
        console.print(titled(_("Suspects, the likeliest first"), "").rstrip())
    for number, suspect in enumerate(suspects, start=1):
        console.print(styled(f"{number}. ", (pick(suspect.title, suspect.cause), "bold"), f" ({suspect.cause})"))
        for words in suspect.evidence:
            console.print(f"   – {pick(words)}")
        if suspect.remedy:
            console.print(f"   → {pick(suspect.remedy)}")


def verdict_text(verdict: Verdict) -> Text:
    """Return a verdict in its colour."""
    return Text(_(VERDICTS[verdict]) or "–", style=COLOURS[verdict])


def value_text(one: Measurement) -> str:
    """Return the value with its expanded uncertainty (k = 2) and unit, or why there is none."""
    if one.value is None:
        return f"({heard(one.reason or '')})"
    if isinstance(one.value, bool):
        return _yes_or_no(one.value)
    if isinstance(one.value, str):
        return one.value
    expanded = None if one.standard_uncertainty is None else COVERAGE * one.standard_uncertainty
    return format_measured(one.value, one.unit, expanded)


def limits_text(one: Measurement) -> str:
    """Return limits or the expected value in words."""
    if one.expected is not None:
        return one.expected if isinstance(one.expected, str) else _yes_or_no(one.expected)
    return _range_text(one.limits, one.unit)


def _yes_or_no(value: bool) -> str:
    return _("yes") if value else _("no")


def results_as_data(steps: Iterable[StepFinished], finished: RunFinished) -> dict[str, Any]:
    """Return a run's records as plain data."""
    data: dict[str, Any] = msgspec.to_builtins(finished)
    data["steps"] = [msgspec.to_builtins(step) for step in steps]
    return data


def _range_text(limits: Limits | None, unit: str) -> str:
    if limits is None:
        return ""
    low = "" if limits.low is None else format_value(limits.low, unit)
    high = "" if limits.high is None else format_value(limits.high, unit)
    if low and high:
        return f"{low} … {high}"
    return f"≥ {low}" if low else f"≤ {high}"


def _spec_limits(spec: "MeasureSpec") -> str:
    if spec.expected is not None:
        return spec.expected if isinstance(spec.expected, str) else _yes_or_no(spec.expected)
    limit = spec.low or spec.high
    if limit is None:
        return ""
    low = None if spec.low is None else spec.low.value
    high = None if spec.high is None else spec.high.value
    return _range_text(Limits(low, high), limit.unit)
