"""The ``benchwright`` command. A subcommand's module is imported only when it is called, so ``--help`` stays quick."""

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from benchwright.errors import UsageError

COMMANDS = {
    "agent": "Run and question the agent of this bench.",
    "analyze": "Read capture files and show what is in them.",
    "broker": "Write Mosquitto's configuration and run it.",
    "demo": "Watch one device being repaired, end to end.",
    "discover": "Look for instruments and propose a bench.toml.",
    "hub": "Serve the hub and look after its database.",
    "net": "Be the other end of a network measurement.",
    "plan": "Check, show and run test plans.",
    "profile": "Check and list driver profiles.",
    "simulate": "Run the simulated bench.",
    "tui": "Work at the bench in the terminal.",
    "verify": "Check every analysis on signals whose answer is known exactly.",
}
"""Name of each module in ``benchwright.commands`` and its line in the overview."""


class _LazyGroup(TyperGroup):
    """Shows every subcommand, and imports one when it is used."""

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return a name and its line of help: enough for the overview."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is about to run (or to be completed)."""
        name, _, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        found: typer.Typer = importlib.import_module(f"benchwright.commands.{name}").app
        found.rich_markup_mode = "markdown"  # lines of a paragraph flow into the width of the terminal
        command = typer.main.get_command(found)
        command.name = name
        return name, command, rest


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def _root() -> None:
    """Benchwright: after-sales service from the probe on the board to the satisfied customer."""


def main() -> None:
    """Run the command line; bad input ends with one sentence and exit code 2."""
    try:
        app()
    except UsageError as error:
        sys.stderr.write(f"benchwright: {error}\n")
        sys.exit(2)
