"""``benchwright profile``: check and list driver profiles, and show their format."""

from pathlib import Path
from typing import Annotated

import typer

from benchwright.printing import print_json, say
from tui.i18n import _, pick

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check and list driver profiles.")

AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Profiles (YAML files).")], as_json: AsJson = False) -> None:
    """Check profiles without any instrument, and tell every mistake; exit code 2 when there is one."""
    from drivers.errors import Misconfigured
    from drivers.profile import BrokenProfile, load_profile
    from tui.heard import heard

    results: list[tuple[Path, list[str]]] = []
    for path in files:
        try:
            load_profile(path)
        except BrokenProfile as error:
            results.append((path, error.problems))
        except Misconfigured as error:
            results.append((path, [str(error)]))
        else:
            results.append((path, []))
    if as_json:
        found = [{"file": str(path), "ok": not problems, "problems": problems} for path, problems in results]
        print_json(found)
    else:
        for path, problems in results:
            for problem in problems:
                say(heard(problem), error=True)
            if not problems:
                say(_("{file}: sound").format(file=path))
    if any(problems for _, problems in results):
        raise typer.Exit(2)


@app.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles that this machine knows, with how their instruments are reached."""
    from drivers.registry import profiles

    known = list(profiles().values())
    if as_json:
        found = [
            {"name": one.name, "kind": one.capability, "title": one.title, "addresses": one.addresses} for one in known
        ]
        print_json(found)
        return
    for one in known:
        say(f"{one.name:24} {one.capability:20} {pick(one.title)}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of profiles, for editors and other programs."""
    from drivers.profile import json_schema

    print_json(json_schema())
