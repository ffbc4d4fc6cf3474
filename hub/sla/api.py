"""HTTP: service levels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from hub.core.bodies import stored
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.i18n import preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies import queries
from hub.policies.models import PolicyVersion
from hub.policies.schemas import PolicyName, VersionNumber
from hub.policies.service import POLICY_NOT_FOUND, VALID_TOO_EARLY, VERSION_NOT_NEXT, VERSION_TAKEN, not_found
from hub.sla import service
from hub.sla.documents import SlaPolicy
from hub.sla.schemas import DeadlinesOut, NewSlaPolicy, SlaPolicyOut
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

router = APIRouter(prefix="/api/v1/sla-policies", tags=["service levels"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["tickets"])

_reads = Depends(caller_with(Permission.POLICY_READ))
_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, POLICY_NOT_FOUND)
_THERE = {200: {"description": "It was there already.", "model": SlaPolicyOut}}
_PUT = refusals(UNAUTHENTICATED, FORBIDDEN, VERSION_TAKEN, VERSION_NOT_NEXT, VALID_TOO_EARLY, answers=_THERE)


@router.get("", summary="List service level policies", dependencies=[_reads], responses=refusals(*_COMMON))
def list_sla_policies(database: HubDatabase) -> list[str]:
    """Names of all policies; `standard` is always there."""
    with database.read() as session:
        return sorted({service.STANDARD, *queries.names(session, service.FAMILY)})


@router.get("/{name}", summary="Show a service level policy", dependencies=[_reads], responses=refusals(*_ONE))
def show_sla_policy(database: HubDatabase, name: PolicyName) -> SlaPolicyOut:
    """The version that holds for tickets created now."""
    with database.read() as session:
        row, policy = service.in_force(session, name, now())
        return SlaPolicyOut.of(name, row, policy)


@router.get(
    "/{name}/versions", summary="List a policy's versions", dependencies=[_reads], responses=refusals(*_ONE, BAD_CURSOR)
)
def list_sla_policy_versions(
    database: HubDatabase, name: PolicyName, cursor: CursorText = None, limit: Limit = 50
) -> Page[SlaPolicyOut]:
    """Versions that were put, the newest first."""
    with database.read() as session:
        found = queries.page(session, service.FAMILY, name, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row.version])
        return Page(items=[_row(row) for row in rows], next=following)


@router.get(
    "/{name}/versions/{version}", summary="Show a version of a policy", dependencies=[_reads], responses=refusals(*_ONE)
)
def show_sla_policy_version(database: HubDatabase, name: PolicyName, version: VersionNumber) -> SlaPolicyOut:
    """One version, as it was put."""
    with database.read() as session:
        row = queries.version(session, service.FAMILY, name, version)
        if row is None:
            raise not_found(service.CALLED, name)
        return _row(row)


@router.put("/{name}/versions/{version}", status_code=201, summary="Put a version of a policy", responses=_PUT)
def put_sla_policy_version(
    *,
    database: HubDatabase,
    caller: Caller,
    name: PolicyName,
    version: VersionNumber,
    wanted: NewSlaPolicy,
    response: Response,
) -> SlaPolicyOut:
    """Add the next version (1 for a new policy). Putting the same again changes nothing and answers 200."""
    with database.write() as session:
        row, new = service.put(session, caller, name, version, wanted.document, valid_from=wanted.valid_from)
        response.status_code = 201 if new else 200
        return _row(row)


@ticket_router.get(
    "/{ticket}/deadlines",
    summary="Show a ticket's service level clocks",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND),
)
def show_ticket_deadlines(
    database: HubDatabase,
    caller: Caller,
    ticket: TicketId,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> DeadlinesOut:
    """By when it has to be answered and solved (T7), computed from its events, its policy and the calendar."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        return DeadlinesOut.of(service.ticket_deadlines(session, found), preferred_language(accept_language))


def _row(row: PolicyVersion) -> SlaPolicyOut:
    return SlaPolicyOut.of(row.name, row, stored(SlaPolicy, row.document))
