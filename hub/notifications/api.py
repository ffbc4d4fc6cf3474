"""HTTP: notifications."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.customers import service as customers
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.notifications import documents, queries, service
from hub.notifications.documents import Channel
from hub.notifications.queries import NotificationFilter
from hub.notifications.schemas import NotificationOut, PreferenceIn, PreferenceOut
from hub.notifications.states import State
from hub.policies import routes as policies

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])
customer_router = APIRouter(prefix="/api/v1/customers", tags=["notifications"])

policy_router = policies.router(
    "notification-rules",
    documents.FAMILY,
    documents.NotificationPolicy,
    documents.delivered,
    called="rules of notifications",
    tag="notifications",
    check=policies.no_check,
)

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_CUSTOMER = (*_COMMON, service.CUSTOMER_NOT_FOUND)
CustomerId = Annotated[str, Path(max_length=40, examples=["C-000042"])]


@router.get("", summary="List notifications", responses=refusals(*_COMMON, BAD_CURSOR))
def list_notifications(
    *,
    database: HubDatabase,
    caller: Caller,
    state: State | None = None,
    ticket: Annotated[str | None, Query(max_length=40, examples=["T-000042"])] = None,
    channel: Channel | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[NotificationOut]:
    """What customers and staff were told, or will be (T9), the newest first. Who read it is logged (M1)."""
    caller.require(Permission.NOTIFICATION_READ)
    wanted = NotificationFilter(state=state, ticket=ticket, channel=channel)
    with database.read() as session:
        found = queries.notifications(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row.id])
        shown = [NotificationOut.of(row, caller) for row in rows]
        owners = sorted({row.customer_id for row in rows if row.customer_id is not None})
    if owners and caller.may(Permission.CONTACT_READ):
        with database.write() as session:
            customers.note_access_to(session, caller, owners, "customer.listed")
    return Page(items=shown, next=following)


@router.post(
    "/{notification}/resend",
    status_code=202,
    summary="Send a notification again",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, service.NOTIFICATION_NOT_FOUND, service.NOT_RESENDABLE),
)
def resend_notification(
    database: HubDatabase,
    caller: Caller,
    notification: Annotated[str, Path(max_length=40, examples=["N-000007"])],
) -> NotificationOut:
    """A message that was sent, or given up after many attempts, goes out once more."""
    with database.write() as session:
        return NotificationOut.of(service.resend(session, caller, notification), caller)


@customer_router.get(
    "/{customer}/contact-preference", summary="Show how a customer is told", responses=refusals(*_CUSTOMER)
)
def show_contact_preference(database: HubDatabase, caller: Caller, customer: CustomerId) -> PreferenceOut:
    """Channel, language, and whether the customer wants messages at all."""
    with database.write() as session:
        found, preference = service.preference_of(session, caller, customer)
        customers.note_access(session, caller, [found], "customer.read")
        return PreferenceOut.model_validate(preference, from_attributes=True) if preference else PreferenceOut()


@customer_router.put(
    "/{customer}/contact-preference", summary="Keep how a customer is told", responses=refusals(*_CUSTOMER)
)
def put_contact_preference(
    database: HubDatabase, caller: Caller, customer: CustomerId, wanted: PreferenceIn
) -> PreferenceOut:
    """From the next message on. Who has opted out still gets what is essential: a plan to approve, a slipped date."""
    with database.write() as session:
        preference = service.prefer(session, caller, customer, wanted)
        return PreferenceOut.model_validate(preference, from_attributes=True)
