"""What the commands of the hub share: its settings and its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright.errors import UsageError
from tui import i18n

if TYPE_CHECKING:
    from hub.core.database import Database
    from hub.core.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings in TOML; the environment (BENCHWRIGHT_HUB_…) goes before it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LogLevel = Annotated[str, typer.Option(help="debug, info, warning or error.")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line.")]


@contextmanager
def read_settings(config: Path | None) -> Iterator["Settings"]:
    """Give the settings; whatever is wrong with them or the database's place, or is refused, ends in one sentence.

    What a command of the hub writes is for its own user of the system alone.
    """
    from sqlalchemy.exc import OperationalError

    from hub.core.private import for_this_user_alone
    from hub.core.problems import Problem
    from hub.core.settings import SettingsError, load_settings

    try:
        with for_this_user_alone():
            yield load_settings(config)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    except OperationalError as error:
        raise UsageError(f"the database cannot be used: {error.orig}") from error
    except Problem as problem:
        raise UsageError(problem.sentence(i18n.language())) from problem


@contextmanager
def open_database(config: Path | None) -> Iterator["Database"]:
    """Give the database, ready for use."""
    from hub.core import migrate as migrations
    from hub.core.database import Database

    with read_settings(config) as settings:
        migrations.prepare(settings.url)
        database = Database(settings.url)
        try:
            yield database
        finally:
            database.close()
