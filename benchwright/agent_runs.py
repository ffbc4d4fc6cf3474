"""Runs of a bench, in progress or long done, as people read them in a terminal."""

from collections.abc import Sequence

from rich.text import Text

from benchwright.plan_view import COLOURS, limits_text, print_suspects, value_text, verdict_text
from benchwright.terminal import Terminal, styled
from edge_agent.local_api.views import RunState, RunSummary
from protocols.messages.records import Measurement, Outcome, Verdict
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.words import OUTCOMES

STATUS = {
    "running": N_("in progress"),
    "asking": N_("asks"),
    "interrupted": N_("interrupted"),
    "finished": N_("ended"),
}


def print_runs(runs: Sequence[RunSummary]) -> None:
    """Print a run in two lines or three: the name of one is never folded, so that it can be copied."""
    console = Terminal()
    if not runs:
        console.print(_("No test has run on this bench yet (or none of this ticket or device)."))
    for run in runs:
        console.print(
            styled(
                _standing(run.outcome, run.status, 12),
                f"{run.started_at:%Y-%m-%d %H:%MZ}  {run.device.model} {run.device.serial}  {run.plan.name}",
            ),
        )
        ticket = f"  {run.ticket}" if run.ticket else ""
        console.print(f"            {run.run}{ticket}", style="dim", soft_wrap=True)
        found = [titled(_("out of limits or undecided"), ", ".join(run.failing))] if run.failing else []
        found += [pick(run.suspect.title, run.suspect.cause)] if run.suspect else []
        if found:
            console.print(f"            {' · '.join(found)}", style="yellow")


def print_state(state: RunState) -> None:
    """Print how a run stands or how it ended: steps, readings, the question, the verdict and the suspects."""
    console = Terminal()
    device = f"{state.device.model} {state.device.serial}"
    head = f"{state.run} · {state.plan.name} v{state.plan.version} · {device} · {_(STATUS[state.status])}"
    console.print(head, style="bold", soft_wrap=True)
    about = [f"{_('started')} {state.started_at:%Y-%m-%d %H:%M:%SZ}"]
    about += [f"{_('Ticket')} {state.ticket}"] if state.ticket else []
    about += [state.operator] if state.operator else []
    console.print(" · ".join(about), style="dim")
    for step in state.steps:
        console.print(styled(_standing(step.outcome, state.status, 10), pick(step.title, step.step)))
        if step.detail:
            console.print(f"            {heard(step.detail)}", style="dim")
        for one in step.measurements:
            console.print(_measurement(one))
    if state.step is not None:
        title = pick(state.step.title, state.step.step)
        console.print(f"…         {title} ({state.step.index}/{state.step.total})")
    if state.prompt is not None:
        console.print(f"?         {pick(state.prompt.text)}", style="yellow")
    if state.outcome is not None:
        console.print(styled(titled(_("Outcome"), ""), _standing(state.outcome, state.status), style="bold"))
    print_suspects(console, state.suspects)
    if state.fault:
        console.print(heard(state.fault), style="red")


def _measurement(one: Measurement) -> Text:
    limits = limits_text(one)
    return styled(
        f"            {one.name} = {value_text(one)}",
        (f"  {_('limits')} {limits}" if limits else "", "dim"),
        "  ",
        "" if one.verdict is Verdict.NONE else verdict_text(one.verdict),
    )


def _standing(outcome: Outcome | None, status: str, width: int = 0) -> tuple[str, str]:
    """Return the outcome, or how a run without one stands, in ``width`` cells of a terminal, and its colour."""
    from rich.cells import cell_len

    words = _(STATUS[status] if outcome is None else OUTCOMES[outcome])
    return words + " " * (width - cell_len(words)), "yellow" if outcome is None else COLOURS[outcome]
