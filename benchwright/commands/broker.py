"""``benchwright broker``: write Mosquitto's configuration and run it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchwright.errors import UsageError
from benchwright.printing import print_json, say
from tui.i18n import _

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Write Mosquitto's configuration and run it.")

Folder = Annotated[Path, typer.Option("--dir", "-d", help="The broker's folder.")]
DEFAULT_FOLDER = Path(".benchwright/broker")


@app.command()
def configure(
    *,
    folder: Folder = DEFAULT_FOLDER,
    bench: Annotated[list[str] | None, typer.Option(help="Give this bench an account; may be repeated.")] = None,
    revoke: Annotated[list[str] | None, typer.Option(help="Take this bench's account away; may be repeated.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; at first 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; at first 1883.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="Key of the certificate (PEM).")] = None,
    user: Annotated[str | None, typer.Option(help="Account that Mosquitto keeps when root starts it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write the configuration. What is there and not named stays as it is; a running broker is told of new accounts."""
    from rich.cells import set_cell_size

    from hub.broker import HUB_USER, BrokerError, present_listener
    from hub.broker import configure as write

    try:
        given = {"host": host, "port": port, "certificate": certificate, "key": key, "user": user}
        changes = {name: value for name, value in given.items() if value is not None}
        listener = replace(present_listener(folder), **changes)  # type: ignore[arg-type]  # typer has checked them
        written = write(folder, listener, bench or [], revoke or [])
    except BrokerError as error:
        raise UsageError(str(error)) from error
    scheme = "mqtts" if listener.certificate else "mqtt"
    url = f"{scheme}://{'127.0.0.1' if listener.host == '0.0.0.0' else listener.host}:{listener.port}"  # noqa: S104
    if as_json:
        files = {name: str(path) for name, path in written.credentials.items()}
        found = {"config": str(written.config), "mqtt": url, "credentials": files, "reloaded": written.reloaded}
        print_json(found)
        return
    lines = [(_("configuration"), str(written.config)), (_("broker"), url)]
    account = _("username {name}, password in {file}")
    for name, path in written.credentials.items():
        lines.append((_("hub") if name == HUB_USER else _("bench"), account.format(name=name, file=path)))
    for label, words in lines:
        say(f"{set_cell_size(label, 14)} {words}")
    if written.reloaded:
        say(_("The running broker has been told."))


@app.command()
def run(folder: Folder = DEFAULT_FOLDER) -> None:
    """Become Mosquitto with the folder's configuration, until it is stopped."""
    from hub.broker import BrokerError
    from hub.broker import run as become

    try:
        become(folder)
    except BrokerError as error:
        raise UsageError(str(error)) from error
