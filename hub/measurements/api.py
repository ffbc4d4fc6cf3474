"""HTTP: questions about measured data (D5). There is no way to change it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import StringConstraints

from hub.core.csv_text import csv_text
from hub.core.documented import refusals
from hub.core.i18n import preferred_language
from hub.core.ids import row_number
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.core.spans import require_forwards
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase, caller_with
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.measurements import queries, service, studies
from hub.measurements.queries import DataFilter
from hub.measurements.runs import RUN_PREFIX
from hub.measurements.schemas import (
    CaptureOut,
    DeadLetterOut,
    MeasurementRow,
    RefusedOut,
    RunDetail,
    RunOut,
    StepOut,
)
from hub.policies.values import Moment
from protocols.messages.records import Outcome, Verdict

router = APIRouter(
    prefix="/api/v1", tags=["measurements"], dependencies=[Depends(caller_with(Permission.MEASUREMENT_READ))]
)
ingest_router = APIRouter(
    prefix="/api/v1", tags=["ingest"], dependencies=[Depends(caller_with(Permission.INGEST_INSPECT))]
)

_ALL = (UNAUTHENTICATED, FORBIDDEN)
_COMMON = (*_ALL, BAD_CURSOR)
Text = Annotated[str | None, Query(max_length=128)]
Since = Annotated[Moment | None, Query(description="From this time (inclusive).")]
Until = Annotated[Moment | None, Query(description="Until this time (exclusive).")]
CSV_COLUMNS = tuple(MeasurementRow.model_fields)


async def _data_filter(
    *,
    serial: Annotated[str | None, Query(max_length=64, description="Serial number of the device.")] = None,
    model: Annotated[str | None, Query(max_length=64, description="Model of the device.")] = None,
    ticket: Annotated[str | None, Query(max_length=128, description="Ticket, e.g. `T-000042`.")] = None,
    bench: Text = None,
    run: Annotated[str | None, Query(max_length=40, description="Run, e.g. `R-000007`.")] = None,
    since: Since = None,
    until: Until = None,
) -> DataFilter:
    require_forwards(until=(since, until))
    run_id = None if run is None else row_number(RUN_PREFIX, run) or -1
    return DataFilter(serial=serial, model=model, ticket=ticket, bench=bench, run_id=run_id, since=since, until=until)


About = Annotated[DataFilter, Depends(_data_filter)]


@router.get("/runs", summary="List test runs", responses=refusals(*_COMMON))
def list_runs(
    *,
    database: HubDatabase,
    caller: Caller,
    about: About,
    plan: Text = None,
    outcome: Outcome | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[RunOut]:
    """The newest first; `since` and `until` are about the start of the run."""
    with database.read() as session:
        wanted = replace(about, plan=plan, outcome=outcome)
        rows, following = split_page(queries.runs(session, caller, wanted, cursor, limit), limit, lambda run: [run.id])
        return Page(items=[RunOut.of(run) for run in rows], next=following)


@router.get("/runs/{run}", summary="Show one run", responses=refusals(*_COMMON, service.RUN_NOT_FOUND))
def show_run(
    database: HubDatabase, caller: Caller, run: Annotated[str, Path(max_length=40, examples=["R-000007"])]
) -> RunDetail:
    """Everything of one run: steps, measurements, captures with preview curves, suspects."""
    with database.read() as session:
        return service.run_detail(session, caller, row_number(RUN_PREFIX, run), run)


@router.get("/steps", summary="List steps", responses=refusals(*_COMMON))
def list_steps(
    *,
    database: HubDatabase,
    caller: Caller,
    about: About,
    step: Text = None,
    outcome: Outcome | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[StepOut]:
    """Attempts of steps, the newest first."""
    with database.read() as session:
        wanted = replace(about, step=step, outcome=outcome)
        rows, following = split_page(queries.steps(session, caller, wanted, cursor, limit), limit, lambda one: [one.id])
        return Page(items=[StepOut.of(one) for one in rows], next=following)


@router.get("/measurements", summary="List measurements", responses=refusals(*_COMMON))
def list_measurements(
    *,
    database: HubDatabase,
    caller: Caller,
    about: About,
    step: Text = None,
    name: Text = None,
    verdict: Verdict | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[MeasurementRow]:
    """Measured values with where they come from, the newest first."""
    rows, following = _measurements(
        database, caller, replace(about, step=step, name=name, verdict=verdict), cursor, limit
    )
    return Page(items=rows, next=following)


@router.get(
    "/measurements.csv",
    summary="List measurements as CSV",
    response_class=Response,
    responses=refusals(
        *_COMMON,
        answers={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "RFC 4180, UTF-8"}},
    ),
)
def list_measurements_csv(
    *,
    request: Request,
    database: HubDatabase,
    caller: Caller,
    about: About,
    step: Text = None,
    name: Text = None,
    verdict: Verdict | None = None,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most rows in one page.")] = 1000,
) -> Response:
    """The same rows for spreadsheets; a `Link` header with `rel="next"` leads to the page that follows."""
    rows, following = _measurements(
        database, caller, replace(about, step=step, name=name, verdict=verdict), cursor, limit
    )
    headers = {}
    if following is not None:
        parameters = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        headers["Link"] = f'<{request.url.path}?{urlencode([*parameters, ("cursor", following)])}>; rel="next"'
    return Response(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=128)]],
    Query(min_length=1, max_length=10, alias="name", description="Measurement; of repeats in a run, each of them."),
]


@router.get(
    "/control-charts",
    summary="Draw a control chart",
    responses=refusals(*_ALL, studies.CHART_NOT_POSSIBLE, studies.UNITS_DIFFER),
)
def show_control_chart(
    *,
    database: HubDatabase,
    caller: Caller,
    names: Names,
    serial: Annotated[str, Query(max_length=64, description="Serial number of the reference artifact.")],
    bench: Annotated[str, Query(max_length=128)],
    since: Since = None,
    until: Until = None,
) -> studies.ControlChartOut:
    """Whether a bench still reads a reference artifact as it did (Q7): X-bar and R of runs that read several times,
    individuals and moving ranges else, with control limits and what is more than chance.
    """
    require_forwards(until=(since, until))
    wanted = DataFilter(serial=serial, bench=bench, since=since, until=until)
    with database.read() as session:
        return studies.control_chart(session, caller, wanted, list(dict.fromkeys(names)))


@router.get(
    "/gauge-studies",
    summary="Do a gauge study",
    responses=refusals(*_ALL, studies.STUDY_NOT_POSSIBLE, studies.UNITS_DIFFER),
)
def show_gauge_study(
    *,
    database: HubDatabase,
    caller: Caller,
    names: Names,
    model: Annotated[str, Query(max_length=64, description="Model of the reference artifacts, e.g. `RB-1`.")],
    appraiser: studies.Appraiser = studies.Appraiser.OPERATOR,
    bench: Text = None,
    since: Since = None,
    until: Until = None,
) -> studies.GaugeStudyOut:
    """Repeatability and reproducibility (AIAG MSA, analysis of variance) of readings of several artifacts by several
    operators, or by several benches.
    """
    require_forwards(until=(since, until))
    wanted = DataFilter(model=model, bench=bench, since=since, until=until)
    with database.read() as session:
        return studies.gauge_study(session, caller, wanted, list(dict.fromkeys(names)), appraiser)


@router.get("/captures/{sha256}/curves", summary="Show a capture's preview curves", responses=refusals(*_COMMON))
def show_curves(
    database: HubDatabase, caller: Caller, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> list[CaptureOut]:
    """Each time that this very file was taken (at most 20, the newest first), with its preview curves."""
    with database.read() as session:
        return [CaptureOut.of(one) for one in queries.captures_by_hash(session, caller, sha256, 20)]


@ingest_router.get("/refused-records", summary="List refused records", responses=refusals(*_COMMON))
def list_refused(
    *,
    database: HubDatabase,
    caller: Caller,
    bench: Text = None,
    cursor: CursorText = None,
    limit: Limit = 50,
    accept_language: Annotated[str | None, Header()] = None,
) -> Page[RefusedOut]:
    """Records that the hub did not take, with the reason that their bench was told."""
    language = preferred_language(accept_language)
    with database.read() as session:
        found = queries.refused_records(session, caller, bench, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row[0].spool_id, row[0].seq])
        return Page(items=[RefusedOut.of(one, spool, language) for one, spool in rows], next=following)


@ingest_router.get("/dead-letters", summary="List unreadable messages", responses=refusals(*_COMMON))
def list_dead_letters(
    database: HubDatabase, caller: Caller, cursor: CursorText = None, limit: Limit = 50
) -> Page[DeadLetterOut]:
    """Messages that could not be read as a batch of records, the newest first; they belong to no store."""
    with database.read() as session:
        found = queries.dead_letters(session, cursor, limit) if caller.stores is None else []
        rows, following = split_page(found, limit, lambda one: [one.id])
        return Page(items=[DeadLetterOut.of(one) for one in rows], next=following)


def _measurements(
    database: HubDatabase, caller: Actor, wanted: DataFilter, cursor: str | None, limit: int
) -> tuple[list[MeasurementRow], str | None]:
    with database.read() as session:
        found = queries.measurements(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda row: [row[0].id])
        return [MeasurementRow.of(one, run) for one, run in rows], following


def _csv(rows: Sequence[MeasurementRow]) -> str:
    return csv_text(CSV_COLUMNS, ([getattr(row, column) for column in CSV_COLUMNS] for row in rows))
