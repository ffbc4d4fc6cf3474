"""HTTP: repair plans, repairs, and the fault taxonomy."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from hub.core.documented import refusals
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.service import UNAUTHENTICATED
from hub.policies import routes as policies
from hub.repairs import evidence, queries, taxonomy
from hub.repairs.evidence import FunctionalTests
from hub.repairs.schemas import RepairOut, RepairPlanOut
from hub.repairs.taxonomy import Taxonomy
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

router = APIRouter(prefix="/api/v1/tickets", tags=["repairs"])
_ONE = (UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND)
FAULT_REMOVED = ProblemType(
    "fault-removed",
    422,
    {"en": "A fault code would be lost", "zh-CN": "故障代码不得删除"},
    {
        "en": "The codes {codes} are in use; a new version adds to the taxonomy and keeps every code.",
        "zh-CN": "代码 {codes} 已在使用；新版本只能增加，须保留所有代码。",
    },
)


@router.get("/{ticket}/repair-plans", summary="List a ticket's repair plans", responses=refusals(*_ONE))
def list_repair_plans(database: HubDatabase, caller: Caller, ticket: TicketId) -> list[RepairPlanOut]:
    """Every revision (T12), the newest first. They come by `propose_plan` and the customer's answer."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        return [RepairPlanOut.of(row) for row in queries.plans(session, found.id)]


@router.get("/{ticket}/repairs", summary="List a ticket's repairs", responses=refusals(*_ONE))
def list_repairs(database: HubDatabase, caller: Caller, ticket: TicketId) -> list[RepairOut]:
    """What was done, with which parts and in which time (T13), the newest first."""
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        return [RepairOut.of(row) for row in queries.repairs(session, found.id)]


def _keeps_codes(session: Session, wanted: Any) -> None:
    known = {fault.code for group in taxonomy.in_force(session).groups for fault in group.faults}
    lost = sorted(code for code in known if wanted.fault(code) is None)
    if lost:
        raise Problem(FAULT_REMOVED, codes=", ".join(lost[:10]))


taxonomy_router = policies.router(
    "fault-taxonomy",
    taxonomy.FAMILY,
    Taxonomy,
    taxonomy.delivered,
    called="fault taxonomy",
    tag="repairs",
    check=_keeps_codes,
)

tests_router = policies.router(
    "functional-test-rules",
    evidence.FAMILY,
    FunctionalTests,
    evidence.delivered,
    called="rules of functional tests",
    tag="repairs",
    check=policies.no_check,
)
