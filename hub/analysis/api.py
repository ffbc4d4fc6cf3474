"""HTTP: figures about tickets."""

import base64
import hashlib
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from starlette.responses import HTMLResponse

from hub.analysis import report, service
from hub.analysis.queries import Dimension, Sums, TicketsWanted
from hub.analysis.schemas import TicketAnalysis, TicketFigures
from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.csv_text import csv_text
from hub.core.documented import refusals
from hub.core.i18n import preferred_language
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.policies.values import Moment
from hub.tickets.kinds import Channel, Kind

router = APIRouter(prefix="/api/v1/analysis", tags=["analysis"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN, service.SPAN_WRONG, service.DIMENSIONS_WRONG)
_CSV = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "RFC 4180, UTF-8"}}
_HTML = {200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "A page that stands alone."}}
_STYLE_HASH = base64.b64encode(hashlib.sha256(report.STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Vary": "Accept-Language",
}
_reads = Depends(caller_with(Permission.ANALYSIS_READ))
Text = Annotated[str | None, Query(max_length=64)]
By = Annotated[
    list[Dimension] | None,
    Query(max_length=3, description="Count by these, one to three; left out: by month.", examples=[["month", "store"]]),
]
Since = Annotated[Moment | None, Query(description="Left out: 365 days before `until`.")]
Until = Annotated[Moment | None, Query(description="Left out: now.")]


def _wanted(
    *,
    since: Since = None,
    until: Until = None,
    kind: Kind | None = None,
    store: Text = None,
    model: Text = None,
    fault: Text = None,
    channel: Channel | None = None,
) -> TicketsWanted:
    end = until or now()
    try:
        begin = since or end - timedelta(days=365)
    except OverflowError:
        begin = end  # out of the years that can be analysed: the service says so
    return TicketsWanted(begin, end, kind, store, model, fault, channel)


Wanted = Annotated[TicketsWanted, Depends(_wanted)]


@router.get("/tickets", summary="Analyse tickets", dependencies=[_reads], responses=refusals(*_COMMON))
def analyse_tickets(database: HubDatabase, caller: Caller, wanted: Wanted, by: By = None) -> TicketAnalysis:
    """Volume, processing efficiency and problem types over time, by store, model and more (T16), of tickets that came
    within the span of time and that the caller may see. Days are those of the stores' calendar.
    """
    return _analysis(database, caller, wanted, by or [Dimension.MONTH])


@router.get(
    "/report",
    summary="Show the service report",
    dependencies=[_reads],
    response_class=HTMLResponse,
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, service.SPAN_WRONG, answers=_HTML),
)
def show_report(
    database: HubDatabase,
    caller: Caller,
    wanted: Wanted,
    language: Annotated[
        Literal["en", "zh-CN"] | None, Query(description="Left out: the language of `Accept-Language`.")
    ] = None,
    accept_language: Annotated[str | None, Header(alias="accept-language", include_in_schema=False)] = None,
) -> HTMLResponse:
    """Charts with their tables (S4): volume and speed over time, and by kind, store, channel, model, fault and cause.

    One page without scripts that can be kept as a file, printed on A4, and read aloud. It names no customer.
    """
    chosen = language or preferred_language(accept_language)
    with database.read() as session:
        text = report.html(session, caller, wanted, calendars.time_zone(session), chosen)
    return HTMLResponse(text, headers={**_PAGE_HEADERS, "Content-Language": chosen})


@router.get(
    "/tickets.csv",
    summary="Analyse tickets as CSV",
    dependencies=[_reads],
    response_class=Response,
    responses=refusals(*_COMMON, answers=_CSV),
)
def analyse_tickets_csv(database: HubDatabase, caller: Caller, wanted: Wanted, by: By = None) -> Response:
    """The same rows for spreadsheets, a column for each dimension."""
    dimensions = by or [Dimension.MONTH]
    found = _analysis(database, caller, wanted, dimensions)
    figures = [name for name in TicketFigures.model_fields if name != "key"]
    rows = ([*(row.key[one] for one in dimensions), *(getattr(row, name) for name in figures)] for row in found.rows)
    text = csv_text([*dimensions, *figures], rows)
    return Response(text, media_type="text/csv; charset=utf-8")


def _analysis(database: HubDatabase, caller: Caller, wanted: TicketsWanted, by: list[Dimension]) -> TicketAnalysis:
    with database.read() as session:
        zone = calendars.time_zone(session)
        rows = service.analyse(session, caller, wanted, by, zone)
    total = Sums()
    for row in rows:
        total.add(row.sums)
    return TicketAnalysis(
        since=wanted.since,
        until=wanted.until,
        time_zone=zone.key,
        total=TicketFigures.of({}, total),
        rows=[TicketFigures.of(dict(zip(by, row.key, strict=True)), row.sums) for row in rows],
    )
