"""Take the rows of a file in: each row alone is right or wrong, the file as a whole is taken or not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from sqlalchemy.orm import Session

from hub.bulk.files import BAD_FILE
from hub.bulk.tables import Column, Table
from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem
from hub.core.validation import field_errors
from hub.identity.actors import Actor

MAX_ERRORS = 200


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row of the file (1 is the header), and in which column where that is known."""

    row: int
    column: Column | None
    words: Words


@dataclass(slots=True)
class Report:
    """What became of a file's rows."""

    rows: int = 0
    created: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def header(table: Table, names: Sequence[str]) -> list[Column]:
    """Return the columns of a header; raise the import-file problem that names what is not known or there twice."""
    found = [table.column(name) for name in names]
    unknown = [name[:40] or "–" for name, column in zip(names, found, strict=True) if column is None]
    known = [column for column in found if column is not None]
    twice = sorted({column.name for column in known if known.count(column) > 1})
    if unknown or twice:
        wanted = {
            "en": ", ".join(one.name for one in table.imported),
            "zh-CN": "、".join(one.chinese for one in table.imported),
        }
        bad = ", ".join(unknown or twice)
        raise Problem(
            BAD_FILE,
            reason={
                "en": f"columns that are unknown or there twice: {bad}; there are {wanted['en']}",
                "zh-CN": f"列名未知或重复：{bad}；可用列名：{wanted['zh-CN']}",
            },
        )
    return known


def take(session: Session, actor: Actor, table: Table, rows: Sequence[Sequence[str]]) -> Report:
    """Take every row in, each undone alone when it is wrong; what is wrong is reported, not raised."""
    actor.require(table.may_import)
    columns = header(table, rows[0])
    report = Report(rows=len(rows) - 1)
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) > len(columns):
            words: Words = {"en": "the row has more cells than the header", "zh-CN": "该行单元格多于表头"}
            report.errors.append(RowError(number, None, words))
            continue
        body = table.assembled(dict(zip(columns, cells, strict=False)))
        try:
            with session.begin_nested():
                record, new = table.take(session, actor, table.body.model_validate(body))
            (report.created if new else report.unchanged).append(record)
        except ValidationError as error:
            places = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
            report.errors += _located(number, columns, field_errors(places))
        except Problem as problem:
            report.errors += _of_problem(number, columns, problem)
        if len(report.errors) >= MAX_ERRORS:
            break
    return report


def _of_problem(number: int, columns: Sequence[Column], problem: Problem) -> list[RowError]:
    if problem.errors:
        return _located(number, columns, problem.errors)
    words: Words = {"en": problem.sentence("en"), "zh-CN": problem.sentence("zh-CN")}
    return [RowError(number, None, words)]


def _located(number: int, columns: Sequence[Column], errors: Sequence[FieldError]) -> list[RowError]:
    found = []
    for error in errors:
        path = tuple(error.where.removeprefix("#/").split("/"))
        column = next((one for one in columns if path[: len(one.path)] == one.path), None)
        found.append(RowError(number, column, error.words))
    return found
