"""SQL that the two databases write differently."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def not_by_index(text: Any) -> ColumnElement[str]:
    """Return a column of text so that a condition on it is not looked up in an index, where another way is shorter.

    Both databases look a column up, and no expression but one that an index is made of. This one neither simplifies, as
    a planner may what says nothing at all (``coalesce(text, NULL)``).
    """
    joined: ColumnElement[str] = text + ""
    return joined


class epoch_s(FunctionElement[float]):  # noqa: N801 - reads as a function
    """Seconds since 1970-01-01 UTC of a ``UtcDateTime`` column, with microseconds."""

    type = Double()
    inherit_cache = True


@compiles(epoch_s)
def _plain(element: epoch_s, compiler: SQLCompiler, **kw: Any) -> str:
    return f"EXTRACT(EPOCH FROM {compiler.process(element.clauses, **kw)})"


@compiles(epoch_s, "sqlite")
def _sqlite(element: epoch_s, compiler: SQLCompiler, **kw: Any) -> str:
    return f"((julianday({compiler.process(element.clauses, **kw)}) - 2440587.5) * 86400.0)"


class whole(FunctionElement[int]):  # noqa: N801 - reads as a function
    """The greatest integer that is not above a number, which is not negative."""

    type = BigInteger()
    inherit_cache = True


@compiles(whole)
def _floor(element: whole, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(FLOOR({compiler.process(element.clauses, **kw)}) AS BIGINT)"


@compiles(whole, "sqlite")
def _cut(element: whole, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS INTEGER)"
