"""``benchwright plan golden``: masks learned from good units, by product model and plan version."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchwright.errors import UsageError

app = typer.Typer(help="Learn what good units look like, and show what was learned.", no_args_is_help=True)
Store = Annotated[Path, typer.Option("--store", help="Folder of the masks.")]
DEFAULT_STORE = Path(".benchwright/golden")


@app.command()
def learn(
    plan: Annotated[str, typer.Argument(help="A plan file, or the name of a plan that is shipped.")],
    step: Annotated[str, typer.Argument(help="The step whose captures are compared.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Capture files, one a good unit.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="waveform, spectrum, response, vi or heat.")] = "waveform",
    of: Annotated[list[str] | None, typer.Option("--of", help="Channel (ch1); twice for response and vi.")] = None,
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", help="Folder of plan run --state: its passed runs of this plan.")
    ] = None,
    false_reject: Annotated[
        float, typer.Option(min=1e-6, max=0.5, help="Share of good units that may be refused.")
    ] = 0.01,
    output: Annotated[Path | None, typer.Option(help="Also write the mask here, to lie beside a plan.")] = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Learn a mask from at least five good units; plans use it: analyse golden_mask or golden_heat, reference."""
    from edge_agent.analysis.features import MaskKind
    from edge_agent.golden_learning import captures_of_good_runs, learn_step
    from edge_agent.golden_store import GoldenError, GoldenStore
    from edge_agent.plans.load import PlanError, find_plan, load_plan

    if kind not in set(MaskKind):
        raise UsageError(f"there is no kind {kind!r}; there are {', '.join(MaskKind)}")
    try:
        loaded = load_plan(find_plan(plan))
        units = [(path.name, path.read_bytes()) for path in files or ()]
        for state in runs or ():
            units += captures_of_good_runs(state, loaded, step, MaskKind(kind))
        golden = GoldenStore(store)
        entry = learn_step(loaded, step, MaskKind(kind), units, golden, channels=of or (), false_reject=false_reject)
        if output is not None:
            output.write_bytes(golden.read(entry.sha256))
    except (PlanError, GoldenError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    typer.echo(json.dumps(_described(golden, entry), indent=2))


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
    typer.echo(json.dumps(shown, indent=2))


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
