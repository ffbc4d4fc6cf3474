"""HTTP: the dispatch of tickets, its queue, and the backlog."""

from typing import Annotated

from fastapi import APIRouter, Header, Query

from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.i18n import Language, preferred_language
from hub.dispatch import queries, service
from hub.dispatch.backlog import By, backlog
from hub.dispatch.schemas import BacklogLine, BacklogOut, DispatchOut, QueuedOut, RetryOut
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.kinds import State
from hub.tickets.models import Ticket

router = APIRouter(prefix="/api/v1/dispatch", tags=["dispatch"])
backlog_router = APIRouter(prefix="/api/v1/backlog", tags=["dispatch"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["dispatch"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
Code = Annotated[str | None, Query(max_length=64)]


@ticket_router.get("/{ticket}/dispatch", summary="Show how a ticket is dispatched", responses=refusals(*_ONE))
def show_dispatch(
    database: HubDatabase, caller: Caller, ticket: TicketId, accept_language: Accepted = None
) -> DispatchOut:
    """Who was chosen and why, and why not the others (T4). Before any dispatch: whom the policy would choose now."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.ROSTER_READ)
        language = preferred_language(accept_language)
        entry = queries.entry(session, found.id)
        if entry is not None:
            return DispatchOut.of(found, entry, language)
        return _proposed(service.propose(session, found, now()), found, language)


@ticket_router.get(
    "/{ticket}/dispatch/proposal", summary="Ask whom the policy would choose now", responses=refusals(*_ONE)
)
def show_proposal(
    database: HubDatabase, caller: Caller, ticket: TicketId, accept_language: Accepted = None
) -> DispatchOut:
    """A dry run: nothing is changed."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.ROSTER_READ)
        return _proposed(service.propose(session, found, now()), found, preferred_language(accept_language))


@ticket_router.post(
    "/{ticket}/dispatch",
    summary="Dispatch a ticket by the policy",
    responses=refusals(*_ONE, tickets.ACTION_NOT_POSSIBLE),
)
def dispatch_ticket(
    database: HubDatabase, caller: Caller, ticket: TicketId, accept_language: Accepted = None
) -> DispatchOut:
    """Let the policy choose, also for a kind that is not dispatched by itself, or one that a person took back."""
    with database.write() as session:
        found = tickets.get(session, caller, ticket, for_update=True)
        caller.require(Permission.TICKET_ASSIGN)
        tickets.require_possible(found, "assign", State.NEW)
        entry = service.dispatch(session, found, now())
        return DispatchOut.of(found, entry, preferred_language(accept_language))


@router.get("/queue", summary="List tickets that wait for a bench", responses=refusals(*_COMMON))
def list_queue(
    *,
    database: HubDatabase,
    caller: Caller,
    store: Code = None,
    group: Code = None,
    status: Annotated[list[str] | None, Query(max_length=3, description="`waiting`, `review`, `held`.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    accept_language: Accepted = None,
) -> list[QueuedOut]:
    """Tickets that could not be dispatched, with the reasons, the most urgent first."""
    caller.require(Permission.TICKET_READ)
    caller.require(Permission.ROSTER_READ)
    language = preferred_language(accept_language)
    with database.read() as session:
        rows = queries.queue(session, caller, status or ["waiting"], store=store, group=group, limit=limit)
        return [QueuedOut.of_row(row[0], row[1], language) for row in rows]


@router.post("/retry", summary="Try waiting tickets again", responses=refusals(*_COMMON))
def retry_dispatch(database: HubDatabase, caller: Caller) -> RetryOut:
    """The hub does so by itself when a shift begins, the roster changes, or a bench gets free."""
    caller.require(Permission.TICKET_ASSIGN)
    with database.write() as session:
        found = service.retry(session, now())
        return RetryOut(dispatched=[ticket.public_id for ticket in found], next_retry_at=queries.next_chance(session))


@backlog_router.get("", summary="Show the backlog", responses=refusals(*_COMMON))
def show_backlog(database: HubDatabase, caller: Caller, by: By = By.STORE) -> BacklogOut:
    """What waits, by store, group, bench or kind: how much, the oldest, and what is at risk (T5)."""
    caller.require(Permission.TICKET_READ)
    caller.require(Permission.ROSTER_READ)
    at = now()
    with database.read() as session:
        found = backlog(session, caller, by, at)
    lines = [BacklogLine.model_validate(line, from_attributes=True) for line in found.lines]
    return BacklogOut(lines=lines, unread=found.unread, at=at)


def _proposed(proposal: service.Proposal, ticket: Ticket, language: Language) -> DispatchOut:
    because = service.REVIEW_FIRST if proposal.review_first else proposal.choice.because
    return DispatchOut.proposed(ticket, proposal, because, language, now())
