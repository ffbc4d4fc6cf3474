"""Plans and results as people read them in a terminal."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from protocols.messages.reasons import reason_in
from protocols.messages.records import Limits, Measurement, Outcome, RunFinished, StepFinished, Suspect
from protocols.quantity import format_measured, format_value

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
Words = dict[str, str]
OUTCOMES: dict[str, Words] = {
    "passed": {"en": "passed", "zh-CN": "合格"},
    "failed": {"en": "failed", "zh-CN": "不合格"},
    "undecided": {"en": "undecided", "zh-CN": "无法判定"},
    "error": {"en": "error", "zh-CN": "错误"},
    "timeout": {"en": "timeout", "zh-CN": "超时"},
    "skipped": {"en": "skipped", "zh-CN": "已跳过"},
    "aborted": {"en": "aborted", "zh-CN": "已中止"},
    "pass": {"en": "pass", "zh-CN": "合格"},
    "fail": {"en": "fail", "zh-CN": "不合格"},
    "none": {"en": "–", "zh-CN": "–"},
}
OUTCOME = {"en": "Outcome", "zh-CN": "结论"}
SUSPECTS = {"en": "Suspected causes", "zh-CN": "疑似原因"}
ATTEMPT = {"en": " (attempt {number})", "zh-CN": "（第 {number} 次）"}
COVERAGE = 2.0
"""Coverage factor of the expanded uncertainty that is shown."""


def print_plan(loaded: "LoadedPlan", language: str) -> None:
    """Print the plan as a table of its steps."""
    plan = loaded.plan
    console = Console()
    console.print(f"[bold]{plan.title.as_dict()[language]}[/]  {plan.plan} version {plan.version}, for {plan.model}")
    if plan.description is not None:
        console.print(plan.description.as_dict()[language])
    console.print(f"SHA-256 {loaded.sha256}", style="dim")
    table = Table(show_lines=False)
    for heading in ("group", "step", "title", "action", "instrument", "measures", "limits"):
        table.add_column(heading, overflow="fold")
    for group, path, step in plan.steps():
        indent = "  " * (path.count("steps"))
        measures = "\n".join(spec.name for spec in step.measure)
        limits = "\n".join(_spec_limits(spec) for spec in step.measure)
        title = step.title.as_dict()[language]
        table.add_row(group, indent + step.id, title, step.action, step.role or "", measures, limits)
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


def step_line(record: StepFinished, language: str) -> Text:
    """Return one line for a step that has ended."""
    outcome = record.outcome.value
    attempt = ATTEMPT[language].format(number=record.attempt) if record.attempt > 1 else ""
    words = OUTCOMES[outcome][language]
    text = Text.assemble(
        (f"{' ' * (9 - cell_len(words))}{words} ", COLOURS[outcome]),
        f"{record.title.get(language, record.step)}{attempt}  ",
        (f"{record.duration_s:.2f} s", "dim"),
    )
    if record.detail and record.outcome is not Outcome.PASSED:
        text.append(f"\n          {reason_in('en', record.detail)}", style="dim")
    return text


def print_results(steps: Iterable[StepFinished], finished: RunFinished, language: str) -> None:
    """Print the table of all measurements, the outcome and the suspects."""
    console = Console()
    table = Table(title="Measurements" if language == "en" else "测量结果")
    headings = ("step", "measurement", "value", "limits", "verdict")
    if language == "zh-CN":
        headings = ("步骤", "测量项", "测量值", "限值", "判定")
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in ("value", "测量值") else "left")
    for step in steps:
        for one in step.measurements:
            verdict = Text(OUTCOMES[one.verdict.value][language], style=COLOURS[one.verdict.value])
            table.add_row(step.step, one.name, value_text(one, language), limits_text(one, language), verdict)
    console.print(table)
    outcome = finished.outcome.value
    console.print(Text.assemble(f"{OUTCOME[language]}: ", (OUTCOMES[outcome][language], COLOURS[outcome])))
    print_suspects(console, finished.suspects, language)


def print_suspects(console: Console, suspects: Sequence[Suspect], language: str) -> None:
    """Print the suspected causes, the likeliest first, each with its evidence and what to do."""
    if suspects:
        console.print(Text(f"{SUSPECTS[language]}:"))
    for number, suspect in enumerate(suspects, start=1):
        title = suspect.title.get(language, suspect.cause)
        console.print(Text.assemble(f"{number}. ", (title, "bold"), f" ({suspect.cause})"))
        for words in suspect.evidence:
            console.print(Text(f"   – {words.get(language, '')}"))
        if suspect.remedy:
            console.print(Text(f"   → {suspect.remedy.get(language, '')}"))


def value_text(one: Measurement, language: str = "en") -> str:
    """Return the value with its expanded uncertainty (k = 2) and unit, or why there is none."""
    if one.value is None:
        return f"({one.reason})"
    if isinstance(one.value, bool):
        return _yes_or_no(one.value, language)
    if isinstance(one.value, str):
        return one.value
    expanded = None if one.standard_uncertainty is None else COVERAGE * one.standard_uncertainty
    return format_measured(one.value, one.unit, expanded)


def limits_text(one: Measurement, language: str = "en") -> str:
    """Return limits or the expected value in words."""
    if one.expected is not None:
        return one.expected if isinstance(one.expected, str) else _yes_or_no(one.expected, language)
    return _range_text(one.limits, one.unit)


def _yes_or_no(value: bool, language: str) -> str:
    return ("是" if value else "否") if language == "zh-CN" else ("yes" if value else "no")


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
        return str(spec.expected) if isinstance(spec.expected, str) else ("yes" if spec.expected else "no")
    limit = spec.low or spec.high
    if limit is None:
        return ""
    low = None if spec.low is None else spec.low.value
    high = None if spec.high is None else spec.high.value
    return _range_text(Limits(low, high), limit.unit)
