"""HTTP: events, and the auditor's look at them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.documented import refusals
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.core.spans import require_forwards
from hub.events import auditing, queries, visibility
from hub.events.auditing import AuditReport
from hub.events.queries import EventFilter
from hub.events.schemas import RecordedEventOut
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies.values import Moment

router = APIRouter(prefix="/api/v1/events", tags=["events"])
audit_router = APIRouter(prefix="/api/v1/audit", tags=["events"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
MAX_CHECKED = 20_000
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.(\*|[a-z_]+)$", max_length=64)]
Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str | None, Query(max_length=128, pattern=r"^[^\x00]*$")]


class AuditHead(BaseModel):
    """The end of the chain: note it outside of the hub, and ask for it again later."""

    event: int = Field(description="Number of the newest event; 0 when there is none.")
    hash: str


class Verification(JsonBody):
    """Which part of the history to check."""

    after: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=0, description="The last event of the part before.")
    limit: Annotated[int, Field(ge=1, le=MAX_CHECKED)] = MAX_CHECKED
    head: Hash | None = Field(default=None, description="A head that was noted earlier, to be found in this part.")


class VerificationOut(BaseModel):
    """What a check found."""

    sound: bool
    checked: int
    last_event: int
    head: str
    broken_at: int | None = Field(description="The first event that does not fit.")
    why: str | None
    altered: list[int] = Field(description="Events whose words are not those that were written.")
    head_found: bool | None
    next: int | None = Field(description="Go on with this as `after`; `null`: that was the end.")

    @classmethod
    def of(cls, report: AuditReport) -> "VerificationOut":
        """Show one report."""
        return cls(
            sound=report.sound,
            checked=report.events,
            last_event=report.last_id,
            head=report.head,
            broken_at=report.broken.id if report.broken else None,
            why=report.why,
            altered=report.altered,
            head_found=report.head_found,
            next=None if report.complete or report.broken else report.last_id,
        )


@router.get("", summary="List events", responses=refusals(*_COMMON, BAD_CURSOR))
def list_events(
    *,
    database: HubDatabase,
    caller: Caller,
    kind: Annotated[
        list[Kind] | None, Query(max_length=20, description="Any of these: `ticket.created`, `ticket.*`.")
    ] = None,
    record_type: Word = None,
    record: Word = None,
    actor: Word = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[RecordedEventOut]:
    """Who did what to which record, when (S1), the newest first.

    Auditors see everything; others see business records, within their stores. Words of people are in the timelines.
    """
    caller.require(Permission.EVENT_READ)
    require_forwards(until=(since, until))
    wanted = EventFilter(
        kinds=tuple(kind or ()), record_type=record_type, record=record, actor=actor, since=since, until=until
    )
    with database.read() as session:
        found = queries.events(session, visibility.condition(caller), wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda event: [event.id])
        return Page(items=[RecordedEventOut.of(event) for event in rows], next=following)


@audit_router.get("/head", summary="Show the end of the history", responses=refusals(*_COMMON))
def show_audit_head(database: HubDatabase, caller: Caller) -> AuditHead:
    """Number and hash of the newest event."""
    caller.require(Permission.AUDIT_READ)
    with database.read() as session:
        event = queries.newest(session)
    return AuditHead(event=event.id if event else 0, hash=event.hash if event else AuditReport().head)


@audit_router.post("/verifications", summary="Check a part of the history", responses=refusals(*_COMMON))
def verify_history(database: HubDatabase, caller: Caller, wanted: Verification) -> VerificationOut:
    """Compute the chain of hashes and the commitments to words anew; go on with `next` until it is `null`."""
    caller.require(Permission.AUDIT_READ)
    with database.read() as session:
        report = auditing.look(session, noted_head=wanted.head, after=wanted.after, limit=wanted.limit)
        return VerificationOut.of(report)
