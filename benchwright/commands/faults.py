"""``benchwright plan next`` and ``learn-faults``: what to measure next, and what finished runs teach the dictionary."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright.errors import UsageError, not_written
from benchwright.printing import print_document, print_json, say
from tui.i18n import _, ngettext, pick

if TYPE_CHECKING:
    from edge_agent.plans.diagnosis import FaultDictionary
    from edge_agent.plans.load import LoadedPlan
    from protocols.messages.records import Body

PlanFile = Annotated[str, typer.Argument(help="A plan file, or the name of a plan that is shipped.")]
Runs = Annotated[list[Path], typer.Option("--runs", help="Folder of plan run --state; may be repeated.")]

_UNANSWERED = ("skipped", "error", "timeout")
"""Outcomes after which a step is still worth doing."""


def next_command(
    plan: PlanFile,
    runs: Runs,
    as_json: Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")] = False,
) -> None:
    """Say whom the last run of the plan suspects, and which of its steps would tell most for its cost."""
    from edge_agent.plans.diagnosis import diagnose, evidence
    from edge_agent.plans.elimination import worths
    from protocols.messages.records import RunStarted, StepFinished

    loaded = _load(plan)
    faults = _faults(loaded)
    bodies = _bodies(runs)
    last = next((b for b in reversed(bodies) if isinstance(b, RunStarted) and b.plan.name == loaded.plan.plan), None)
    if last is None:
        raise UsageError(f"there is no run of {loaded.plan.plan} in {', '.join(map(str, runs))}")
    steps = {b.step: b for b in bodies if isinstance(b, StepFinished) and b.run == last.run}
    measured = evidence(steps.values())
    left = [step for _, _, step in loaded.plan.steps() if step.id not in steps or steps[step.id].outcome in _UNANSWERED]
    suspects, found = diagnose(faults, measured), worths(faults, left, measured)
    if as_json:
        shown = {
            "run": last.run,
            "suspects": [{"cause": one.cause, "evidence": one.evidence} for one in suspects],
            "next": [
                {"step": one.step.id, "bits": one.bits, "cost_s": one.cost_s, "words": one.words()} for one in found
            ],
        }
        print_json(shown)
        return
    for number, suspect in enumerate(suspects, start=1):
        say(f"{number}. {pick(suspect.title, suspect.cause)}")
        for words in suspect.evidence:
            say(f"   – {pick(words)}")
    for worth in found[:5]:
        say(f"→ {pick(worth.step.title.as_dict(), worth.step.id)}: {pick(worth.words())}")
    if not suspects:
        say(_("nothing has failed"))


def learn_command(
    plan: PlanFile,
    runs: Runs,
    cause: Annotated[
        list[str] | None, typer.Option("--cause", help="RUN, SERIAL or TICKET=cause; tickets' findings count already.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the new dictionary here, not to the terminal.")] = None,
) -> None:
    """Extend a plan's fault dictionary by finished runs whose cause is known."""
    from edge_agent.fault_learning import as_yaml, causes_of_tickets, learn, runs_of

    loaded = _load(plan)
    faults = _faults(loaded)
    bodies = _bodies(runs)
    causes = causes_of_tickets(bodies)
    for one in cause or ():
        name, equals, value = one.rpartition("=")
        if not equals or not name or not value:
            raise UsageError(f"--cause {one}: write it as SERIAL=cause, like SP100-0001=leaky_ldo")
        causes[name] = value
    lesson = learn(faults, runs_of(bodies, loaded.plan.plan), causes)
    if not lesson.runs:
        raise UsageError("no failing run has a known cause; name one with --cause SERIAL=cause")
    text = as_yaml(lesson.dictionary)
    if output is None:
        print_document(text)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise not_written(output, error) from error
    for name, count in lesson.runs.items():
        counted = ngettext("{name}: {count} run", "{name}: {count} runs", count).format(name=name, count=count)
        say(counted + (_(" (new: give it words)") if name in lesson.new else ""), error=True)


def _load(name: str) -> "LoadedPlan":
    from edge_agent.plans.load import PlanError, find_plan, load_plan

    try:
        return load_plan(find_plan(name))
    except PlanError as error:
        raise UsageError(str(error)) from error


def _faults(loaded: "LoadedPlan") -> "FaultDictionary":
    if loaded.faults is None:
        raise UsageError(f"the plan {loaded.plan.plan} has no fault dictionary; add the key faults")
    return loaded.faults


def _bodies(folders: list[Path]) -> "list[Body]":
    from edge_agent.spool import Spool, SpoolError
    from protocols.messages import codec
    from protocols.messages.records import Record

    found: list[Body] = []
    for folder in folders:
        journal = next((path for name in ("journal.sqlite", "spool.db") if (path := folder / name).is_file()), None)
        if journal is None:
            raise UsageError(f"{folder} is no folder of runs: it holds no journal.sqlite")
        try:
            with Spool(journal) as spool:
                found += [codec.decode(one.encoded, Record).body for one in spool.pending(1_000_000, 1 << 40)]
        except SpoolError as error:
            raise UsageError(str(error)) from error
    return found
