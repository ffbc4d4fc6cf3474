"""The ``benchwright`` command. A subcommand's module is imported only when it is called, so ``--help`` stays quick."""

import importlib
import re
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from benchwright.errors import UsageError
from benchwright.language import Language, speak_for_help, speak_of_environment, translate, with_language
from benchwright.printing import say
from drivers.errors import Misconfigured
from tui.i18n import N_, _

COMMANDS = {
    "agent": N_("Run and question the agent of this bench."),
    "analyze": N_("Read capture files and show what is in them."),
    "broker": N_("Write Mosquitto's configuration and run it."),
    "demo": N_("Watch one device being repaired, end to end."),
    "discover": N_("Look for instruments and propose a bench.toml."),
    "hub": N_("Serve the hub and look after its database."),
    "net": N_("Be the other end of a network measurement."),
    "plan": N_("Check, show and run test plans."),
    "profile": N_("Check and list driver profiles."),
    "simulate": N_("Run the simulated bench."),
    "tui": N_("Work at the bench in the terminal."),
    "verify": N_("Check every analysis on signals whose answer is known exactly."),
}
"""Name of each module in ``benchwright.commands`` and its line in the overview."""


class _LazyGroup(TyperGroup):
    """Shows every subcommand, and imports one when it is used."""

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return a name and its line of help: enough for the overview."""
        return TyperCommand(cmd_name, help=_(COMMANDS[cmd_name])) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is about to run (or to be completed)."""
        name, _shown, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        command = command_of(name)
        translate(command)
        return name, command, rest


def command_of(name: str) -> Any:
    """Import a subcommand and return it; its texts are English."""
    found: typer.Typer = importlib.import_module(f"benchwright.commands.{name}").app
    found.rich_markup_mode = "markdown"  # lines of a paragraph flow into the width of the terminal
    command = typer.main.get_command(found)
    command.name = name
    return with_language(command)


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, rich_markup_mode="rich")


@app.callback()
def _root(language: Language = "") -> None:
    """Benchwright: after-sales service from the probe on the board to the satisfied customer."""


def main() -> None:
    """Run the command line; bad input ends with one sentence and exit code 2."""
    speak_of_environment()
    speak_for_help(sys.argv[1:])
    command = typer.main.get_command(app)
    translate(command)
    try:
        code = command(standalone_mode=False)
    except (UsageError, Misconfigured) as error:
        sys.exit(_refused(str(error)))
    except TyperException as error:
        sys.exit(_refused(_words(error)))
    except typer.Abort:
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _words(error: TyperException) -> str:
    """Return what typer refuses, with the commands that there are where a wrong one resembles none."""
    words = error.format_message().replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    if context is not None and re.fullmatch(r"No such command '[^']*'\.", words):
        return f"{words} There are {', '.join(context.command.list_commands(context))}."
    return words


def _refused(words: str) -> int:
    """Say what is wrong, in the language in use; nothing where typer has shown the help instead."""
    from tui.heard import heard

    for line in words.splitlines():
        say(f"benchwright: {heard(line)}", error=True)
    return 2
