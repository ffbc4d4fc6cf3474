"""The hub's processes: HTTP with ingest beside it, or either alone."""

import signal
import threading
from types import FrameType

from hub.core import migrate
from hub.core.database import Database
from hub.core.settings import Settings, SettingsError
from hub.jobs.scheduler import Scheduler
from hub.measurements.ingest.worker import Ingest
from hub.mqtt import Endpoint
from hub.notifications.channels import load_channels

STOP_TIMEOUT_S = 10


def serve(settings: Settings, *, ingest: bool = True) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in hand are finished, the ingest's group is committed."""
    import uvicorn

    from hub.app import create_app

    load_channels(settings)  # a mistake in it is told now, not by a job
    migrate.prepare(settings.url)
    app = create_app(settings, ingest_workers=settings.ingest_workers if ingest else 0, jobs=settings.jobs)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )
    uvicorn.Server(config).run()


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
