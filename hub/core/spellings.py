"""Find a model's rows in whatever form its name was kept: a device keeps the one that it was first known by."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.core.labels import model_key


def is_model_in(session: Session, column: InstrumentedAttribute[Any], asked: str) -> ColumnElement[bool]:
    """Return the condition that ``column`` holds ``asked`` in any of its spellings; see ``spellings_in``."""
    return is_spelt(column, spellings_in(session, column, asked))


def is_spelt(name: Any, spellings: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a name is one of the spellings of a model; without any no row is read for it."""
    condition: ColumnElement[bool] = name.in_(spellings)
    return condition if spellings else false()


def spellings_in(session: Session, column: InstrumentedAttribute[Any], asked: str) -> list[str]:
    """Return the names that ``column`` holds of the model ``asked``.

    The column has to begin an index: each name that there is costs one look into it, however many rows have it.
    """
    key = model_key(asked)
    return [name for name in _names(session, column) if model_key(name) == key]


def _names(session: Session, column: InstrumentedAttribute[Any]) -> list[str]:
    name = select(func.min(column).label("name")).cte(recursive=True)
    following = select(func.min(column)).where(column > name.c.name).scalar_subquery()
    each = name.union_all(select(following).where(name.c.name.is_not(None)))
    return list(session.scalars(select(each.c.name).where(each.c.name.is_not(None))))
