"""``make bench``: run every ``benchmarks/bench_*.py`` in a process of its own and print one table.

Each module has ``rows() -> Iterator[Row]``. A figure that misses its aim is shown, not an error: the exit code
is non-zero only when a benchmark could not run.
"""

import argparse
import importlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.row import Row

FOLDER = Path(__file__).parent
TIMEOUT_S = 600


def _run_here(module: str) -> None:
    """Print the rows of one module as JSON lines (the child's side)."""
    for row in importlib.import_module(f"benchmarks.{module}").rows():
        print(json.dumps(asdict(row)), flush=True)


def _run_apart(module: str) -> list[Row]:
    """Run one module in a fresh interpreter, so that no benchmark warms or burdens the next."""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--here", module],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        cwd=FOLDER.parent,
    )
    if child.returncode != 0:
        raise SystemExit(f"benchmarks/{module}.py ended with {child.returncode}:\n{child.stderr[-3000:]}")
    return [Row(**json.loads(line)) for line in child.stdout.splitlines() if line.startswith("{")]


def main() -> None:
    """Run all benchmarks, or those whose names contain one of the given words."""
    modules = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("words", nargs="*", help=f"of: {', '.join(modules)}")
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of a table")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        _run_here(arguments.here)
        return
    table = Table("", "figure", "measured", "aim", "note", title="Ratios and limits, measured in this run")
    console = Console(width=None if sys.stdout.isatty() else 160)
    for module in modules:
        if arguments.words and not any(word in module for word in arguments.words):
            continue
        console.print(f"[dim]{module} …[/]") if not arguments.json else None
        for row in _run_apart(module):
            if arguments.json:
                print(json.dumps({"benchmark": module, "reached": row.reached} | asdict(row)))
                continue
            sign = "≤" if row.better == "lower" else "≥"
            mark = "[green]✓[/]" if row.reached else "[yellow]✗[/]"
            table.add_row(mark, row.name, f"{row.measured:.3g} {row.unit}", f"{sign} {row.aim:g}", row.note)
    if not arguments.json:
        console.print(table)


if __name__ == "__main__":
    main()
