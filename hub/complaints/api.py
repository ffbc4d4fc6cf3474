"""HTTP: complaints. A complaint moves by the actions of its ticket; here is what it has besides."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from sqlalchemy.orm import Session

from hub.aftercare.schemas import ImprovementTaskOut
from hub.calendars import service as calendars
from hub.complaints import analysis, effects, queries, service
from hub.complaints.details import ComplaintClass
from hub.complaints.models import CaseReview, Complaint, ComplaintPromise
from hub.complaints.policy import ComplaintPolicy, Grade
from hub.complaints.queries import ComplaintFilter
from hub.complaints.schemas import (
    AnalysisOut,
    ComplaintDetail,
    ComplaintOut,
    LatePromise,
    NewImprovement,
    PromiseOut,
    ReviewIn,
    ReviewOut,
)
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.i18n import Language, preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.core.spans import require_forwards
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies.values import Moment
from hub.tickets import service as tickets
from hub.tickets.api import TicketId
from hub.tickets.models import Ticket

router = APIRouter(prefix="/api/v1/complaints", tags=["complaints"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.COMPLAINT_NOT_FOUND)
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
Text = Annotated[str | None, Query(max_length=64)]
Since = Annotated[Moment | None, Query(description="Made at this time or later.")]
Until = Annotated[Moment | None, Query(description="Made before this time.")]


@router.get("", summary="List complaints", responses=refusals(*_COMMON, BAD_CURSOR))
def list_complaints(
    *,
    database: HubDatabase,
    caller: Caller,
    complaint_class: ComplaintClass | None = None,
    grade: Grade | None = None,
    cause: Text = None,
    owner: Text = None,
    store: Text = None,
    open: bool | None = None,
    without_news: Annotated[
        bool, Query(description="Only those whose customer heard nothing for longer than the policy's `tell_within`.")
    ] = False,
    since: Since = None,
    until: Until = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[ComplaintOut]:
    """Complaints that the caller may see, the newest first (C1-C3)."""
    caller.require(Permission.COMPLAINT_READ)
    require_forwards(until=(since, until))
    with database.read() as session:
        silent = now() - effects.in_force(session)[1].tell_within if without_news else None
        wanted = ComplaintFilter(complaint_class, grade, cause, owner, store, open, silent, since, until)
        found = queries.complaints(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row[0].id])
        return Page(items=[ComplaintOut.model_validate(_shown(*row)) for row in rows], next=following)


@router.get(
    "/late-promises", summary="List promises that were not kept in time", responses=refusals(*_COMMON, BAD_CURSOR)
)
def list_late_promises(
    database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50
) -> Page[LatePromise]:
    """Promised times that passed, whether or not the customer has heard since (C3), the newest first."""
    caller.require(Permission.COMPLAINT_READ)
    with database.read() as session:
        found = queries.late_promises(session, caller, now(), cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row[0].id])
        items = [LatePromise(**_promise(one), ticket=ticket.public_id, owner=ticket.owner) for one, ticket in rows]
        return Page(items=items, next=following)


@router.get("/unreviewed", summary="List major cases to review", responses=refusals(*_COMMON))
def list_unreviewed(database: HubDatabase, caller: Caller, limit: Limit = 50) -> list[ComplaintOut]:
    """Archived major cases that nobody has reviewed yet (复盘, C4), the oldest first."""
    caller.require(Permission.COMPLAINT_READ)
    with database.read() as session:
        return [ComplaintOut.model_validate(_shown(*row)) for row in queries.unreviewed(session, caller, limit)]


@router.get("/analysis", summary="Analyse complaints", responses=refusals(*_COMMON))
def analyse_complaints(
    *,
    database: HubDatabase,
    caller: Caller,
    store: Text = None,
    since: Since = None,
    until: Until = None,
    accept_language: Accepted = None,
) -> AnalysisOut:
    """By class and cause: how many, how they went, and which improvements the causes became (C4)."""
    caller.require(Permission.COMPLAINT_READ)
    require_forwards(until=(since, until))
    wanted = ComplaintFilter(store=store, since=since, until=until)
    with database.read() as session:
        return analysis.analyse(session, caller, wanted, now(), preferred_language(accept_language))


@router.post(
    "/improvements",
    status_code=201,
    summary="Begin an improvement",
    responses=refusals(*_COMMON, service.IMPROVEMENT_WRONG, tickets.TICKET_NOT_FOUND),
)
def begin_improvement(
    database: HubDatabase, caller: Caller, wanted: NewImprovement, accept_language: Accepted = None
) -> ImprovementTaskOut:
    """Let a cause become an improvement with one responsible person and a day (C4).

    It stands in `GET /api/v1/improvement-tasks` with all others, and is worked on and verified there.
    """
    with database.write() as session:
        found = service.improve(session, caller, wanted)
        today = now().astimezone(calendars.calendar(session, calendars.STANDARD).time_zone).date()
        language = preferred_language(accept_language)
        return ImprovementTaskOut.of(found, today=today, caller=caller, language=language)


@router.get("/{ticket}", summary="Show a complaint", responses=refusals(*_ONE))
def show_complaint(
    database: HubDatabase, caller: Caller, ticket: TicketId, accept_language: Accepted = None
) -> ComplaintDetail:
    """A complaint with why it is urgent, what was promised, who granted what, and its review."""
    with database.read() as session:
        found, complaint = service.get(session, caller, ticket)
        return _detail(session, found, complaint, preferred_language(accept_language))


@router.post(
    "/{ticket}/review",
    status_code=201,
    summary="Review a major case",
    responses=refusals(*_ONE, service.NOT_TO_REVIEW, service.IMPROVEMENT_WRONG),
)
def review_complaint(
    database: HubDatabase, caller: Caller, ticket: TicketId, wanted: ReviewIn, accept_language: Accepted = None
) -> ComplaintDetail:
    """Take down the review (复盘, C4) of an archived major case, with the improvements that it brings."""
    with database.write() as session:
        found, complaint = service.review(session, caller, ticket, wanted)
        return _detail(session, found, complaint, preferred_language(accept_language))


def _shown(ticket: Ticket, complaint: Complaint) -> dict[str, Any]:
    own = (
        "complaint_class",
        "grade",
        "hazards",
        "round",
        "cause",
        "remedy",
        "compensation_minor",
        "currency",
        "told_at",
    )
    of_ticket = ("state", "owner", "store", "urgency", "created_at", "closed_at")
    return {
        "ticket": ticket.public_id,
        **{name: getattr(complaint, name) for name in own},
        **{name: getattr(ticket, name) for name in of_ticket},
    }


def _promise(row: ComplaintPromise) -> dict[str, Any]:
    return {
        "promised_at": row.promised_at,
        "made_at": row.made_at,
        "made_by": row.made_by,
        "kept_at": row.kept_at,
        "late": (row.kept_at or now()) > row.promised_at,
    }


def _detail(session: Session, ticket: Ticket, complaint: Complaint, language: Language) -> ComplaintDetail:
    policy: ComplaintPolicy = effects.in_force(session)[1]
    because = effects.assessment(session, ticket, complaint, policy).because[language]
    review: CaseReview | None = queries.review(session, ticket.id)
    return ComplaintDetail.model_validate(
        {
            **_shown(ticket, complaint),
            "because": because,
            "policy_version": complaint.policy_version,
            "requested_by": complaint.requested_by,
            "granted_by": complaint.granted_by,
            "paid_by": complaint.paid_by,
            "promises": [PromiseOut(**_promise(row)) for row in queries.promises(session, [ticket.id])],
            "payments": [one.model_dump() for one in queries.payments(session, ticket.id)],
            "review": ReviewOut.model_validate(review, from_attributes=True) if review else None,
        }
    )
