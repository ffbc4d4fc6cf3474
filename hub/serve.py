"""The hub's processes: HTTP with ingest beside it, or either alone."""

import errno
import logging
import signal
import socket
import threading
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


def serve(settings: Settings, *, ingest: bool = True) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in hand are finished, the ingest's group is committed."""
    import uvicorn

    from hub.app import create_app

    load_channels(settings)  # a mistake in it is told now, not by a job
    with hold(settings.host, settings.port) as held:
        migrate.prepare(settings.url)
        app = create_app(settings, ingest_workers=settings.ingest_workers if ingest else 0, jobs=settings.jobs)
        host, port = held.getsockname()[:2]
        log.info("the hub serves http://%s:%d (its description at /docs)", f"[{host}]" if ":" in host else host, port)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
        uvicorn.Server(config).run(sockets=[held])


def hold(host: str, port: int) -> socket.socket:
    """Return a socket at an address, not listening yet; raise ``SettingsError`` when that is not to be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    except OSError as error:
        raise SettingsError(f"{host} is no address to listen at ({error.strerror}); give one with --host") from error
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer takes 40 ms.
    held = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError as error:
        held.close()
        remedy = "choose another with --host and --port"
        if error.errno == errno.EADDRINUSE:
            remedy = "choose another with --port, or end the program that has it"
        raise SettingsError(f"{host} port {port} cannot be listened at: {error.strerror}; {remedy}") from error
    return held


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
