"""``benchwright verify``: every analysis on a signal whose answer is known exactly."""

import sys
from typing import Annotated

import typer

from benchwright.errors import UsageError
from benchwright.printing import print_json
from tui.i18n import N_, _

app = typer.Typer(add_completion=False, help="Check every analysis on signals whose answer is known exactly.")
HEADINGS = (N_("Analysis"), N_("Signal"), N_("Truth"), N_("Ours"), N_("Error"), N_("Target"))


@app.command()
def verify(
    words: Annotated[list[str] | None, typer.Argument(help="Only analyses whose names contain one of these.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show truth, our value, error and target of each case; exit code 1 when a case misses its target."""
    from benchwright.verification.report import CASES, results

    chosen = tuple(
        case for case in CASES if not words or any(word.casefold() in case.analysis.casefold() for word in words)
    )
    if not chosen:
        raise UsageError(f"no analysis has {' or '.join(words or ())} in its name; leave the words out to see them all")
    found = list(results(chosen))
    if as_json:
        print_json([result.data() for result in found])
    else:
        from rich.table import Table
        from rich.text import Text

        from benchwright.terminal import Terminal

        table = Table("", *map(_, HEADINGS), title=_("Exact cases"))
        for result in found:
            case, one = result.case, result.found
            table.add_row(
                Text("✓", "green") if result.reached else Text("✗", "red"),
                case.analysis,
                case.signal,
                f"{one.truth:.7g} {case.unit}",
                f"{one.ours:.7g} {case.unit}",
                f"{one.error:.2g}",
                f"≤ {case.target:g} {case.target_unit}",
            )
        Terminal(width=None if sys.stdout.isatty() else 160).print(table)
    if not all(result.reached for result in found):
        raise typer.Exit(1)
