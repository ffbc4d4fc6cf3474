"""Runs of a bench, in progress or long done, as people read them in a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from benchwright.plan_view import COLOURS, OUTCOME, OUTCOMES, Words, limits_text, print_suspects, value_text
from edge_agent.local_api.views import RunState, RunSummary
from protocols.messages.reasons import reason_in
from protocols.messages.records import Measurement, Verdict

STATUS: dict[str, Words] = {
    "running": {"en": "running", "zh-CN": "检测中"},
    "asking": {"en": "asking", "zh-CN": "等待回答"},
    "interrupted": {"en": "interrupted", "zh-CN": "已中断"},
    "finished": {"en": "finished", "zh-CN": "已结束"},
}
NONE = {
    "en": "No test has run on this bench yet (or none of this ticket or device).",
    "zh-CN": "本工位尚无（该工单或设备的）检测记录。",
}
LIMITS = {"en": "limits", "zh-CN": "限值"}
FAILING = {"en": "out of limits or undecided", "zh-CN": "超限或无法判定"}
STARTED = {"en": "started", "zh-CN": "开始于"}
TICKET = {"en": "ticket", "zh-CN": "工单"}


def print_runs(runs: Sequence[RunSummary], language: str) -> None:
    """Print a run in two lines or three: the name of one is never folded, so that it can be copied."""
    console = Console(highlight=False)
    if not runs:
        console.print(NONE[language])
    for run in runs:
        console.print(
            Text.assemble(
                _standing(run.outcome, run.status, language, 12),
                f"{run.started_at:%Y-%m-%d %H:%MZ}  {run.device.model} {run.device.serial}  {run.plan.name}",
            ),
        )
        ticket = f"  {run.ticket}" if run.ticket else ""
        console.print(Text(f"            {run.run}{ticket}", "dim"), soft_wrap=True)
        found = [f"{FAILING[language]}: {', '.join(run.failing)}"] if run.failing else []
        found += [run.suspect.title.get(language, run.suspect.cause)] if run.suspect else []
        if found:
            console.print(Text(f"            {' · '.join(found)}", "yellow"))


def print_state(state: RunState, language: str) -> None:
    """Print how a run stands or how it ended: steps, readings, the question, the verdict and the suspects."""
    console = Console(highlight=False)
    device = f"{state.device.model} {state.device.serial}"
    head = f"{state.run} · {state.plan.name} v{state.plan.version} · {device} · {STATUS[state.status][language]}"
    console.print(Text(head, "bold"), soft_wrap=True)
    about = [f"{STARTED[language]} {state.started_at:%Y-%m-%d %H:%M:%SZ}"]
    about += [f"{TICKET[language]} {state.ticket}"] if state.ticket else []
    about += [state.operator] if state.operator else []
    console.print(Text(" · ".join(about), "dim"))
    for step in state.steps:
        title = step.title.get(language, step.step)
        console.print(Text.assemble(_standing(step.outcome, state.status, language, 10), title))
        if step.detail:
            console.print(Text(f"            {reason_in('en', step.detail)}", "dim"))
        for one in step.measurements:
            console.print(_measurement(one, language))
    if state.step is not None:
        title = state.step.title.get(language, state.step.step)
        console.print(Text(f"…         {title} ({state.step.index}/{state.step.total})"))
    if state.prompt is not None:
        console.print(Text(f"?         {state.prompt.text.get(language, '')}", "yellow"))
    if state.outcome is not None:
        console.print(
            Text.assemble(f"{OUTCOME[language]}: ", _standing(state.outcome, state.status, language), style="bold")
        )
    print_suspects(console, state.suspects, language)
    if state.fault:
        console.print(Text(state.fault, "red"))


def _measurement(one: Measurement, language: str) -> Text:
    limits = limits_text(one, language)
    verdict = one.verdict.value
    return Text.assemble(
        f"            {one.name} = {value_text(one, language)}",
        (f"  {LIMITS[language]} {limits}" if limits else "", "dim"),
        "  ",
        ("", "") if one.verdict is Verdict.NONE else (OUTCOMES[verdict][language], COLOURS[verdict]),
    )


def _standing(outcome: str | None, status: str, language: str, width: int = 0) -> tuple[str, str]:
    """Return the outcome, or how a run without one stands, in ``width`` cells of a terminal, and its colour."""
    from rich.cells import cell_len

    words = STATUS[status][language] if outcome is None else OUTCOMES[str(outcome)][language]
    return words + " " * (width - cell_len(words)), "yellow" if outcome is None else COLOURS[str(outcome)]
