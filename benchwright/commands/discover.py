"""``benchwright discover``: what is connected to this machine, and the ``bench.toml`` that follows from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchwright.errors import UsageError, not_written
from benchwright.printing import print_document, print_json, say
from tui.i18n import _, pick

if TYPE_CHECKING:
    from drivers.discovery.findings import Finding
    from drivers.discovery.search import Scope

app = typer.Typer(add_completion=False)
EXAMPLES = """Examples:

* `benchwright discover`: what is connected, and a bench.toml for it

* `benchwright discover --write bench.toml`: the same, written to a new file

* `benchwright discover --bench bench.toml`: what this bench.toml does not have yet

* `benchwright discover --host 192.168.1.40 --no-serial`: ask this one on the network, and no serial port

* `benchwright discover --port /dev/ttyUSB0 --json`: ask this port, too; for a program
"""
EXIT_NOTHING_FOUND = 3


@app.command(epilog=EXAMPLES)
def discover(
    port: Annotated[list[str] | None, typer.Option("--port", help="A serial port that may be asked.")] = None,
    host: Annotated[list[str] | None, typer.Option("--host", help="A host, or host:port, that may be asked.")] = None,
    bench: Annotated[Path | None, typer.Option("--bench", help="Leave the addresses of this bench.toml alone.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the proposal here; the file must be new.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the bench in the proposal.")] = "bench-01",
    usb: Annotated[bool, typer.Option(help="Look at USB devices.")] = True,
    serial: Annotated[bool, typer.Option(help="Listen to, and ask, USB serial ports.")] = True,
    lan: Annotated[bool, typer.Option(help="Listen for instruments that announce themselves by mDNS.")] = True,
    listen: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds to listen at each line setting.")] = 1.2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for instruments; nothing is changed in any of them, and programmers are never opened.

    Serial ports are listened to first, and asked for their identity only when they are silent. On the network, only
    hosts that announce themselves, or that you name, are asked. Ctrl-C ends the search with what was found so far.
    Exit code 3: nothing was found.
    """
    from drivers.discovery.proposal import bench_toml
    from drivers.discovery.search import Scope, Search
    from drivers.errors import InstrumentError
    from drivers.registry import profiles

    if write is not None and write.exists():
        raise UsageError(f"{write} exists; name a new file, and merge by hand what you want of it")
    absent = [one for one in port or () if not Path(one).exists()]
    if absent:
        raise UsageError(f"there is no port {', '.join(absent)}; check the cable and the name")
    if files := [one for one in port or () if not Path(one).is_char_device()]:
        raise UsageError(f"{', '.join(files)}: this is no serial port; name one such as /dev/ttyUSB0")
    try:
        known = profiles()
        scope = Scope(usb, serial, lan, tuple(port or ()), tuple(host or ()), in_use=_in_use(bench), listen_s=listen)
        found = _search(scope, known, Search, quiet=as_json)
    except InstrumentError as error:
        raise UsageError(str(error)) from error
    text = bench_toml(name, found, known)
    if write is not None:
        try:
            write.write_text(text, encoding="utf-8")
        except OSError as error:
            raise not_written(write, error) from error
    if as_json:
        print_json({"findings": [_plain(one) for one in found], "bench_toml": text})
    else:
        print_findings(found)
        _say_silent(host or (), found)
        if write is None:
            print_document(text)
        else:
            say(_("written: {file}").format(file=write))
    if not found:
        raise typer.Exit(EXIT_NOTHING_FOUND)


def _search(scope: "Scope", known: Mapping[str, Any], search_type: Any, *, quiet: bool) -> tuple["Finding", ...]:
    """Run a search with a line of progress on a terminal; Ctrl-C ends it early."""
    import threading

    from benchwright.terminal import Terminal, styled

    console = Terminal(stderr=True)
    found: list[tuple[Finding, ...]] = []
    failed: list[BaseException] = []
    with console.status(_("looking for instruments …")) as status:

        def tell(fraction: float, text: str) -> None:
            status.update(styled(f"{_('looking for instruments …')} {fraction * 100:.0f} % ({text})"))

        search = search_type(scope, known, on_progress=None if quiet or not console.is_terminal else tell)

        def work() -> None:
            try:
                found.append(search.run())
            except Exception as error:  # noqa: BLE001 - raised again below, in the thread that asked
                failed.append(error)

        thread = threading.Thread(target=work, name="discover")
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.2)
        except KeyboardInterrupt:
            search.cancel()
            thread.join()
            say("benchwright: " + _("the search was ended early"), error=True)
    if failed:
        raise failed[0]
    return found[0]


def _in_use(bench: Path | None) -> dict[str, str]:
    from edge_agent.bench_config import BenchConfigError, load_bench_config

    if bench is None:
        return {}
    try:
        config = load_bench_config(bench)
    except BenchConfigError as error:
        raise UsageError(str(error)) from error
    return {instrument.address: role for role, instrument in config.instruments.items()}


def _plain(one: "Finding") -> dict[str, Any]:
    return {
        "address": one.address,
        "transport": one.transport,
        "place": one.place,
        "identity": one.identity,
        "confidence": one.confidence,
        "candidates": [
            {"profile": c.profile, "address": c.address, "confidence": c.confidence} for c in one.candidates
        ],
        "note": dict(one.note) if one.note else None,
        "in_use": one.in_use,
    }


def print_findings(found: Sequence["Finding"]) -> None:
    """Print what was found as a table, on standard error: standard output is for the ``bench.toml``."""
    from rich.table import Table

    from benchwright.terminal import Terminal

    table = Table()
    for heading in (_("Where"), _("Says"), _("Profile"), _("Confidence")):
        table.add_column(heading, overflow="fold")
    for one in found:
        said = one.identity or (_("in use as {role}").format(role=one.in_use) if one.in_use else pick(one.note or {}))
        profiles = "\n".join(candidate.profile for candidate in one.candidates)
        table.add_row(one.place, said, profiles, f"{one.confidence:g}" if one.candidates else "")
    console = Terminal(stderr=True)
    console.print(table if found else _("nothing was found; switch instruments on, or name --port and --host"))


def _say_silent(hosts: Sequence[str], found: tuple["Finding", ...]) -> None:
    """Name the hosts that were asked by name and gave no answer."""
    for host in hosts:
        if not any(is_at(one.address, host) for one in found):
            words = _("no instrument answered at {host}; check that it is switched on, and its address")
            say("benchwright: " + words.format(host=host), error=True)


def is_at(address: str, host: str) -> bool:
    """Return whether the address of a finding is at a host that was named and, where it names one, at its port."""
    from drivers.discovery.search import host_and_port

    name, port = host_and_port(host.lower())
    visa, modbus = f"tcpip::{name}::", f"modbus-tcp:{name}:"
    if port is None:
        return address.lower().startswith((visa, modbus))
    return address.lower().startswith((f"{visa}{port}::", f"{visa}hislip0,{port}::", f"{modbus}{port}?"))
