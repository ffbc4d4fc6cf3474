"""Keyset pages: a page names the last row it showed, so rows that arrive meanwhile neither repeat nor hide others."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_

from hub.core.clock import rfc3339
from hub.core.problems import BAD_CURSOR, problem_at

T = TypeVar("T")


def encode_cursor(values: Sequence[object]) -> str:
    """Return an opaque cursor for a row's sort key (numbers, texts and times)."""
    plain = [rfc3339(value) if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(text: str, types: Sequence[type]) -> tuple[Any, ...]:
    """Return the sort key in a cursor, each value of the wanted type; raise the bad-cursor problem otherwise."""
    try:
        values: list[object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(_typed(value, kind) for value, kind in zip(values, types, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise problem_at("query:cursor", BAD_CURSOR) from error


def _typed(value: object, kind: type) -> object:
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
        raise ValueError(value)
    return value


def after_cursor(
    statement: Select[*tuple[Any, ...]],
    key: Sequence[ColumnElement[Any] | Any],
    types: Sequence[type],
    cursor: str | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    """Order ``statement`` by ``key`` descending and let it give the rows behind ``cursor``, one more than ``limit``."""
    if cursor is not None:
        values = decode_cursor(cursor, types)
        statement = statement.where(tuple_(*key) < tuple_(*values) if len(key) > 1 else key[0] < values[0])
    return statement.order_by(*(column.desc() for column in key)).limit(limit + 1)


def split_page(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[object]]) -> tuple[Sequence[T], str | None]:
    """Return the page's rows and the cursor of the next page, from rows that ``after_cursor`` gave."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, encode_cursor(key(shown[-1]))
