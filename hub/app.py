"""The hub's HTTP application, put together from its domains."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from hub import health, metrics
from hub.aftercare import api as aftercare
from hub.analysis import api as analysis_api
from hub.appointments import api as appointments
from hub.bulk import api as bulk
from hub.calendars import api as calendars
from hub.captures import api as captures
from hub.captures.blobs import FolderBlobStore
from hub.complaints import api as complaints_api
from hub.complaints import policy as complaint_policy
from hub.consultations import api as consultations
from hub.core import answers, api_page, examples, idempotency, query_names, rate_limit, responses
from hub.core.database import Database
from hub.core.documented import ProblemBody, describe_all
from hub.core.limits import BodyLimit
from hub.core.rate_limit import Buckets, RateLimit
from hub.core.requests import RequestFigures, Requests
from hub.core.settings import Settings
from hub.core.version import VERSION
from hub.core.whole_text import WholeText
from hub.customers import api as customers
from hub.customers import devices_api as devices
from hub.customers import tiers
from hub.dispatch import api as dispatch
from hub.dispatch import checks as dispatch_checks
from hub.dispatch import documents as dispatch_documents
from hub.dispatch import roster_api as roster
from hub.escalations import api as escalations
from hub.events import api as events
from hub.fleet import api as fleet
from hub.fleet.commands import CommandDesk
from hub.identity import keys_api, oidc_api, people_api
from hub.incidents import api as incidents
from hub.jobs import api as jobs_api
from hub.jobs.scheduler import Scheduler
from hub.knowledge import api as knowledge
from hub.measurements import api as measurements
from hub.measurements.ingest.worker import Ingest
from hub.mqtt import Endpoint
from hub.notifications import api as notifications
from hub.papers import api as papers
from hub.policies import routes
from hub.portal import api as portal
from hub.portal import pages as portal_pages
from hub.repairs import api as repairs
from hub.sla import api as sla
from hub.staff import api as staff
from hub.stores import api as stores
from hub.tickets import api as tickets
from hub.tickets import attachments_api as attachments
from hub.tickets import intake
from hub.transfers import api as transfers
from hub.webhooks import api as webhooks

DESCRIPTION = """
The after-sales desk of a chain of electronics and smart-home stores: tickets, the benches that repair, and every
number that they measured.

* Send an API key or the token of a login session with each request: `Authorization: Bearer …`.
  `benchwright hub key create` makes a key, `POST /api/v1/sessions` begins a session.
* Every refusal is a problem document (RFC 9457) in the language of `Accept-Language` (`en`, `zh-CN`).
  It says what is wrong, where, and what would be right.
* What you may not see does not exist (404); what you may see but not do is forbidden (403).
* Lists come in pages, the newest first: pass `next` of one page as `cursor` of the following.
* Who asks too often gets 429 and `Retry-After`. Each answer has an `X-Request-Id` that the log knows, too.
* Send an `Idempotency-Key` with each POST: sent again after a lost answer, it changes nothing a second time.
* Times are RFC 3339 in UTC; quantities are in the base unit whose UCUM code stands beside them.
""".strip()
TAGS = [
    {"name": "tickets", "description": "What customers want done, from intake to hand-over."},
    {"name": "repairs", "description": "What the customer agrees to, what was done, and by which fault."},
    {
        "name": "customer page",
        "description": "The link that opens a ticket's page for its customer, and what it shows.",
    },
    {"name": "after-care", "description": "Surveys, call-backs, improvements after a bad answer, warranty on repairs."},
    {"name": "papers", "description": "What is printed for the customer, as PDF."},
    {"name": "attachments", "description": "Photos and documents of tickets, uploaded under their SHA-256."},
    {"name": "appointments", "description": "When customers come to a store or are visited, matched with the roster."},
    {"name": "measurements", "description": "What the benches measured. Nothing here can be changed through any API."},
    {"name": "captures", "description": "Capture files under their SHA-256, uploaded in chunks with resume."},
    {"name": "benches", "description": "The benches, what is connected to them, and commands."},
    {
        "name": "dispatch",
        "description": "Who gets a ticket and why, the queue of those that nobody can take, the backlog.",
    },
    {
        "name": "customers",
        "description": "People and their data: kept current, merged, handed out, erased; reads are logged.",
    },
    {"name": "devices", "description": "Devices in customers' hands, and when they are inspected."},
    {"name": "files", "description": "Many customers, devices or tickets at once: CSV and Excel, in and out."},
    {"name": "roster", "description": "Benches as workplaces, certificates of people, and shifts."},
    {"name": "policies", "description": "Rules as data, in versions: dispatch and priority, intake, membership tiers."},
    {"name": "calendars", "description": "When stores work: opening hours, public holidays, make-up days."},
    {"name": "service levels", "description": "By when tickets are answered and solved, and who hears of it."},
    {"name": "escalations", "description": "What waits for an expert or for management, and major incidents."},
    {"name": "notifications", "description": "What customers and staff are told, and how they want to be told."},
    {"name": "analysis", "description": "Figures about tickets, computed from what happened."},
    {"name": "complaints", "description": "How urgent complaints are, what was promised, and what is learned of them."},
    {"name": "knowledge", "description": "Articles, FAQ and scripts, found from what a device shows and measures."},
    {"name": "stores", "description": "The stores of the chain."},
    {"name": "staff", "description": "Workload, quality, training and assessment of each person, for management."},
    {"name": "identity", "description": "Users, sessions and API keys: who calls, and what they may do."},
    {"name": "ingest", "description": "What benches sent and the hub did not take, with the reasons."},
    {"name": "events", "description": "Who did what to which record, when; and that nobody changed it afterwards."},
    {"name": "webhooks", "description": "Events pushed to other systems, signed by Standard Webhooks."},
    {"name": "operations", "description": "What the hub does by itself, and how it went."},
    {"name": "health", "description": "For load balancers and supervisors; no key needed."},
]

API = "/api/v1"
FOREIGN_QUERIES = (oidc_api.router,)
"""Routers that take unknown query parameters: a login provider sends what it likes with the browser (RFC 9207)."""
SECRET_ANSWERS = frozenset(
    {"get_customer_link", "log_in", "create_api_key", "create_webhook_endpoint", "rotate_webhook_secret"}
)
"""Endpoints whose answers hold a secret that is stored nowhere, so that they cannot be given again."""


def create_app(settings: Settings, *, ingest_workers: int = 0, jobs: bool = False) -> FastAPI:
    """Return the application; while it runs it holds the database, the MQTT sessions and ``ingest_workers`` workers.

    With ``jobs`` it stands for running the periodic jobs, too.
    """
    endpoint = Endpoint.of(settings)
    database = Database(settings.url)
    workers = [Ingest(database, endpoint, f"ingest-{n}") for n in range(ingest_workers)] if endpoint else []
    commands = CommandDesk(endpoint) if endpoint else None
    scheduler = Scheduler(database, settings) if jobs else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for worker in workers:
            worker.start()
        if commands is not None:
            commands.link.start()
        if scheduler is not None:
            scheduler.start()
        try:
            yield
        finally:
            stops = [worker.stop for worker in workers] + ([commands.link.stop] if commands else [])
            stops += [scheduler.stop] if scheduler else []
            threads = [threading.Thread(target=stop) for stop in stops]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            database.close()

    app = FastAPI(
        title="Benchwright hub",
        version=VERSION,
        summary="After-sales service from the probe on the board to the satisfied customer.",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        openapi_url=api_page.OPENAPI,
        docs_url=None,  # these two would fetch their scripts from the internet
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.blobs = FolderBlobStore(settings.blob_dir)
    app.state.attachments = FolderBlobStore(settings.data_dir / "attachments")
    app.state.commands = commands
    app.state.workers = workers
    app.state.registry = metrics.new_registry(workers)
    app.router.routes.extend(_endpoints())
    responses.install(app)
    app.add_middleware(WholeText)
    app.add_middleware(idempotency.IdempotencyKeys)
    app.add_middleware(BodyLimit, limit=settings.max_request_bytes)
    if settings.max_requests_a_minute:
        app.add_middleware(RateLimit, buckets=Buckets(settings.max_requests_a_minute))
    app.add_middleware(Requests, figures=RequestFigures(app.state.registry))
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


@cache
def _endpoints() -> tuple[BaseRoute, ...]:
    """Put the domains' routers together, once a process: FastAPI takes 0.2 s to read their signatures."""
    whole = FastAPI(openapi_url=None, generate_unique_id_function=_name_of)
    policies = (
        routes.router(
            "dispatch-policy",
            "dispatch",
            dispatch_documents.DispatchPolicy,
            dispatch_documents.delivered,
            called="dispatch policy",
            tag="policies",
            check=dispatch_checks.known_faults,
        ),
        routes.router(
            "intake-policy",
            "intake",
            intake.IntakePolicy,
            intake.delivered,
            called="intake policy",
            tag="policies",
            check=routes.no_check,
        ),
        routes.router(
            "complaint-policy",
            complaint_policy.FAMILY,
            complaint_policy.ComplaintPolicy,
            complaint_policy.delivered,
            called="complaint policy",
            tag="policies",
            check=routes.no_check,
        ),
        routes.router(
            "tiers-policy",
            "tiers",
            tiers.TierPolicy,
            tiers.delivered,
            called="membership tiers",
            tag="policies",
            check=routes.no_check,
        ),
    )
    routers = (
        tickets.kinds_router,
        tickets.router,
        attachments.ticket_router,
        attachments.router,
        aftercare.ticket_router,
        aftercare.router,
        aftercare.policy_router,
        aftercare.warranty_router,
        portal.router,
        papers.router,
        repairs.router,
        repairs.taxonomy_router,
        repairs.tests_router,
        appointments.ticket_router,
        appointments.router,
        consultations.router,
        bulk.imports_router,
        bulk.exports_router,
        staff.router,
        customers.router,
        devices.router,
        transfers.ticket_router,
        transfers.router,
        dispatch.ticket_router,
        dispatch.router,
        dispatch.backlog_router,
        roster.workplaces_router,
        roster.certificates_router,
        roster.shifts_router,
        *policies,
        measurements.router,
        captures.router,
        fleet.router,
        calendars.router,
        sla.router,
        sla.ticket_router,
        complaints_api.router,
        analysis_api.router,
        knowledge.router,
        knowledge.ticket_router,
        stores.router,
        people_api.sessions_router,
        oidc_api.router,
        people_api.me_router,
        people_api.users_router,
        keys_api.router,
        escalations.router,
        escalations.ticket_router,
        incidents.router,
        incidents.ticket_router,
        events.router,
        events.audit_router,
        webhooks.router,
        notifications.policy_router,
        notifications.router,
        notifications.customer_router,
        jobs_api.router,
        measurements.ingest_router,
        health.router,
        metrics.router,
    )
    answers.install(*routers)
    idempotency.install(*routers, but=SECRET_ANSWERS)
    known_queries = [Depends(query_names.require_known)]
    for router in (*routers, portal_pages.router, api_page.router):
        strict = router.prefix.startswith(API) and router not in FOREIGN_QUERIES
        whole.include_router(router, dependencies=known_queries if strict else None)
    return tuple(whole.router.routes)


def _name_of(route: APIRoute) -> str:
    return route.name


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document: FastAPI's, with problems in the place of its own error shape."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            servers=[{"url": "/"}],
        )
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        idempotency.describe(document, but=SECRET_ANSWERS)
        describe_all(document, limited=rate_limit.TOO_MANY_REQUESTS, but=rate_limit.FREE)
        examples.fill(document)
        app.openapi_schema = document
    return app.openapi_schema
