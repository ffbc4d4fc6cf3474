"""HTTP: tickets."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from hub.core.documented import refusals
from hub.core.i18n import preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.events import queries as event_queries
from hub.events.schemas import EventOut
from hub.fleet.service import BENCH_NOT_FOUND
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.measurements import queries as measurement_queries
from hub.measurements.service import run_details
from hub.tickets import queries, service
from hub.tickets.queries import TicketFilter
from hub.tickets.schemas import ActionIn, Assignment, NewTicket, TicketDetail, TicketOut, offered_actions
from hub.tickets.states import Kind, State

router = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])

_COMMON = refusals(UNAUTHENTICATED, FORBIDDEN)
_ONE = refusals(UNAUTHENTICATED, FORBIDDEN, service.TICKET_NOT_FOUND)
_ACT = refusals(
    UNAUTHENTICATED, FORBIDDEN, service.TICKET_NOT_FOUND, service.ACTION_NOT_POSSIBLE, service.ACTION_GUARDED
)
TicketId = Annotated[str, Path(max_length=40, description="The ticket's number.", examples=["T-000042"])]
Text = Annotated[str | None, Query(max_length=128)]


@router.post("", status_code=201, summary="Create a ticket", responses=_COMMON)
def create_ticket(database: HubDatabase, caller: Caller, wanted: NewTicket, response: Response) -> TicketOut:
    """Take in a device (T3). The ticket begins in the first state of its kind; `Location` leads to it."""
    with database.write() as session:
        ticket = TicketOut.of(service.create(session, caller, wanted), caller)
    response.headers["Location"] = f"/api/v1/tickets/{ticket.id}"
    return ticket


@router.get("", summary="List tickets", responses=_COMMON | refusals(BAD_CURSOR))
def list_tickets(
    *,
    database: HubDatabase,
    caller: Caller,
    state: Annotated[list[State] | None, Query(max_length=10, description="Any of these states.")] = None,
    kind: Kind | None = None,
    bench: Text = None,
    model: Text = None,
    serial: Text = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[TicketOut]:
    """Tickets that the caller may see, the newest first."""
    caller.require(Permission.TICKET_READ)
    wanted = TicketFilter(states=tuple(state or ()), kind=kind, bench=bench, model=model, serial=serial)
    with database.read() as session:
        found = queries.tickets(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda ticket: [ticket.id])
        return Page(items=[TicketOut.of(ticket, caller) for ticket in rows], next=following)


@router.get("/{ticket}", summary="Show a ticket", responses=_ONE)
def show_ticket(
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> TicketDetail:
    """A ticket with its runs, steps, measurements, preview curves and timeline (T6)."""
    with database.read() as session:
        found = service.get(session, caller, ticket)
        runs = measurement_queries.runs_of_ticket(session, found.public_id, limit=20)
        events = event_queries.timeline(session, found.record, cursor=None, limit=200)[:200]
        return TicketDetail(
            **TicketOut.fields_of(found, caller),
            actions=offered_actions(found, caller, preferred_language(accept_language)),
            runs=run_details(session, runs),
            timeline=[EventOut.of(event) for event in events],
        )


@router.get("/{ticket}/timeline", summary="List a ticket's events", responses=_ONE | refusals(BAD_CURSOR))
def list_timeline(
    database: HubDatabase, caller: Caller, ticket: TicketId, cursor: CursorText = None, limit: Limit = 50
) -> Page[EventOut]:
    """Who did what when (T6), the newest first."""
    with database.read() as session:
        found = service.get(session, caller, ticket)
        events = event_queries.timeline(session, found.record, cursor, limit)
        rows, following = split_page(events, limit, lambda event: [event.id])
        return Page(items=[EventOut.of(event) for event in rows], next=following)


@router.put("/{ticket}/assignment", summary="Assign a ticket to a bench", responses=_ACT | refusals(BENCH_NOT_FOUND))
def assign_ticket(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: Assignment) -> TicketOut:
    """Put the ticket on the bench's worklist (T4): it appears there as soon as the bench is connected."""
    with database.write() as session:
        return TicketOut.of(service.assign(session, caller, ticket, wanted), caller)


@router.post("/{ticket}/actions", summary="Take an action on a ticket", responses=_ACT)
def act_on_ticket(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: ActionIn) -> TicketOut:
    """Move the ticket by one of the `actions` that it shows; assigning has an address of its own."""
    with database.write() as session:
        return TicketOut.of(service.act(session, caller, ticket, wanted.action, wanted.note), caller)
