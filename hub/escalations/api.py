"""HTTP: escalations."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.escalations import queries, service
from hub.escalations.queries import EscalationFilter
from hub.escalations.schemas import EscalationAnswer, EscalationDetail, EscalationOut, NewEscalation
from hub.escalations.states import State
from hub.events import queries as event_queries
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.sla.documents import Level
from hub.tickets import remarks
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

router = APIRouter(prefix="/api/v1/escalations", tags=["escalations"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["escalations"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.ESCALATION_NOT_FOUND)
_ACT = (UNAUTHENTICATED, FORBIDDEN, service.ESCALATION_NOT_FOUND, service.ESCALATION_OVER)
EscalationId = Annotated[str, Path(max_length=40, examples=["E-000003"])]


@ticket_router.post(
    "/{ticket}/escalations",
    status_code=201,
    summary="Escalate a ticket",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND),
)
def escalate_ticket(database: HubDatabase, caller: Caller, ticket: TicketId, wanted: NewEscalation) -> EscalationOut:
    """Bring in the expert or management by hand (T8); clocks do so by themselves."""
    with database.write() as session:
        made = service.raise_by_hand(session, caller, ticket, Level(wanted.level), wanted.reason)
        return EscalationOut.of(made, tickets.get(session, caller, ticket))


@router.get("", summary="List escalations", responses=refusals(*_COMMON, BAD_CURSOR))
def list_escalations(
    *,
    database: HubDatabase,
    caller: Caller,
    state: State | None = None,
    level: Literal["expert", "management"] | None = None,
    ticket: Annotated[str | None, Query(max_length=40, examples=["T-000042"])] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[EscalationOut]:
    """What waits for an expert or for management, the newest first."""
    caller.require(Permission.ESCALATION_READ)
    wanted = EscalationFilter(state=state, level=level, ticket=ticket)
    with database.read() as session:
        found = queries.escalations(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda pair: [pair[0].id])
        return Page(items=[EscalationOut.of(*pair) for pair in rows], next=following)


@router.get("/{escalation}", summary="Show an escalation", responses=refusals(*_ONE))
def show_escalation(database: HubDatabase, caller: Caller, escalation: EscalationId) -> EscalationDetail:
    """An escalation with its description and the whole history of its ticket (T8)."""
    with database.read() as session:
        row, ticket = service.get(session, caller, escalation)
        events = event_queries.timeline(session, ticket.record, cursor=None, limit=200)[:200]
        history = remarks.shown(session, events)
        return EscalationDetail.model_validate({**EscalationOut.fields_of(row, ticket), "history": history})


@router.post("/{escalation}/acknowledgement", summary="Take an escalation in hand", responses=refusals(*_ACT))
def acknowledge_escalation(database: HubDatabase, caller: Caller, escalation: EscalationId) -> EscalationOut:
    """Say that the level has it in hand."""
    with database.write() as session:
        return EscalationOut.of(*service.acknowledge(session, caller, escalation))


@router.post("/{escalation}/answer", summary="Answer an escalation", responses=refusals(*_ACT))
def answer_escalation(
    database: HubDatabase, caller: Caller, escalation: EscalationId, wanted: EscalationAnswer
) -> EscalationOut:
    """Say what is to be done; the answer stands in the ticket's timeline."""
    with database.write() as session:
        return EscalationOut.of(*service.answer(session, caller, escalation, wanted.answer))
