"""Take the rows of a file in: each row alone is right or wrong, the file as a whole is taken or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from sqlalchemy.orm import Session

from hub.bulk.files import BAD_FILE
from hub.bulk.tables import Column, Table, Taken, path_of
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
    created: dict[int, str] = field(default_factory=dict)
    """Number of each new record by its row; it holds once the transaction does."""
    unchanged: dict[int, str] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    headers: dict[Column, str] = field(default_factory=dict)
    """What the file calls its columns."""


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
    report = Report(rows=len(rows) - 1, headers=dict(zip(columns, rows[0], strict=True)))
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) > len(columns):
            words: Words = {"en": "the row has more cells than the header", "zh-CN": "该行单元格多于表头"}
            report.errors.append(RowError(number, None, words))
            continue
        values = dict(zip(columns, cells, strict=False))
        try:
            with session.begin_nested():
                record, new = _taken(session, actor, table, values)
            (report.created if new else report.unchanged)[number] = record
        except ValidationError as error:
            wrong = _errors(error)
            wrong += _missing_besides(session, actor, table, values, wrong)
            found = [_row_error(number, table, one) for one in wrong]
            report.errors += found + _unknown_besides(session, actor, number, values, found)
        except Problem as problem:
            found = _of_problem(number, table, problem)
            besides = _unknown_besides(session, actor, number, values, found)
            report.errors += besides if besides and not problem.errors else found + besides
        if len(report.errors) >= MAX_ERRORS:
            break
    return report


def _taken(session: Session, actor: Actor, table: Table, values: Mapping[Column, str]) -> Taken:
    return table.take(session, actor, table.body.model_validate(table.assembled(values)))


def _errors(error: ValidationError) -> list[FieldError]:
    return list(field_errors([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]))


def _missing_besides(
    session: Session, actor: Actor, table: Table, values: Mapping[Column, str], wrong: Sequence[FieldError]
) -> list[FieldError]:
    """Return what is wrong with the rest of a row whose cells cannot all be read, so that it is mended at once.

    Nothing where a cell that decides about the others cannot be read, or where the rest says no more by itself.
    """
    columns = [table.column_of(one.where) for one in wrong]
    if any(column is None or column.decides for column in columns):
        return []
    try:
        with session.begin_nested() as tried:
            _taken(session, actor, table, {column: text for column, text in values.items() if column not in columns})
            tried.rollback()
    except ValidationError:
        return []  # the same members again: they must be there
    except Problem as problem:
        named = {path for one in columns if one for path in (one.path, one.path[:1])}
        return [error for error in problem.errors if path_of(error.where) not in named]
    return []


def _unknown_besides(
    session: Session, actor: Actor, number: int, values: Mapping[Column, str], told: Sequence[RowError]
) -> list[RowError]:
    """Return which other cells of a wrong row name what is not there, so that it is mended at once."""
    found = []
    known = {one.column for one in told}
    for column, text in values.items():
        if column.check is None or column in known or not text:
            continue
        try:
            column.check(session, actor, text)
        except Problem as problem:
            words = problem.errors[0].words if problem.errors else _sentence(problem)
            found.append(RowError(number, column, words))
    return found


def _row_error(number: int, table: Table, error: FieldError) -> RowError:
    return RowError(number, table.column_of(error.where), table.in_no_file.get(error.where, error.words))


def _sentence(problem: Problem) -> Words:
    return {"en": problem.sentence("en"), "zh-CN": problem.sentence("zh-CN")}


def _of_problem(number: int, table: Table, problem: Problem) -> list[RowError]:
    if problem.errors:
        return [_row_error(number, table, one) for one in problem.errors]
    return [RowError(number, None, _sentence(problem))]
