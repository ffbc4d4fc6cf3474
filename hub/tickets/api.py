"""HTTP: tickets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy.orm import Session

from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, Precondition, etag
from hub.core.i18n import preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.people import CustomerNumber
from hub.core.problems import BAD_CURSOR
from hub.core.spans import require_forwards
from hub.customers import service as customers
from hub.dispatch import desk
from hub.events import queries as event_queries
from hub.events.schemas import EventOut
from hub.fleet.service import BENCH_NOT_FOUND
from hub.identity import duties
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.measurements import queries as measurement_queries
from hub.measurements.service import run_details
from hub.policies.values import Moment
from hub.repairs import plans, work
from hub.stores.service import STORE_CLOSED, UNKNOWN_STORES
from hub.tickets import (
    actions,
    attachments,
    completeness,
    decided,
    devices,
    intake,
    queries,
    reception,
    remarks,
    service,
)
from hub.tickets.kinds import Channel, Kind, State
from hub.tickets.queries import TicketFilter
from hub.tickets.schemas import (
    ActionIn,
    Assignment,
    AttachmentOut,
    IntakeParts,
    KindOut,
    NewTicket,
    TicketCreated,
    TicketDetail,
    TicketOut,
    intake_of,
    kinds_of,
    offered_actions,
    priority_because,
    twins_of,
)

router = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])
kinds_router = APIRouter(prefix="/api/v1/ticket-kinds", tags=["tickets"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.TICKET_NOT_FOUND)
_ACT = (
    UNAUTHENTICATED,
    FORBIDDEN,
    service.TICKET_NOT_FOUND,
    service.ACTION_NOT_POSSIBLE,
    service.ACTION_GUARDED,
    STALE_VERSION,
    BAD_IF_MATCH,
)
TicketId = Annotated[str, Path(max_length=40, description="The ticket's number.", examples=["T-000042"])]
Text = Annotated[str | None, Query(max_length=128)]
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]


@kinds_router.get("", summary="List the kinds of tickets", responses=refusals(*_COMMON))
def list_ticket_kinds(database: HubDatabase, caller: Caller, accept_language: Accepted = None) -> list[KindOut]:
    """What each kind wants at the intake (T3), its states and its actions with the details that they need."""
    caller.require(Permission.TICKET_READ)
    with database.read() as session:
        return kinds_of(intake.in_force(session), preferred_language(accept_language))


@router.post(
    "",
    status_code=201,
    summary="Create a ticket",
    responses=refusals(
        *_COMMON,
        intake.INTAKE_INCOMPLETE,
        intake.NO_DRAFT,
        reception.FAULT_UNKNOWN,
        reception.NOT_YOUR_STORE,
        STORE_CLOSED,
        UNKNOWN_STORES,
        attachments.FILE_NOT_THERE,
    ),
)
def create_ticket(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    wanted: NewTicket,
    response: Response,
    accept_language: Accepted = None,
) -> TicketCreated:
    """Take in what a customer wants (T3). Everything that is missing is named at once; `Location` leads to the ticket.

    The answer names open tickets of the same device or customer, so that nobody works on the same twice.
    """
    caller.require(Permission.TICKET_CREATE)
    files = attachments.checked(request.app.state.attachments, wanted.attachments)
    with database.write() as session:
        ticket = reception.create(session, caller, wanted)
        added = [attachments.add(session, caller, ticket, file) for file in files]
        desk.follow(session, ticket, "create")
        twins = queries.twins(session, caller, ticket, limit=10)
        created = TicketCreated(
            **TicketOut.fields_of(ticket, caller),
            possible_duplicates=twins_of(ticket, twins, preferred_language(accept_language)),
            still_wanted=list(completeness.still_wanted(session, ticket, added)),
        )
    response.headers["Location"] = f"/api/v1/tickets/{created.id}"
    return created


async def _ticket_filter(
    *,
    state: Annotated[list[State] | None, Query(max_length=10, description="Any of these states.")] = None,
    kind: Kind | None = None,
    channel: Channel | None = None,
    priority: Annotated[int | None, Query(ge=0, le=9)] = None,
    store: Text = None,
    customer: Annotated[CustomerNumber | None, Query(description="Takes `contact:read`.")] = None,
    bench: Text = None,
    fault: Text = None,
    model: Text = None,
    serial: Text = None,
    created_since: Annotated[Moment | None, Query(description="Taken in at this time or later.")] = None,
    created_until: Annotated[Moment | None, Query(description="Taken in before this time.")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at this time or later.")] = None,
    updated_until: Annotated[Moment | None, Query(description="Not changed at this time or later.")] = None,
) -> TicketFilter:
    require_forwards(created_until=(created_since, created_until), updated_until=(updated_since, updated_until))
    return TicketFilter(
        states=tuple(state or ()),
        kind=kind,
        channel=channel,
        priority=priority,
        store=store,
        customer=customer,
        bench=bench,
        fault=fault,
        model=model,
        serial=serial,
        created_since=created_since,
        created_until=created_until,
        updated_since=updated_since,
        updated_until=updated_until,
    )


@router.get("", summary="List tickets", responses=refusals(*_COMMON, BAD_CURSOR))
def list_tickets(
    database: HubDatabase,
    caller: Caller,
    wanted: Annotated[TicketFilter, Depends(_ticket_filter)],
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[TicketOut]:
    """Tickets that the caller may see and that fulfil all that is asked for, the newest first; contacts are masked.

    Asked by when they changed or came, the latest of that comes first.
    """
    caller.require(Permission.TICKET_READ)
    if wanted.customer is not None:
        caller.require(Permission.CONTACT_READ)  # or the filter would say whose a ticket is
    with database.read() as session:
        found = queries.tickets(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, wanted.key_of)
        return Page(items=[TicketOut.of(ticket, caller) for ticket in rows], next=following)


@router.get("/{ticket}", summary="Show a ticket", responses=refusals(*_ONE))
def show_ticket(
    *,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    response: Response,
    accept_language: Accepted = None,
) -> TicketDetail:
    """A ticket with its runs, steps, measurements, preview curves and timeline (T6).

    Who was shown the contact is logged at the customer (M1).
    """
    with database.read() as session:
        found = service.get(session, caller, ticket)
        runs = measurement_queries.runs_of_ticket(session, found.public_id, limit=20)
        events = event_queries.timeline(session, found.record, cursor=None, limit=200)[:200]
        files = attachments.visible(session, caller, found)
        language = preferred_language(accept_language)
        response.headers["ETag"] = etag(found.version)
        shown = TicketDetail(
            **TicketOut.fields_of(found, caller, masked=False),
            intake=intake_of(found, completeness.still_wanted(session, found)),
            attachments=[AttachmentOut.of(row) for row in files],
            priority_because=priority_because(found, language),
            actions=offered_actions(found, caller, language),
            runs=run_details(session, runs),
            timeline=remarks.shown(session, events),
        )
        owner = found.customer_id
    if owner is not None and shown.contact is not None:
        with database.write() as session:
            customers.note_access_to(session, caller, [owner], "customer.read")
    return shown


@router.get("/{ticket}/timeline", summary="List a ticket's events", responses=refusals(*_ONE, BAD_CURSOR))
def list_timeline(
    database: HubDatabase, caller: Caller, ticket: TicketId, cursor: CursorText = None, limit: Limit = 50
) -> Page[EventOut]:
    """Who did what when (T6), the newest first."""
    with database.read() as session:
        found = service.get(session, caller, ticket)
        events = event_queries.timeline(session, found.record, cursor, limit)
        rows, following = split_page(events, limit, lambda event: [event.id])
        return Page(items=remarks.shown(session, rows), next=following)


@router.put(
    "/{ticket}/assignment",
    summary="Assign a ticket to a bench",
    responses=refusals(*_ACT, BENCH_NOT_FOUND, desk.BENCH_ELSEWHERE, duties.UNKNOWN_PERSON, duties.PERSON_UNFIT),
)
def assign_ticket(
    *,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    wanted: Assignment,
    expected: Expected,
    response: Response,
) -> TicketOut:
    """Put the ticket on the bench's worklist (T4): it appears there as soon as the bench is connected.

    The bench is one of the ticket's store, or one that the dispatch's rule reaches; else the device goes there first.
    """
    with database.write() as session:
        _check_version(session, caller, ticket, expected)
        return _tagged(response, TicketOut.of(desk.assign(session, caller, ticket, wanted), caller))


@router.patch(
    "/{ticket}/intake",
    summary="Complete or correct an intake",
    responses=refusals(
        *_ACT, decided.DECISION_RESTS_ON_IT, devices.DEVICE_FIXED, reception.FAULT_UNKNOWN, intake.INTAKE_INCOMPLETE
    ),
)
def amend_intake(
    *,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    wanted: IntakeParts,
    expected: Expected,
    response: Response,
) -> TicketOut:
    """What is left out stays as it is. A draft is submitted afterwards by the action `submit`.

    Model and serial number stay once the work has begun; what was empty can still be filled in until it is done. The
    device and the proof of purchase of a return stay from the proposal of a decision on; `reconsider` frees them.
    """
    with database.write() as session:
        _check_version(session, caller, ticket, expected)
        found = reception.amend(session, caller, ticket, wanted)
        desk.follow(session, found, "amend")
        return _tagged(response, TicketOut.of(found, caller))


@router.post(
    "/{ticket}/actions",
    summary="Take an action on a ticket",
    responses=refusals(
        *_ACT,
        actions.DETAILS_WRONG,
        intake.INTAKE_INCOMPLETE,
        plans.PLAN_OUTDATED,
        plans.PLAN_EXPIRED,
        plans.SECOND_PERSON,
        work.PRICED_BY_WITNESS,
    ),
)
def act_on_ticket(
    *,
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    wanted: ActionIn,
    expected: Expected,
    response: Response,
) -> TicketOut:
    """Move the ticket by one of the `actions` that it shows; those with an `address` are done there."""
    with database.write() as session:
        _check_version(session, caller, ticket, expected)
        found = service.act(session, caller, ticket, wanted)
        desk.follow(session, found, wanted.action)
        return _tagged(response, TicketOut.of(found, caller))


def _check_version(session: Session, caller: Actor, ticket: str, expected: Precondition) -> None:
    if expected.tags is not None:
        expected.check(service.get(session, caller, ticket, for_update=True).version)


def _tagged(response: Response, shown: TicketOut) -> TicketOut:
    response.headers["ETag"] = etag(shown.version)
    return shown
