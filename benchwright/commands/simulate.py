"""``benchwright simulate``: a bench that is not there, on real wires."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from benchwright.errors import UsageError, not_written
from benchwright.printing import print_json, say
from tui.i18n import _, pick, titled

if TYPE_CHECKING:
    from drivers.simulated.bench import SimulatedBench
    from drivers.simulated.personality import PlayedBench
    from drivers.simulated.products import Product

Bench = TypeVar("Bench")
app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=False, rich_markup_mode="rich")


@app.callback()
def simulate(
    context: typer.Context,
    fault: Annotated[list[str] | None, typer.Option(help="Put this fault into the device; may be repeated.")] = None,
    product: Annotated[
        str, typer.Option(help="What is on the bench: plug, lamp, camera-supply, thermostat, speaker.")
    ] = "plug",
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Show the faults that exist, and stop.")] = False,
    write_bench: Annotated[
        Path | None, typer.Option(help="Write the bench's configuration for the agent here.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the bench in that file.")] = "bench-01",
    control: Annotated[Path | None, typer.Option(help="Listen on this unix socket for changes while it runs.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Folder for serial ports and the flash image.")] = None,
    unit: Annotated[
        int | None,
        typer.Option(min=1, help="A good unit of the product, by number: its parts within their tolerances."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all noise and of the instruments' errors.")] = 1,
    pace: Annotated[float, typer.Option(min=0.0, help="1: measurements take as long as in reality; 0: no time.")] = 0.0,
    personality: Annotated[
        list[str] | None,
        typer.Option(help="Play this driver profile in the place of the usual instruments; may be repeated."),
    ] = None,
    list_personalities: Annotated[
        bool, typer.Option("--list-personalities", help="Show the profiles that can be played, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print addresses (or faults) as one line of JSON.")] = False,
) -> None:
    """Run the simulated bench: a device with physics, and instruments that look at it and speak their real protocols.

    Every address shown can be used by the agent, and by any other program that speaks to such an instrument. Ctrl-C
    ends it.
    """
    if context.invoked_subcommand is not None:
        return
    if list_faults:
        _show_faults(_product(product), as_json)
        return
    if list_personalities:
        from drivers.simulated.personality import playable

        if as_json:
            print_json(playable(), indent=None)
        for one in [] if as_json else playable():
            say(one)
        return
    from drivers.simulated.bench import SimulatedBench
    from drivers.simulated.control import control_endpoint

    if write_bench is not None and write_bench.exists():
        raise UsageError(
            f"{write_bench} exists, and may be the configuration of a running bench; remove it, or name a new file"
        )
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if personality:
        if control is not None or pace:
            raise UsageError("a bench of personalities takes no time and has no control socket; leave both options out")
        from drivers.simulated.personality import PlayedBench

        with _made(
            lambda: PlayedBench(
                personality, faults=fault or (), seed=seed, directory=directory, product=_product(product)
            )
        ) as played:
            if write_bench is not None:
                _write_text(write_bench, played.bench_toml(name))
            _show_played(played, as_json)
            stopped.wait()
        return
    on_bench = _product(product)
    if unit is not None:
        from drivers.simulated.tolerances import unit as good_unit

        on_bench = good_unit(on_bench, unit)
    bench = _made(
        lambda: SimulatedBench(faults=fault or (), seed=seed, directory=directory, pace=pace, product=on_bench)
    )
    with ExitStack() as stack:
        stack.enter_context(bench)
        if control is not None:
            endpoint = control_endpoint(bench, control)
            try:
                endpoint.start()
            except OSError as error:
                raise UsageError(f"the control socket {control} cannot be opened: {error.strerror or error}") from error
            stack.callback(endpoint.stop)
        if write_bench is not None:
            _write_bench(bench, write_bench, name)
        _show_bench(bench, control, as_json)
        stopped.wait()


def _made(make: Callable[[], Bench]) -> Bench:
    """Make a bench; what cannot be played, and a folder that cannot be made, end in one sentence."""
    try:
        return make()
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"the folder {error.filename} cannot be made: {error.strerror}; give one where you may write"
        ) from error


@app.command("control")
def control_command(
    socket: Annotated[Path, typer.Argument(help="The control socket of the running bench.")],
    words: Annotated[
        list[str], typer.Argument(help="A JSON request, or words: inject leaky_ldo · connect meter TP_5V")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Change a running bench: state, faults, inject, repair, connect, misbehave, behave, knob, boot0, skip."""
    from drivers.simulated.control import ask

    request = _request(words)
    try:
        answer = ask(socket, request)
    except OSError as error:
        raise UsageError(
            f"no bench answers at {socket} ({error}); start one with: benchwright simulate --control {socket}"
        ) from error
    if not answer["ok"]:
        raise UsageError(answer["error"])
    if as_json or request["do"] in {"state", "faults"}:
        print_json(answer, indent=None)
        return
    state = answer["state"]
    faults = ", ".join(state["device"]["faults"]) or _("none")
    probes = ", ".join(f"{probe} → {point}" for probe, point in state["probes"].items())
    say(f"{titled(_('faults'), faults)}; {titled(_('probes'), probes)}")


def _product(name: str) -> "Product":
    from drivers.simulated.products import known_product

    try:
        return known_product(name)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise not_written(path, error) from error


def _show_played(bench: "PlayedBench", as_json: bool) -> None:
    if as_json:
        shown = {role: {"profile": p, "address": a} for role, (p, a) in bench.instruments.items()}
        print_json({"instruments": shown}, indent=None)
        return
    for role, (profile, address) in bench.instruments.items():
        say(f"{role:12} {profile:28} {address}")
    say(_("Ctrl-C ends it."))


def _request(words: list[str]) -> dict[str, Any]:
    """Return the request that the words mean."""
    from drivers.simulated.control import FIELDS

    if words[0].lstrip().startswith("{"):
        try:
            request = json.loads(" ".join(words))
        except ValueError as error:
            raise UsageError(f"the request is no JSON object: {error}") from error
        if not isinstance(request, dict) or request.get("do") not in FIELDS:
            raise UsageError(f'a request says what to do: {{"do": …}} with one of {", ".join(FIELDS)}')
        return request
    do, *values = words
    if do not in FIELDS:
        raise UsageError(f"cannot {do!r}; say one of {', '.join(FIELDS)}")
    if len(values) != len(FIELDS[do]):
        raise UsageError(f"{do} takes {len(FIELDS[do])} words ({' '.join(FIELDS[do]) or 'none'}), found {len(values)}")
    return {"do": do, **dict(zip(FIELDS[do], values, strict=True))}


def _write_bench(bench: "SimulatedBench", path: Path, name: str) -> None:
    try:
        bench.write_bench_toml(path, name)
    except OSError as error:
        raise not_written(path, error) from error


def _show_bench(bench: "SimulatedBench", control: Path | None, as_json: bool) -> None:
    if as_json:
        instruments = {
            role: {"profile": profile, "address": address, "others": list(bench.other_addresses.get(role, ()))}
            for role, (profile, address) in bench.instruments.items()
        }
        shown = {
            "device": {
                "model": bench.device.product.model,
                "serial": bench.device.serial,
                "faults": sorted(bench.device.faults),
            },
            "instruments": instruments,
            "control": str(control) if control is not None else None,
        }
        print_json(shown, indent=None)
        return
    from rich.table import Table

    from benchwright.terminal import Terminal

    faults = ", ".join(sorted(bench.device.faults)) or _("no fault")
    table = Table(title=f"{bench.device.product.model} {bench.device.serial} ({faults})", title_justify="left")
    for heading in (_("Role"), _("Profile"), _("Address"), _("Touches")):
        table.add_column(heading, overflow="fold")
    for role, (profile, address) in bench.instruments.items():
        probes = [f"{n}: {p.point}" for n, p in bench.wiring.probes.items() if n.partition(".")[0] == role]
        addresses = "\n".join((address, *bench.other_addresses.get(role, ())))
        table.add_row(
            role, profile, addresses, "\n".join(probes) if len(probes) > 1 else "".join(probes).partition(": ")[2]
        )
    console = Terminal()
    console.print(table)
    if control is not None:
        example = next(iter(bench.device.product.faults))
        console.print(
            titled(_("control"), f"benchwright simulate control {control} inject {example}"),
            soft_wrap=True,
        )
    console.print(_("Ctrl-C ends it."))
    sys.stdout.flush()


def _show_faults(product: "Product", as_json: bool) -> None:
    from drivers.simulated.control import describe_faults

    faults = describe_faults(product)
    if as_json:
        print_json(faults, indent=None)
        return
    from rich.table import Table

    from benchwright.terminal import Terminal

    table = Table()
    for heading in (_("Fault"), _("Part"), _("What it is"), _("How it looks on the bench")):
        table.add_column(heading, overflow="fold")
    for name, fault in faults.items():
        table.add_row(name, fault["part"], pick(fault["title"]), pick(fault["looks_like"]), end_section=True)
    Terminal().print(table)
