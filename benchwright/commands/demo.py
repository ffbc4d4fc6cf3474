"""``benchwright demo``: watch one device being repaired, end to end."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchwright.errors import UsageError
from tui import i18n

if TYPE_CHECKING:
    from benchwright.demo.processes import Processes
    from benchwright.demo.scene import Scene
    from benchwright.terminal import Terminal
    from drivers.simulated.products import Product

app = typer.Typer(add_completion=False)

DEFAULT_FAULT = "dried_capacitor"
CHECK_S = 0.5
"""How often a demonstration that was kept looks after its processes."""


@app.command()
def demo(
    product: Annotated[
        str, typer.Option(help="Which product: plug, lamp, camera-supply, thermostat, speaker.")
    ] = "plug",
    fault: Annotated[
        str, typer.Option(help="Fault of the device; benchwright simulate --list-faults --product …")
    ] = DEFAULT_FAULT,
    folder: Annotated[Path, typer.Option(help="Folder for databases and logs; made anew each time.")] = Path(
        ".benchwright/demo"
    ),
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Leave everything running and print the addresses, until Ctrl-C or until a process ends."
        ),
    ] = False,
    pictures: Annotated[Path | None, typer.Option(help="Folder for SVG pictures of what is shown.")] = None,
) -> None:
    """Repair one simulated device with real processes: broker, hub, bench agent and instruments on their own wires.

    A ticket, a failing test run, the suspected cause with its evidence, the repair, the passing retest, and every
    number at the hub. Exit code 0 only if all of that happened.
    """
    from rich.text import Text

    from benchwright.demo.desk import DeskError
    from benchwright.demo.processes import ProcessError, Processes
    from benchwright.demo.scene import build
    from benchwright.demo.story import Story
    from benchwright.demo.words import say
    from benchwright.terminal import Terminal
    from drivers.simulated.products import known_product
    from edge_agent.local_api.client import AgentError

    language = i18n.language()
    try:
        chosen = known_product(product)
    except ValueError as error:
        raise UsageError(f"--product: {error}") from error
    known = chosen.faults_found_by("functional")
    if fault not in known:
        raise UsageError(f"--fault {fault}: the device knows {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = Terminal(record=pictures is not None, width=120 if pictures or not sys.stdout.isatty() else None)
    began = time.monotonic()
    folder = folder.resolve()
    logs = folder.parent / f"{folder.name}-logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(0, "it is a file")
    except OSError as error:
        raise UsageError(
            f"--folder {folder} cannot be used: {error.strerror}; name a folder that you may write"
        ) from error
    with _held(folder), Processes(logs) as processes:
        console.rule(Text(say("scene", language), "bold cyan"), align="left")
        try:
            scene = build(folder, processes, [fault], product=chosen.key)
            good = Story(scene, chosen, fault, console, language, pictures).tell()
        except (ProcessError, DeskError, AgentError) as error:
            console.print(str(error), style="red")
            raise typer.Exit(1) from error
        console.print(say("took", language, seconds=time.monotonic() - began), style="dim")
        if keep:
            good = _keep(scene, processes, chosen, console, language) and good
    raise typer.Exit(0 if good else 1)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    from benchwright.demo.processes import ProcessError
    from benchwright.demo.scene import claimed

    with ExitStack() as stack:
        try:
            stack.enter_context(claimed(folder))
        except ProcessError as error:
            raise UsageError(str(error)) from error
        yield


def _keep(
    scene: "Scene",
    processes: "Processes",
    product: "Product",
    console: "Terminal",
    language: i18n.Language,
) -> bool:
    """Leave a ticket to be worked on, print where everything is, move probes when a test asks, wait for Ctrl-C.

    Return whether it came to that: when a process ends by itself, the demonstration says which and ends, too.
    """
    from benchwright.demo.kept import SECOND_FAULT, Hand, leave_ticket
    from benchwright.demo.processes import ProcessError
    from benchwright.demo.words import say

    socket, key = scene.agent_socket, scene.staff_key
    known = product.faults_found_by("functional")
    fault = SECOND_FAULT if SECOND_FAULT in known else known[0]
    plan = f"{product.slug}-functional"
    ticket, serial = leave_ticket(scene, model=product.model, plan=plan, symptom=say("symptom", language), fault=fault)
    console.print(f"""
{say("kept", language)}
  {scene.hub_url}/docs
  curl -H "Authorization: Bearer $(cat {key})" {scene.hub_url}/api/v1/tickets
  benchwright agent status --socket {socket}
  benchwright tui --socket {socket} --language {language}
     {say("try_it", language, ticket=ticket, serial=serial)}
  benchwright simulate control {scene.control_socket} repair {fault}
     {say("mend_it", language)}
""", soft_wrap=True)  # fmt: skip
    hand = Hand(scene, lambda role, point: console.print(f"{role} → {point}", style="dim"))
    try:
        while True:
            processes.check()
            time.sleep(CHECK_S)
    except KeyboardInterrupt:
        return True
    except ProcessError as error:
        console.print(say("died", language), style="red")
        console.print(str(error), style="red")
        return False
    finally:
        hand.stop()
