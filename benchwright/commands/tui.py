"""``benchwright tui``: the technician's bench in the terminal."""

import gc
import getpass
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchwright.errors import UsageError

app = typer.Typer(add_completion=False)
EXAMPLES = """Examples:

* `benchwright tui`: the only bench of this user

* `benchwright tui --operator "Han Meimei" --language zh-CN`

* `benchwright tui --socket /var/lib/benchwright/agent.sock`: one of several benches
"""


class ThemeName(StrEnum):
    """As ``tui.themes.THEMES``."""

    DARK = "dark"
    LIGHT = "light"
    HIGH_CONTRAST = "high-contrast"
    HIGH_CONTRAST_LIGHT = "high-contrast-light"


@app.command(epilog=EXAMPLES)
def tui(
    socket: Annotated[
        Path | None,
        typer.Option(
            "--socket", envvar="BENCHWRIGHT_SOCKET", help="The agent's socket; found by itself for one bench."
        ),
    ] = None,
    operator: Annotated[
        str | None, typer.Option("--operator", help="Who works at the bench (default: the login name).")
    ] = None,
    theme: Annotated[ThemeName, typer.Option("--theme", help="Colours at the start.")] = ThemeName.DARK,
) -> None:
    """Work at the bench in the terminal: tickets, test runs, instruments. It needs a running agent on this machine.

    F1 shows the keys, Ctrl+L changes the language, Ctrl+Q leaves; a test run goes on without the screen.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the screen needs a terminal for its input and its output (standard error); "
            "without one, benchwright agent status tells of the bench"
        )
    from tui import pictures
    from tui.app import BenchApp
    from tui.i18n import language

    pictures.prepare()
    app = BenchApp(socket, language=language(), operator=operator or getpass.getuser(), theme=theme.value)
    gc.freeze()  # what is loaded stays: looking through it for garbage takes 25 ms, also in the middle of a key press
    app.run()
