"""``benchwright hub backup``: make backups, check them, restore them, and drill the restore (S2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright.commands.hub_common import AsJson, Config, open_database, read_settings
from benchwright.errors import UsageError
from benchwright.printing import print_json, say
from benchwright.terminal import Terminal, folded_table
from tui.heard import heard
from tui.i18n import _, ngettext

if TYPE_CHECKING:
    from hub.core.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Back the hub up to another place, and restore it.")
EXIT_BROKEN = 1
Where = Annotated[Path | None, typer.Option("--to", "--from", help="Folder of the backups; else backup_dir.")]
Name = Annotated[str | None, typer.Argument(help="The backup, from `backup list`; left out: the newest.")]


@contextmanager
def _settings(config: Path | None, folder: Path | None) -> Iterator["Settings"]:
    from hub.backup.manifest import BackupError

    with read_settings(config) as settings:
        try:
            yield settings if folder is None else settings.model_copy(update={"backup_dir": folder})
        except BackupError as error:
            raise UsageError(str(error)) from error


@app.command("create")
def create(config: Config = None, folder: Where = None, as_json: AsJson = False) -> None:
    """Make a backup now; the hub may go on working."""
    from hub.backup import service
    from hub.core.version import VERSION
    from hub.identity.actors import command_line_actor

    with _settings(config, folder) as settings, open_database(config) as database:
        made = service.create(settings, VERSION)
        service.note(database, command_line_actor(), "backup.created", made)
    if as_json:
        print_json(made.model_dump(mode="json", exclude={"files"}) | {"files": len(made.files)})
    else:
        words = _("{name}: {events} events, {files} files, {size} bytes; head {head}")
        _say(words, name=made.name, events=made.content.events, files=len(made.files), size=made.size,
             head=made.content.head)  # fmt: skip


@app.command("list")
def list_backups(config: Config = None, folder: Where = None, as_json: AsJson = False) -> None:
    """List the backups, the newest first."""
    from hub.backup import service

    with _settings(config, folder) as settings:
        found = [service.get(settings, name) for name in service.names(settings)]
    if as_json:
        print_json([one.model_dump(mode="json", exclude={"files"}) | {"files": len(one.files)} for one in found])
        return
    table = folded_table(_("Backup"), _("Database"), _("Revision"), _("Events"), _("Files"), _("Bytes"))
    for one in found:
        cells = (one.database, one.content.revision, one.content.events, len(one.files), one.size)
        table.add_row(one.name, *map(str, cells))
    Terminal().print(table)


@app.command("verify")
def verify(name: Name = None, config: Config = None, folder: Where = None) -> None:
    """Read every byte of a backup: 0 when it is what its manifest says, 1 with everything that is not."""
    from hub.backup import service

    with _settings(config, folder) as settings:
        found = service.get(settings, name)
        wrong = list(service.problems(settings, found))
    for sentence in wrong:
        say(heard(str(sentence)))
    if wrong:
        raise typer.Exit(EXIT_BROKEN)
    _say(_("{name} is sound: {files} files, {size} bytes"), name=found.name, files=len(found.files), size=found.size)


@app.command("restore")
def restore(name: Name = None, config: Config = None, folder: Where = None) -> None:
    """Bring a backup into the empty data_dir and database of the settings, and prove it."""
    from hub.backup import service

    with _settings(config, folder) as settings:
        found = service.restore(settings, settings, name)
    words = _("{name} is restored: {events} events to head {head}")
    _say(words, name=found.name, events=found.content.events, head=found.content.head)


@app.command("drill")
def drill(name: Name = None, config: Config = None, folder: Where = None, as_json: AsJson = False) -> None:
    """Restore a backup to a place that is thrown away, and prove it by its rows and the chain of its events."""
    from hub.backup import service
    from hub.identity.actors import command_line_actor

    with _settings(config, folder) as settings, open_database(config) as database:
        done = service.drill(settings, name)
        service.note(database, command_line_actor(), "backup.proven", service.get(settings, done.name))
    rows = sum(done.content.rows.values())
    if as_json:
        print_json(
            {"name": done.name, "rows": rows, "events": done.content.events, "head": done.content.head,
             "seconds": round(done.seconds, 3)}
        )  # fmt: skip
    else:
        words = _(
            "{name} restores in {seconds:.1f} s: {rows} rows, {events} events, the chain holds to its head {head}"
        )
        _say(words, name=done.name, seconds=done.seconds, rows=rows, events=done.content.events,
             head=done.content.head)  # fmt: skip


@app.command("thin-out")
def thin_out(config: Config = None, folder: Where = None) -> None:
    """Remove backups that the settings do not keep any more."""
    from hub.backup import service

    with _settings(config, folder) as settings:
        removed = service.thin_out(settings)
    _say(ngettext("{count} backup removed", "{count} backups removed", removed), count=removed)


def _say(words: str, **values: object) -> None:
    say(words.format(**values))
