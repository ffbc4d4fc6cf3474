"""HTTP: major incidents."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.duties import PERSON_UNFIT, UNKNOWN_PERSON
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.incidents import queries, service
from hub.incidents.schemas import IncidentDeclaration, IncidentReport, IncidentReview, IncidentTeam, MajorIncidentOut
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

router = APIRouter(prefix="/api/v1/major-incidents", tags=["escalations"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["escalations"])

_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, service.INCIDENT_NOT_FOUND)
_ACT = (*_ONE, service.INCIDENT_STATE)


@router.get("", summary="List major incidents", responses=refusals(UNAUTHENTICATED, FORBIDDEN, BAD_CURSOR))
def list_major_incidents(
    *,
    database: HubDatabase,
    caller: Caller,
    open_only: Annotated[bool, Query(description="Leave out those that have ended.")] = False,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[MajorIncidentOut]:
    """Major incidents, the newest first."""
    caller.require(Permission.ESCALATION_READ)
    with database.read() as session:
        found = queries.incidents(session, caller, open_only=open_only, cursor=cursor, limit=limit)
        rows, following = split_page(found, limit, lambda pair: [pair[0].id])
        return Page(items=[MajorIncidentOut.of(*pair) for pair in rows], next=following)


@ticket_router.post(
    "/{ticket}/major-incident",
    status_code=201,
    summary="Declare a major incident",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND, service.ALREADY_DECLARED),
)
def declare_major_incident(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: IncidentDeclaration
) -> MajorIncidentOut:
    """Management is told at once; the team has to stand within 30 minutes, and to report every hour (T8)."""
    with database.write() as session:
        return MajorIncidentOut.of(*service.declare(session, caller, ticket, wanted.reason))


@ticket_router.get("/{ticket}/major-incident", summary="Show a ticket's major incident", responses=refusals(*_ONE))
def show_major_incident(database: HubDatabase, caller: Caller, ticket: TicketId) -> MajorIncidentOut:
    """The newest one."""
    with database.read() as session:
        return MajorIncidentOut.of(*service.get(session, caller, ticket))


@ticket_router.put(
    "/{ticket}/major-incident/team", summary="Form the team", responses=refusals(*_ACT, UNKNOWN_PERSON, PERSON_UNFIT)
)
def form_incident_team(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: IncidentTeam
) -> MajorIncidentOut:
    """Say who works on it; putting another team replaces this one."""
    with database.write() as session:
        return MajorIncidentOut.of(*service.form_team(session, caller, ticket, wanted.members))


@ticket_router.post("/{ticket}/major-incident/updates", summary="Report on a major incident", responses=refusals(*_ACT))
def report_on_incident(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: IncidentReport
) -> MajorIncidentOut:
    """The hourly report; the customer is told that there is one, and the clock of the next begins."""
    with database.write() as session:
        return MajorIncidentOut.of(*service.update(session, caller, ticket, wanted.report))


@ticket_router.post("/{ticket}/major-incident/end", summary="End a major incident", responses=refusals(*_ACT))
def end_major_incident(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: IncidentReview
) -> MajorIncidentOut:
    """End it with its review (复盘)."""
    with database.write() as session:
        return MajorIncidentOut.of(*service.end(session, caller, ticket, wanted.review))
