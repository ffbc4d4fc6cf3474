"""HTTP: import and export of files."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Response
from pydantic import BaseModel, Field

from hub.bulk import files, service
from hub.bulk.kinds import TABLES, Kind
from hub.bulk.service import Report
from hub.bulk.tables import Table
from hub.core.documented import refusals
from hub.core.i18n import Language, preferred_language
from hub.core.ids import row_number
from hub.core.problems import REQUEST_TOO_LARGE, Problem, ProblemType, problem_at
from hub.identity.actors import FORBIDDEN
from hub.identity.api import Caller, HubDatabase
from hub.identity.service import UNAUTHENTICATED

imports_router = APIRouter(prefix="/api/v1/imports", tags=["files"])
exports_router = APIRouter(prefix="/api/v1/exports", tags=["files"])

Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
MAX_EXPORTED = 10_000


NO_SUCH_FILES = ProblemType(
    "no-such-files",
    404,
    {"en": "There are no files of this kind", "zh-CN": "没有此类文件"},
    {
        "en": "There are files of customers, devices and tickets.",
        "zh-CN": "可用类型：customers、devices、tickets。",
    },
)
AFTER_WRONG = ProblemType(
    "export-after",
    422,
    {"en": "The export cannot go on there", "zh-CN": "无法从该处继续导出"},
    {
        "en": "Give the record's number that the header `Last-Record` of the file before had.",
        "zh-CN": "请填写上一个文件响应头 `Last-Record` 中的记录编号。",
    },
)
_COMMON = (UNAUTHENTICATED, FORBIDDEN, NO_SUCH_FILES)
KindPath = Annotated[
    str, Path(max_length=32, json_schema_extra={"enum": [kind.value for kind in Kind]}, examples=["customers"])
]


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    XLSX = "xlsx"


class RowErrorOut(BaseModel):
    """What is wrong in a row."""

    row: int = Field(description="1 is the header.", examples=[3])
    column: str | None = Field(description="As the file calls it, where it has it.", examples=["phones"])
    detail: str = Field(examples=["Field required"])


class ImportOut(BaseModel):
    """What became of a file."""

    committed: bool = Field(description="`false`: a dry run, no rows, or rows were wrong; nothing was changed.")
    rows: int
    created: list[str] = Field(description="Records that are new, by number; none unless `committed`.")
    created_rows: list[int] = Field(description="Rows that made or would make a record; 1 is the header.")
    unchanged: list[str] = Field(description="Records that were known already; none unless `committed`.")
    unchanged_rows: list[int] = Field(description="Rows about what is known already.")
    errors: list[RowErrorOut] = Field(description="At most about 200, in the order of the rows.")

    @classmethod
    def of(cls, report: Report, language: Language, *, committed: bool) -> "ImportOut":
        """Show a report."""
        return cls(
            committed=committed,
            rows=report.rows,
            created=list(report.created.values()) if committed else [],
            created_rows=list(report.created),
            unchanged=list(report.unchanged.values()) if committed else [],
            unchanged_rows=list(report.unchanged),
            errors=[
                RowErrorOut(
                    row=one.row,
                    column=report.headers.get(one.column, one.column.title[language]) if one.column else None,
                    detail=one.words[language],
                )
                for one in report.errors
            ],
        )


@imports_router.post(
    "/{kind}", summary="Import a file", responses=refusals(*_COMMON, files.BAD_FILE, REQUEST_TOO_LARGE)
)
def import_file(
    *,
    database: HubDatabase,
    caller: Caller,
    kind: KindPath,
    data: Annotated[
        bytes, Body(media_type="application/octet-stream", description="CSV (UTF-8 or GB 18030) or an Excel workbook.")
    ],
    dry_run: Annotated[bool, Query(description="Check every row and change nothing.")] = False,
    partial: Annotated[bool, Query(description="Take the good rows although others are wrong.")] = False,
    accept_language: Accepted = None,
) -> ImportOut:
    """At most 1000 rows below a row of column names, in English or Chinese. All are taken or none, unless `partial`.

    What is wrong is told row by row in the caller's language. Known customers and devices stay as they are.
    """
    table = _table(kind)
    caller.require(table.may_import)
    rows = files.read(data)
    with database.write() as session:
        whole = session.begin_nested()
        report = service.take(session, caller, table, rows)
        committed = not dry_run and report.rows > 0 and (partial or not report.errors)
        whole.commit() if committed else whole.rollback()
    return ImportOut.of(report, preferred_language(accept_language), committed=committed)


@imports_router.get(
    "/{kind}/template", summary="Get an empty file to fill in", response_class=Response, responses=refusals(*_COMMON)
)
def import_template(
    caller: Caller,
    kind: KindPath,
    format: Format = Format.XLSX,
    accept_language: Accepted = None,
) -> Response:
    """A file with the columns that can be imported, in the caller's language."""
    table = _table(kind)
    caller.require(table.may_import)
    language = preferred_language(accept_language)
    return _file([[one.title[language] for one in table.imported]], kind, format)


@exports_router.get(
    "/{kind}", summary="Export a file", response_class=Response, responses=refusals(*_COMMON, AFTER_WRONG)
)
def export_file(
    *,
    database: HubDatabase,
    caller: Caller,
    kind: KindPath,
    format: Format = Format.CSV,
    after: Annotated[
        str | None, Query(max_length=40, description="Number of the last record of the file before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_EXPORTED)] = MAX_EXPORTED,
    accept_language: Accepted = None,
) -> Response:
    """Records by number, the oldest first. The header `Last-Record` of a full file goes on as `after`.

    No cell is a formula. Exporting customers is for managers. The record of each customer
    tells who did, of tickets with contacts too.
    """
    table = _table(kind)
    caller.require(table.may_export)
    number = 0
    if after is not None:
        found = row_number(table.prefix, after)
        if found is None:
            raise problem_at("query:after", AFTER_WRONG)
        number = found
    language = preferred_language(accept_language)
    with database.read() if kind == Kind.DEVICES else database.write() as session:
        rows = table.rows(session, caller, number, limit)
    response = _file([[one.title[language] for one in table.exported], *rows], kind, format)
    if len(rows) == limit:
        response.headers["Last-Record"] = str(rows[-1][0])
    return response


def _table(kind: str) -> Table:
    """Return how files of a kind are read and written; raise the no-such-files problem."""
    if kind not in TABLES:
        raise Problem(NO_SUCH_FILES)
    return TABLES[Kind(kind)]


def _file(rows: Sequence[Sequence[Any]], kind: KindPath, wanted: Format) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{wanted}"', "Cache-Control": "private"}
    if wanted is Format.XLSX:
        return Response(files.workbook(rows, kind), media_type=files.XLSX, headers=headers)
    return Response("".join(files.csv_lines(rows)), media_type=f"{files.CSV}; charset=utf-8", headers=headers)
