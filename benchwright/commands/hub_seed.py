"""``benchwright hub seed``: fill an empty database with a believable chain of stores."""

import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from benchwright.commands.hub_common import AsJson, Config, open_database
from benchwright.errors import UsageError
from benchwright.printing import print_json, say
from benchwright.terminal import Terminal
from tui import i18n
from tui.i18n import _


def seed(
    config: Config = None,
    seed_number: Annotated[int, typer.Option("--seed", help="The same number gives the same chain.")] = 1,
    stores: Annotated[int, typer.Option(min=1, max=500, help="Stores, each with two benches.")] = 5,
    staff: Annotated[int, typer.Option(min=1, max=5000, help="People with accounts, one of them the manager.")] = 21,
    devices: Annotated[int, typer.Option(min=1, max=1_000_000, help="Devices that customers own.")] = 2000,
    tickets: Annotated[int, typer.Option(min=0, max=1_000_000, help="Tickets of the year.")] = 1000,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day (UTC) of the year; left out: today.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password of all accounts; left out: a new one, shown once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fill an empty database with a made-up chain of stores and a year of its work, for demonstrations and benchmarks.

    Nothing that was made up is sent to anybody. A database that has records is refused.
    """
    from hub.core.problems import Problem
    from hub.core.settings import SettingsError, read_secret
    from hub.identity import passwords
    from hub.seed.filling import fill
    from hub.seed.scene import Size

    try:
        password = secrets.token_urlsafe(9) if password_file is None else read_secret(password_file)
        passwords.check(password, None)
    except SettingsError as error:
        raise UsageError(f"--password-file: {error}") from error
    except Problem as problem:
        raise UsageError(f"--password-file: {problem.sentence(i18n.language())}") from problem
    digest = passwords.digest(password)
    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    began_s = time.monotonic()
    with open_database(config) as database, Progress(console=Terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(_("a year of work"), total=1.0)
        with database.write() as session:
            counts = fill(
                session,
                size=Size(stores=stores, staff=staff, devices=devices, tickets=tickets),
                seed=seed_number,
                end=end,
                password_hash=digest,
                progress=lambda fraction: bar.update(task, completed=fraction),
            )
    took_s = round(time.monotonic() - began_s, 1)
    if as_json:
        shown = None if password_file else password
        print_json(
            {"seed": seed_number, "until": end.isoformat(), "rows": counts, "seconds": took_s, "password": shown}
        )
        return
    for name, count in counts.items():
        say(f"{count:>8} {name}")
    say(_("took {seconds} s").format(seconds=took_s))
    if password_file is None:
        words = _("all accounts have the password {password} (shown this once); `hub user list` names them")
        say(words.format(password=password))
