"""``benchwright plan golden``: masks learned from good units, by product model and plan version."""

from pathlib import Path
from typing import Annotated, Any

import typer

from benchwright.errors import UsageError
from benchwright.printing import print_json

app = typer.Typer(help="Learn what good units look like, and show what was learned.", no_args_is_help=True)
Store = Annotated[Path, typer.Option("--store", help="Folder of the masks.")]
DEFAULT_STORE = Path(".benchwright/golden")


@app.command()
def learn(
    plan: Annotated[str, typer.Argument(help="A plan file, or the name of a plan that is shipped.")],
    step: Annotated[
        str | None, typer.Argument(help="The step whose captures are compared; all that the plan compares if left out.")
    ] = None,
    files: Annotated[list[Path] | None, typer.Argument(help="Capture files, one a good unit.")] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="With STEP: waveform (if left out), spectrum, response, vi or heat.")
    ] = None,
    of: Annotated[
        list[str] | None, typer.Option("--of", help="With STEP: channel (ch1); twice for response and vi.")
    ] = None,
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", help="Folder of plan run --state: its passed runs of this plan.")
    ] = None,
    false_reject: Annotated[
        float, typer.Option(min=1e-6, max=0.5, help="Share of good units that may be refused.")
    ] = 0.01,
    output: Annotated[
        Path | None,
        typer.Option(help="Also write the mask here, to lie beside a plan; without STEP, the folder for all of them."),
    ] = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Learn masks from at least five good units; plans use them: analyse golden_mask or golden_heat, reference."""
    from edge_agent.analysis.features import MaskKind
    from edge_agent.golden_learning import File, captures_of_good_runs, learn_step, load_subject
    from edge_agent.golden_store import GoldenError, GoldenStore
    from edge_agent.plans.load import PlanError, find_plan

    if step is None and (kind is not None or of):
        raise UsageError("--kind and --of say how one step is compared; name the STEP after the plan")
    kind = kind or MaskKind.WAVEFORM
    if kind not in set(MaskKind):
        raise UsageError(f"there is no kind {kind!r}; there are {', '.join(MaskKind)}")
    golden, learned = GoldenStore(store), []
    try:
        subject = load_subject(find_plan(plan))
        if step is not None and Path(step).is_file() and step not in {one.id for _, _, one in subject.plan.steps()}:
            raise UsageError(f"{step} is a file, where the STEP belongs; name the step before the capture files")
        wanted = [(step or "", MaskKind(kind), tuple(of or ()), output)]
        if step is None:
            uses = subject.uses()
            places = [None if output is None else output / use.reference for use in uses]
            wanted = [(use.step.id, use.kind, use.channels, at) for use, at in zip(uses, places, strict=True)]
        for name, sort, channels, place in wanted:
            units = [File(path.name, path.read_bytes(), str(path)) for path in files or ()]
            for state in runs or ():
                units += captures_of_good_runs(state, subject, name, sort)
            if runs:  # a unit can have been run in more than one folder
                units = list({file.unit: file for file in units}.values())
            entry = learn_step(subject, name, sort, units, golden, channels=channels, false_reject=false_reject)
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(golden.read(entry.sha256))
            learned.append(_described(golden, entry))
    except (PlanError, GoldenError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"{error.filename}: {error.strerror}; give a file that you may read, or a folder that exists and is yours"
        ) from error
    print_json(learned if step is None else learned[0])


@app.command()
def show(
    sha256: Annotated[str | None, typer.Argument(help="Beginning of a mask's hash; all masks if left out.")] = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Show the masks of a store as JSON: for which model, plan version and step, and how far they can be trusted."""
    from edge_agent.golden_store import GoldenError, GoldenStore

    golden = GoldenStore(store)
    try:
        wanted = [entry for entry in golden.newest() if entry.sha256.startswith(sha256 or "")]
        if sha256 is not None and not wanted:
            raise UsageError(f"{store} holds no mask whose hash begins with {sha256!r}")
        shown = [_described(golden, entry) for entry in wanted]
    except GoldenError as error:
        raise UsageError(str(error)) from error
    print_json(shown)


def _described(golden: Any, entry: Any) -> dict[str, Any]:
    import msgspec

    mask = golden.mask(entry.sha256)
    return {
        **msgspec.to_builtins(entry),
        "points": len(mask.axis),
        "unit": mask.unit,
        "limit_in_spreads": round(mask.limit, 3),
        "good_units": mask.units,
        "false_reject": mask.false_reject,
        "refused_when_left_out": mask.refused,
        "false_reject_at_most_with_95_percent_confidence": round(mask.false_reject_bound, 4),
    }
