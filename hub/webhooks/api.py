"""HTTP: webhooks."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.grants import GRANT_TOO_WIDE
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.webhooks import kinds, queries, service
from hub.webhooks.models import WebhookEndpoint
from hub.webhooks.schemas import (
    DeliveryOut,
    MadeWebhookEndpointOut,
    NewWebhookEndpoint,
    Replay,
    ReplayOut,
    WebhookEndpointChange,
    WebhookEndpointOut,
)
from hub.webhooks.states import State

router = APIRouter(prefix="/api/v1/webhook-endpoints", tags=["webhooks"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.WEBHOOK_NOT_FOUND)
EndpointId = Annotated[str, Path(max_length=40, examples=["WH-000001"])]


def _shown(session: Session, endpoint: WebhookEndpoint) -> WebhookEndpointOut:
    return WebhookEndpointOut.of(endpoint, owned=service.listener(session, endpoint) is not None)


def _with_secret(session: Session, endpoint: WebhookEndpoint) -> MadeWebhookEndpointOut:
    fields = WebhookEndpointOut.fields_of(endpoint, owned=service.listener(session, endpoint) is not None)
    return MadeWebhookEndpointOut.model_validate(
        {**fields, "secret": endpoint.secret, "former_until": endpoint.former_until}
    )


@router.post(
    "",
    status_code=201,
    summary="Register a webhook endpoint",
    responses=refusals(
        UNAUTHENTICATED,
        FORBIDDEN,
        GRANT_TOO_WIDE,
        kinds.EVENTS_UNHEARD,
        service.URL_NOT_ALLOWED,
        service.TOO_MANY_ENDPOINTS,
    ),
)
def create_webhook_endpoint(
    *, request: Request, database: HubDatabase, caller: Caller, wanted: NewWebhookEndpoint, response: Response
) -> MadeWebhookEndpointOut:
    """Events from now on are pushed to it, signed by Standard Webhooks. Its secret is in this answer only."""
    with database.write() as session:
        made = _with_secret(session, service.create(session, caller, request.app.state.settings, wanted))
    response.headers["Location"] = f"/api/v1/webhook-endpoints/{made.id}"
    return made


@router.get("", summary="List webhook endpoints", responses=refusals(*_COMMON, BAD_CURSOR))
def list_webhook_endpoints(
    database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50
) -> Page[WebhookEndpointOut]:
    """Endpoints that the caller may see, the newest first; a store system sees its own."""
    caller.require(Permission.WEBHOOK_READ)
    with database.read() as session:
        found = queries.endpoints(session, caller, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row.id])
        owners = {(row.owner_kind, row.owner_id): row for row in rows}
        owned = {owner: service.listener(session, row) is not None for owner, row in owners.items()}
        shown = [WebhookEndpointOut.of(row, owned=owned[row.owner_kind, row.owner_id]) for row in rows]
        return Page(items=shown, next=following)


@router.get("/{endpoint}", summary="Show a webhook endpoint", responses=refusals(*_ONE))
def show_webhook_endpoint(
    database: HubDatabase, caller: Caller, endpoint: EndpointId, response: Response
) -> WebhookEndpointOut:
    """One endpoint, whether it is failing, why it is off, and whether it hears nothing for want of an owner."""
    with database.read() as session:
        shown = _shown(session, service.get(session, caller, endpoint))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch(
    "/{endpoint}",
    summary="Change a webhook endpoint",
    responses=refusals(*_ONE, STALE_VERSION, BAD_IF_MATCH, kinds.EVENTS_UNHEARD, service.URL_NOT_ALLOWED),
)
def change_webhook_endpoint(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    endpoint: EndpointId,
    wanted: WebhookEndpointChange,
    expected: Expected,
    response: Response,
) -> WebhookEndpointOut:
    """What waited while it was off goes out when it is on again; what happened meanwhile is had by a replay.

    `take_over` makes the caller its owner, e.g. a new key before the old one is revoked, so that nothing is missed.
    """
    settings = request.app.state.settings
    with database.write() as session:
        shown = _shown(session, service.change(session, caller, settings, endpoint, wanted, expected))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete("/{endpoint}", status_code=204, summary="Remove a webhook endpoint", responses=refusals(*_ONE))
def remove_webhook_endpoint(database: HubDatabase, caller: Caller, endpoint: EndpointId) -> None:
    """Nothing more is pushed to it; its log is forgotten."""
    with database.write() as session:
        service.remove(session, caller, endpoint)


@router.post("/{endpoint}/secret", summary="Give a webhook endpoint a new secret", responses=refusals(*_ONE))
def rotate_webhook_secret(database: HubDatabase, caller: Caller, endpoint: EndpointId) -> MadeWebhookEndpointOut:
    """For 24 hours messages carry the signatures of both secrets. The new one is in this answer only."""
    with database.write() as session:
        return _with_secret(session, service.rotate(session, caller, endpoint))


@router.post(
    "/{endpoint}/replays",
    status_code=202,
    summary="Send events again",
    responses=refusals(*_ONE, service.EVENT_NOT_THERE),
)
def replay_webhooks(database: HubDatabase, caller: Caller, endpoint: EndpointId, wanted: Replay) -> ReplayOut:
    """One event, or all since a moment, delivered or not, under the same ids: a receiver knows what it has."""
    with database.write() as session:
        count, more = service.replay(session, caller, endpoint, wanted)
    return ReplayOut(deliveries=count, more_since=more)


@router.get("/{endpoint}/deliveries", summary="List deliveries", responses=refusals(*_ONE, BAD_CURSOR))
def list_webhook_deliveries(
    *,
    database: HubDatabase,
    caller: Caller,
    endpoint: EndpointId,
    state: State | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    """The log: every event on its way, with each attempt, the newest first. Settled ones are kept for 30 days."""
    with database.read() as session:
        found = service.get(session, caller, endpoint)
        pairs = queries.deliveries(session, found.id, state, cursor, limit)
        rows, following = split_page(pairs, limit, lambda pair: [pair[0].id])
        log = queries.attempts(session, [delivery.id for delivery, _ in rows])
        shown = [
            DeliveryOut.of(delivery, event, [one for one in log if one.delivery_id == delivery.id])
            for delivery, event in rows
        ]
    return Page(items=shown, next=following)
