"""HTTP: surveys, call-backs, improvement tasks, and the warranty on repairs."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from hub.aftercare import policy, queries, service, tasks
from hub.aftercare.policy import AftercarePolicy, WarrantyPolicy
from hub.aftercare.queries import TaskFilter
from hub.aftercare.schemas import (
    CallbackIn,
    CallbackOut,
    FollowUpOut,
    ImprovementTaskOut,
    RepeatRepairOut,
    Source,
    SurveyIn,
    TaskActionIn,
    TicketWarranty,
)
from hub.aftercare.states import TaskState
from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.i18n import preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR, Problem
from hub.customers import service as customers
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies import routes
from hub.policies.values import Moment
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["after-care"])
router = APIRouter(prefix="/api/v1", tags=["after-care"])
_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
_ANSWER = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, service.NOTHING_TO_ASK, service.ANSWERED_ALREADY)
TaskId = Annotated[str, Path(max_length=40, description="The task's number.", examples=["I-000003"])]
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


@ticket_router.get(
    "/{ticket}/follow-up",
    summary="Show what was asked after the close",
    responses=refusals(*_ONE, service.NOTHING_TO_ASK),
)
def show_follow_up(database: HubDatabase, caller: Caller, ticket: TicketId) -> FollowUpOut:
    """Survey and call-back of a closed ticket (T14)."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.AFTERCARE_READ)
        row = queries.follow_up(session, found.id)
        if row is None:
            raise Problem(service.NOTHING_TO_ASK, ticket=found.public_id)
        return FollowUpOut.of(row)


@ticket_router.post("/{ticket}/survey", status_code=201, summary="Take down a survey", responses=refusals(*_ANSWER))
def answer_survey(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: SurveyIn) -> FollowUpOut:
    """What the customer said by telephone or at the counter; on the ticket's page customers answer by themselves.

    A bad answer opens an improvement task with an owner.
    """
    answer = service.Answer(**wanted.model_dump())
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        caller.require(Permission.AFTERCARE_WORK)
        return FollowUpOut.of(service.answer_survey(session, caller, found, answer))


@ticket_router.post(
    "/{ticket}/callback", status_code=201, summary="Take down a call-back", responses=refusals(*_ANSWER)
)
def record_callback(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: CallbackIn) -> FollowUpOut:
    """One call to the customer (T14). Who was not reached stays on the list for some more attempts."""
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        caller.require(Permission.AFTERCARE_WORK)
        return FollowUpOut.of(service.record_callback(session, caller, found, **wanted.model_dump()))


@router.get("/callbacks", summary="List customers to call", responses=refusals(*_COMMON, BAD_CURSOR))
def list_callbacks(
    *,
    database: HubDatabase,
    caller: Caller,
    due_by: Annotated[Moment | None, Query(description="Only those due by this time.")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[CallbackOut]:
    """Customers of closed tickets who were not called yet, within 48 hours of the close (T14).

    Whose number was shown to whom is logged (M1).
    """
    caller.require(Permission.AFTERCARE_READ)
    with database.read() as session:
        found = queries.open_callbacks(session, caller, due_by, cursor, limit)
        rows, following = split_page(found, limit, lambda pair: [pair[0].ticket_id])
        at, contact = now(), caller.may(Permission.CONTACT_READ)
        items = [CallbackOut.of(row, ticket, at=at, with_contact=contact) for row, ticket in rows]
        owners = sorted({ticket.customer_id for _, ticket in rows if ticket.customer_id is not None})
    if contact and owners:
        with database.write() as session:
            customers.note_access_to(session, caller, owners, "customer.listed")
    return Page(items=items, next=following)


@router.get("/improvement-tasks", summary="List improvement tasks", responses=refusals(*_COMMON, BAD_CURSOR))
def list_improvement_tasks(
    *,
    database: HubDatabase,
    caller: Caller,
    state: TaskState | None = None,
    owner: Annotated[str | None, Query(max_length=64)] = None,
    source: Source | None = None,
    cause: Annotated[str | None, Query(max_length=64, description="A cause of the complaint policy.")] = None,
    open_only: Annotated[bool, Query(alias="open", description="Only those that are not verified yet.")] = False,
    cursor: CursorText = None,
    limit: Limit = 50,
    accept_language: Accepted = None,
) -> Page[ImprovementTaskOut]:
    """What is done after bad answers (T14) and about causes of complaints (C4), the newest first."""
    caller.require(Permission.AFTERCARE_READ)
    language = preferred_language(accept_language)
    with database.read() as session:
        stage = state.value if state else None
        wanted = TaskFilter(state=stage, owner=owner, source=source, cause=cause, open_only=open_only)
        found = queries.tasks(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row.id])
        today = now().astimezone(calendars.time_zone(session)).date()
        items = [ImprovementTaskOut.of(row, today=today, caller=caller, language=language) for row in rows]
        return Page(items=items, next=following)


@router.post(
    "/improvement-tasks/{task}/actions",
    summary="Take an action on an improvement task",
    responses=refusals(
        UNAUTHENTICATED,
        FORBIDDEN,
        tasks.TASK_NOT_FOUND,
        tasks.TASK_ACTION_NOT_POSSIBLE,
        tasks.TASK_GUARDED,
        tasks.TASK_DETAILS,
        STALE_VERSION,
        BAD_IF_MATCH,
    ),
)
def act_on_improvement_task(
    *,
    database: HubDatabase,
    caller: Caller,
    task: TaskId,
    wanted: TaskActionIn,
    expected: Expected,
    response: Response,
    accept_language: Accepted = None,
) -> ImprovementTaskOut:
    """`assign`, `start`, `finish` with what was done, then `verify` by another person, or `reopen`.

    On an improvement of the whole chain, which has no ticket, who works for some stores needs `complaint:review`, too.
    """
    with database.write() as session:
        found = tasks.act(session, caller, task, wanted, expected)
        today = now().astimezone(calendars.time_zone(session)).date()
        shown = ImprovementTaskOut.of(found, today=today, caller=caller, language=preferred_language(accept_language))
    response.headers["ETag"] = etag(shown.version)
    return shown


@ticket_router.get("/{ticket}/warranty", summary="Show a repair's warranty", responses=refusals(*_ONE))
def show_warranty(database: HubDatabase, caller: Caller, ticket: TicketId) -> TicketWarranty:
    """Until when the repair is warranted, and whether it repeats a warranted one (T15)."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        return TicketWarranty.of(queries.warranty_of(session, found.id), queries.repeat_of(session, found.id))


@router.get("/repeat-repairs", summary="List repeats within the warranty", responses=refusals(*_COMMON, BAD_CURSOR))
def list_repeat_repairs(
    database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50
) -> Page[RepeatRepairOut]:
    """Repairs of the same fault of the same device within the repair warranty (T15), the newest first."""
    caller.require(Permission.AFTERCARE_READ)
    with database.read() as session:
        found = queries.repeats(session, caller, cursor, limit)
        rows, following = split_page(found, limit, lambda pair: [pair[0].ticket_id])
        return Page(items=[RepeatRepairOut.row(row, ticket) for row, ticket in rows], next=following)


policy_router = routes.router(
    "aftercare-policy",
    policy.FAMILY,
    AftercarePolicy,
    policy.delivered,
    called="after-care policy",
    tag="after-care",
    check=routes.no_check,
)
warranty_router = routes.router(
    "repair-warranty-policy",
    policy.WARRANTY_FAMILY,
    WarrantyPolicy,
    policy.delivered_warranty,
    called="warranty on repairs",
    tag="after-care",
    check=routes.no_check,
)
