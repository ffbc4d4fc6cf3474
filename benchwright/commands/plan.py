"""``benchwright plan``: check, show and run test plans."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright.commands import faults, golden
from benchwright.errors import UsageError
from benchwright.printing import print_document, print_json, say
from protocols.serial_numbers import NO_SERIAL
from tui.i18n import _

if TYPE_CHECKING:
    from edge_agent.plans.load import LoadedPlan

app = typer.Typer(add_completion=False, help="Check, show and run test plans.", no_args_is_help=True)
app.add_typer(golden.app, name="golden")
app.command("next")(faults.next_command)
app.command("learn-faults")(faults.learn_command)

PlanFile = Annotated[str, typer.Argument(help="A plan file, or the name of a plan that is shipped.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="Plan files (or names of shipped plans).")], as_json: AsJson = False
) -> None:
    """Check whole plans, and the firmware that they write, without any instrument; exit code 2 when one is wrong."""
    from edge_agent.plans.actions.firmware import images_of
    from edge_agent.plans.load import PlanError, find_plan, load_plan
    from tui.heard import heard

    results = []
    for name in files:
        try:
            loaded = load_plan(find_plan(name))
        except PlanError as error:
            results.append({"file": name, "ok": False, "problems": error.problems})
        else:
            plan = loaded.plan
            found = [f"{name}: {words}" for words in images_of(step for _, _, step in plan.steps())]
            results.append(
                {"file": name, "ok": False, "problems": found}
                if found
                else {"file": name, "ok": True, "plan": plan.plan, "version": plan.version, "sha256": loaded.sha256}
            )
    if as_json:
        print_json(results)
    for result in [] if as_json else results:
        if result["ok"]:
            words = _("{file}: sound, {plan} version {version}, {sha256}")
            say(words.format_map(result))
        for problem in result.get("problems", []):  # type: ignore[attr-defined]
            say(heard(problem), error=True)
    if not all(result["ok"] for result in results):
        raise typer.Exit(2)


@app.command()
def show(file: PlanFile, as_json: AsJson = False) -> None:
    """Show what a plan does: its steps, instruments and limits."""
    loaded = _load(file)
    if as_json:
        from benchwright.plan_view import plan_as_data

        print_json(plan_as_data(loaded))
        return
    from benchwright.plan_view import print_plan

    print_plan(loaded)


@app.command()
def schema(
    faults: Annotated[bool, typer.Option("--faults", help="The schema of fault dictionaries instead.")] = False,
) -> None:
    """Print the JSON Schema of plans, for editors and other programs."""
    from edge_agent.plans.schema import as_text, faults_schema, plan_schema

    print_document(as_text(faults_schema() if faults else plan_schema()))


@app.command()
def run(
    file: PlanFile,
    bench: Annotated[Path, typer.Option("--bench", help="bench.toml with the instruments.")],
    serial: Annotated[str, typer.Option("--serial", help="Serial number of the device.")] = NO_SERIAL,
    operator: Annotated[str | None, typer.Option("--operator", help="Who is at the bench.")] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="Folder for journal and captures; kept, so that a run can resume.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in --state.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm every connection without asking.")] = False,
    simulator: Annotated[
        Path | None, typer.Option("--simulator", help="Control socket of benchwright simulate: it moves the probes.")
    ] = None,
    skip_waits: Annotated[
        bool, typer.Option("--skip-waits", help="With --simulator: the time between rounds of a soak passes at once.")
    ] = False,
    learning: Annotated[
        bool, typer.Option("--learning", help="Without comparisons with good units: to learn from this one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a plan on the instruments of a bench, without hub or agent. Ctrl-C stops it with the outputs safe.

    Exit code 0: passed; 1: anything else.
    """
    from benchwright.plan_run import Request, run_plan

    if learning and serial == NO_SERIAL:
        raise UsageError("--learning needs --serial: what is learned from is so many units, not so many runs")
    if resume and state is None:
        raise UsageError("--resume needs --state: the folder of the run that was interrupted")
    if skip_waits and simulator is None:
        raise UsageError("--skip-waits needs --simulator: the time of a real device cannot be skipped")
    request = Request(
        plan=_load(file, learning=learning),
        bench=bench,
        serial=serial,
        operator=operator,
        state=state,
        resume=resume,
        yes=yes,
        simulator=simulator,
        as_json=as_json,
        skip_waits=skip_waits,
    )
    sys.exit(0 if run_plan(request) else 1)


def _load(name: str, *, learning: bool = False) -> "LoadedPlan":
    from edge_agent.plans.load import PlanError, find_plan, load_plan

    try:
        return load_plan(find_plan(name), learning=learning)
    except PlanError as error:
        raise UsageError(str(error)) from error
