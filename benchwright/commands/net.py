"""``benchwright net``: the other end of a throughput measurement."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from benchwright.errors import UsageError
from benchwright.printing import say
from tui.i18n import _

app = typer.Typer(help="The other end of network measurements.", no_args_is_help=True)


@app.callback()
def net() -> None:
    """The other end of network measurements."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "0.0.0.0",  # noqa: S104 - meant for others
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 finds a free one.")] = 5911,
) -> None:
    """Run a throughput target, for example on a computer behind the router under repair, until Ctrl-C."""
    from edge_agent.network.throughput import ThroughputTarget

    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        target = ThroughputTarget(host, port)
    except OSError as error:
        raise UsageError(f"{host} port {port} cannot be used: {error.strerror}; choose another with --port") from error
    with target:
        words = _("throughput target at {host} port {port}; Ctrl-C ends it")
        say(words.format(host=host, port=target.port))
        stopped.wait()
