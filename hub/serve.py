"""The hub's processes: HTTP with ingest beside it, or either alone."""

import errno
import logging
import signal
import socket
import threading
from contextlib import ExitStack
from types import FrameType

from hub.core import migrate
from hub.core.database import Database
from hub.core.settings import Settings, SettingsError
from hub.jobs.scheduler import Scheduler
from hub.measurements.ingest.worker import Ingest
from hub.mqtt import Endpoint
from hub.notifications.channels import load_channels

log = logging.getLogger(__name__)

STOP_TIMEOUT_S = 10
BACKLOG = 2048
_NOT_OF_THIS_MACHINE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def serve(settings: Settings, *, ingest: bool = True) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in hand are finished, the ingest's group is committed."""
    import uvicorn

    from hub.app import create_app

    load_channels(settings)  # a mistake in it is told now, not by a job
    with ExitStack() as stack:
        held = [stack.enter_context(one) for one in hold(settings.host, settings.port)]
        migrate.prepare(settings.url)
        app = create_app(settings, ingest_workers=settings.ingest_workers if ingest else 0, jobs=settings.jobs)
        places = [one.getsockname()[:2] for one in held]
        urls = " and ".join(f"http://{f'[{host}]' if ':' in host else host}:{port}" for host, port in places)
        log.info("the hub serves %s (its description at /docs)", urls)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            backlog=BACKLOG,
        )
        uvicorn.Server(config).run(sockets=held)


def hold(host: str, port: int) -> list[socket.socket]:
    """Listen at every address that a host has, so that no other program can have the port meanwhile.

    Port 0 is any free one, the same at all addresses. An address that the name has and this machine has not, such as
    ``::1`` where IPv6 is off, is left out as long as there is another. Raise ``SettingsError`` when the port is not to
    be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise SettingsError(f"{host} is no address to listen at ({error.strerror}); give one with --host") from error
    held: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, place in dict.fromkeys((family, place) for family, _, _, _, place in found):
            chosen = held[0].getsockname()[1] if held else port
            try:
                held.append(_listening(family, (place[0], chosen, *place[2:]), alone=len(found) > 1))
            except OSError as error:
                if error.errno not in _NOT_OF_THIS_MACHINE:
                    raise
                missing = error
        if missing is not None and not held:
            raise missing
    except OSError as error:
        for one in held:
            one.close()
        remedy = "choose another with --host and --port"
        if error.errno == errno.EADDRINUSE:
            remedy = "choose another with --port, or end the program that has it"
        raise SettingsError(f"{host} port {port} cannot be listened at: {error.strerror}; {remedy}") from error
    return held


def _listening(family: int, place: tuple[object, ...], *, alone: bool) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer takes 40 ms.
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and alone:  # or it would take the port of the IPv4 addresses, too
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(place)
        one.listen(BACKLOG)  # a bound socket alone keeps nobody else from binding
    except OSError:
        one.close()
        raise
    return one


def run_ingest(settings: Settings) -> None:
    """Run the ingest alone until SIGTERM or SIGINT."""
    endpoint = Endpoint.of(settings)
    if endpoint is None:
        raise SettingsError("the ingest needs a broker; set mqtt, e.g. BENCHWRIGHT_HUB_MQTT=mqtt://127.0.0.1:1883")
    migrate.prepare(settings.url)
    database = Database(settings.url)
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    workers = [Ingest(database, endpoint, f"ingest-{n}") for n in range(settings.ingest_workers)]
    for worker in workers:
        worker.start()
    stopping.wait()
    for worker in workers:
        worker.stop()
    database.close()


def run_jobs(settings: Settings) -> None:
    """Run the jobs alone until SIGTERM or SIGINT."""
    load_channels(settings)
    migrate.prepare(settings.url)
    database = Database(settings.url)
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler = Scheduler(database, settings)
    scheduler.start()
    stopping.wait()
    scheduler.stop()
    database.close()
