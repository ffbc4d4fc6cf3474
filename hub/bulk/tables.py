"""How rows of one kind are read, taken in and written: columns in both languages, a row as a body."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from hub.core.i18n import Words
from hub.identity.actors import Actor
from hub.identity.permissions import Permission


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``path`` is where its value belongs in the body; a list is written with ``;`` between its members.

    What else a row must have depends on a column that ``decides``. ``words`` are what people call a code: a cell may
    have either. ``check`` raises a problem for a value that names nothing.
    """

    name: str
    chinese: str
    path: tuple[str, ...] = ()
    is_list: bool = False
    decides: bool = False
    is_number: bool = False
    words: Mapping[Any, Words] = field(default_factory=dict, hash=False)
    check: Callable[[Session, Actor, str], None] | None = None

    def value_of(self, text: str) -> Any:
        """Return what a cell says: bodies take numbers as numbers alone, and a cell is text always."""
        if self.is_list:
            return [] if text.casefold() in NOTHING else [one.strip() for one in text.split(";") if one.strip()]
        if self.is_number and _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        return self.code_of(text)

    def code_of(self, text: str) -> str:
        """Return the code that a cell calls by its word in either language, or the cell as it is."""
        wanted = text.strip().casefold()
        called = (code for code, words in self.words.items() if wanted in {word.casefold() for word in words.values()})
        return next(called, text)

    @property
    def title(self) -> Words:
        """The column's header in each language."""
        return {"en": self.name, "zh-CN": self.chinese}


NOTHING = frozenset({"none", "无"})
"""What a cell of a list says where there is nothing: empty, it would not have been asked."""
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
Rows = list[Sequence[Any]]
Taken = tuple[str, bool]
"""The record's number, and whether it is new."""


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of one kind are read, taken in and written."""

    prefix: str
    imported: tuple[Column, ...]
    exported: tuple[Column, ...]
    body: type[BaseModel]
    may_import: Permission
    may_export: Permission
    take: Callable[[Session, Actor, Any], Taken]
    rows: Callable[[Session, Actor, int, int], Rows]
    in_no_file: Mapping[str, Words] = field(default_factory=dict)
    """What is to be said of places in the body that no column has."""

    def column(self, header: str) -> Column | None:
        """Return the column that a header names, in either language and however it is spaced."""
        wanted = header.strip().casefold().replace(" ", "_")
        return next((one for one in self.imported if wanted in {one.name, one.chinese.casefold()}), None)

    def column_of(self, where: str) -> Column | None:
        """Return the column of a place in the body, given as JSON Pointer (``#/device/serial``)."""
        path = path_of(where)
        at = (one for one in self.imported if path[: len(one.path)] == one.path)
        within = (one for one in self.imported if one.path[: len(path)] == path)
        return next(at, None) or next(within, None)

    def assembled(self, values: Mapping[Column, str]) -> dict[str, Any]:
        """Return the body that a row's cells make; an empty cell is a member left out."""
        found: dict[str, Any] = {}
        for column, text in values.items():
            if not text:
                continue
            *above, last = column.path
            place = found
            for name in above:
                place = place.setdefault(name, {})
            place[last] = column.value_of(text)
        return found


def path_of(where: str) -> tuple[str, ...]:
    """Return a JSON Pointer as the names on the way."""
    return tuple(where.removeprefix("#/").split("/"))


NUMBER = Column("number", "编号")
"""The record's own number, first in every export."""
