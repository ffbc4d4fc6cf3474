"""``benchwright hub audit``: that nobody changed the history, and that nothing is missing at its end."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from benchwright.commands.hub_common import AsJson, Config, open_database
from benchwright.errors import UsageError, not_written
from benchwright.printing import print_json, say
from benchwright.terminal import Terminal
from tui.heard import heard
from tui.i18n import _

app = typer.Typer(no_args_is_help=True, help="Check the history of events.")
EXIT_BROKEN = 1


@app.command("verify")
def verify(
    config: Config = None,
    head: Annotated[
        str | None, typer.Option(help="A head's hash that you noted earlier: it has to be in the history still.")
    ] = None,
    head_file: Annotated[Path | None, typer.Option(help="The same, from the file that --note wrote.")] = None,
    note: Annotated[
        Path | None, typer.Option(help="Write the head to this file, for the next time; keep it elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute the chain of hashes anew: 0 when all is sound, 1 with the first event that is not."""
    from hub.core.clock import rfc3339
    from hub.events import auditing, queries

    noted = _noted(head, head_file)
    with open_database(config) as database, database.read() as session:
        newest = queries.newest(session)
        with Progress(console=Terminal(stderr=True), transient=True, disable=as_json or not sys.stderr.isatty()) as bar:
            task = bar.add_task(_("events"), total=newest.id if newest else None)
            report = auditing.look(session, noted_head=noted, progress=lambda count: bar.update(task, completed=count))
    broken = report.broken
    if as_json:
        found = broken and {
            "id": broken.id,
            "kind": broken.kind,
            "record": f"{broken.record_type} {broken.record_id}",
            "recorded_at": rfc3339(broken.recorded_at),
            "why": report.why,
        }
        print_json(
            {
                "sound": report.sound,
                "events": report.events,
                "head": report.head,
                "broken": found or None,
                "altered": report.altered,
                "head_found": report.head_found,
            }
        )
    elif broken is not None:
        about = f"{broken.kind}, {broken.record_type} {broken.record_id}, {rfc3339(broken.recorded_at)}"
        words = _("event {number} ({about}) is not sound: {why}; {count} events before it are")
        said = words.format(number=broken.id, about=about, why=heard(report.why or ""), count=report.events)
        say(said)
    else:
        words = _("{count} events fit together; head {head}")
        say(words.format(count=report.events, head=report.head))
    if not as_json:
        if report.altered:
            numbers = ", ".join(map(str, report.altered))
            words = _("the words of these events are not those that were written: {numbers}")
            say(words.format(numbers=numbers))
        if report.head_found is False:
            words = _("the head that was noted is not in the history: events were removed from its end")
            say(words)
    if not report.sound:
        raise typer.Exit(EXIT_BROKEN)
    if note is not None:
        try:
            note.write_text(f"{report.head}\n", encoding="utf-8")
        except OSError as error:
            raise not_written(f"--note {note}", error) from error


def _noted(head: str | None, file: Path | None) -> str | None:
    if file is not None:
        if head is not None:
            raise UsageError("give --head or --head-file, not both")
        try:
            head = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--head-file {file} cannot be read: {error}") from error
    if head is not None and (len(head) != 64 or set(head) - set("0123456789abcdef")):
        raise UsageError("the noted head is not a hash: 64 digits of 0-9 and a-f, as `audit verify` prints it")
    return head
