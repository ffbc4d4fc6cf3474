"""HTTP: the register of consultations."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from hub.consultations import register
from hub.consultations.register import TARGET_WAIT_S, Consultation
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.ids import public_id
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.core.spans import whole_span
from hub.customers.models import CUSTOMER_PREFIX
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies.values import Moment
from hub.tickets.kinds import Channel, State

router = APIRouter(prefix="/api/v1/consultations", tags=["tickets"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)


class ConsultationOut(BaseModel):
    """One question and what became of it (T2)."""

    ticket: str = Field(examples=["T-000042"])
    state: State
    channel: Channel | None
    customer: str | None = Field(description="`null` too for callers without `contact:read`.", examples=["C-000007"])
    question: str
    asked_at: datetime
    waited_s: int | None = Field(description="Seconds until somebody answered the customer.")
    within_target: bool | None = Field(description=f"Whether that was within {TARGET_WAIT_S} s.")
    promised_at: datetime | None = Field(description="By when the answer was promised, when it was not there at once.")
    promise_kept: bool | None
    answered_at: datetime | None
    answer: str | None
    informed_at: datetime | None
    outcome: str | None = Field(description="What the customer was told in the end.")

    @classmethod
    def of(cls, one: Consultation, caller: Actor, at: datetime) -> "ConsultationOut":
        """Show one to ``caller``."""
        ticket = one.ticket
        known = ticket.customer_id is not None and caller.may(Permission.CONTACT_READ)
        return cls(
            ticket=ticket.public_id,
            state=State(ticket.state),
            channel=Channel(ticket.channel) if ticket.channel else None,
            customer=public_id(CUSTOMER_PREFIX, ticket.customer_id or 0) if known else None,
            question=ticket.symptom,
            asked_at=ticket.created_at,
            waited_s=ticket.waited_s,
            within_target=one.within_target,
            promised_at=one.promised_at,
            promise_kept=one.promise_kept(at),
            answered_at=one.answered_at,
            answer=one.answer,
            informed_at=one.informed_at,
            outcome=one.outcome,
        )


class ConsultationFigures(BaseModel):
    """How consultations went in a span of time."""

    since: datetime
    until: datetime
    target_wait_s: int
    consultations: int
    noted_waits: int
    within_target: int
    mean_wait_s: float | None
    promises: int
    promises_kept: int
    promises_broken: int
    open: int


@router.get("", summary="List consultations", responses=refusals(*_COMMON, BAD_CURSOR))
def list_consultations(
    *, database: HubDatabase, caller: Caller, overdue: bool = False, cursor: CursorText = None, limit: Limit = 50
) -> Page[ConsultationOut]:
    """Question, wait, promise, answer and what the customer was told, the newest first; `overdue`: broken promises."""
    caller.require(Permission.TICKET_READ)
    at = now()
    with database.read() as session:
        found = register.page(session, caller, cursor, limit, overdue_at=at if overdue else None)
        rows, following = split_page(found, limit, lambda one: [one.ticket.id])
        return Page(items=[ConsultationOut.of(one, caller, at) for one in rows], next=following)


@router.get("/figures", summary="Show how consultations went", responses=refusals(*_COMMON))
def show_consultation_figures(
    database: HubDatabase, caller: Caller, since: Moment | None = None, until: Moment | None = None
) -> ConsultationFigures:
    """Waits against the target, promises kept and broken; left out: the last 30 days."""
    caller.require(Permission.TICKET_READ)
    first, last = whole_span(since, until, days=30)
    with database.read() as session:
        found = register.figures(register.between(session, caller, first, last), now())
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return ConsultationFigures(since=first, until=last, target_wait_s=TARGET_WAIT_S, **values)
