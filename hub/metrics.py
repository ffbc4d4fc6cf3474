"""HTTP: figures of this process for Prometheus."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.core.database import Database
from hub.core.documented import refusals
from hub.identity.actors import FORBIDDEN
from hub.identity.api import HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.jobs import queries as job_queries
from hub.measurements.ingest.worker import Ingest
from hub.notifications import queries as notification_queries

router = APIRouter(tags=["health"])


class IngestFigures(Collector):
    """What this process's ingest workers have taken since it began."""

    def __init__(self, workers: Sequence[Ingest]) -> None:
        self._workers = workers

    def collect(self) -> Iterable[Metric]:
        """Read the workers' counts."""
        records = CounterMetricFamily(
            "benchwright_ingest_records", "Records that benches sent, by what became of them.", labels=("outcome",)
        )
        counts = [worker.counts for worker in self._workers]
        records.add_metric(("stored",), sum(one.stored for one in counts))
        records.add_metric(("refused",), sum(one.refused for one in counts))
        yield records
        letters = CounterMetricFamily("benchwright_ingest_dead_letters", "Messages that could not be read.")
        letters.add_metric((), sum(one.dead_letters for one in counts))
        yield letters
        alive = GaugeMetricFamily("benchwright_ingest_workers_alive", "Workers that are connected and store.")
        alive.add_metric((), sum(worker.alive for worker in self._workers))
        yield alive


def new_registry(workers: Sequence[Ingest]) -> CollectorRegistry:
    """Return the figures of one application: of the process, and of its ingest workers."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(IngestFigures(workers))
    return registry


def _job_figures(database: Database) -> bytes:
    """Return how the jobs stand, whichever process runs them."""
    registry = CollectorRegistry()
    failures = GaugeMetricFamily("benchwright_job_failures", "Failures of a job in a row.", labels=("job",))
    messages = GaugeMetricFamily("benchwright_notifications", "Messages by state.", labels=("state",))
    with database.read() as session:
        for stands in ("waiting", "sending", "dead"):
            messages.add_metric((stands,), notification_queries.count(session, stands))
        for name, state in job_queries.states(session).items():
            failures.add_metric((name,), state.failures)

    class _Found(Collector):
        def collect(self) -> Iterable[Metric]:
            yield from (failures, messages)

    registry.register(_Found())
    return generate_latest(registry)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, answers={200: {"content": {"text/plain": {}}}}),
    dependencies=[Depends(caller_with(Permission.METRICS_READ))],
)
def metrics(request: Request, database: HubDatabase) -> Response:
    """Requests by route, what the ingest took, failing jobs, memory and CPU of the process that answers."""
    content = generate_latest(request.app.state.registry) + _job_figures(database)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
