"""What the bodies of requests have in common."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_VISIBLE = re.compile(
    "[^\\s\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff]"
)
_BLANK = re.compile("[^\\S\\x1c-\\x1f]*")
"""What is stripped; Python alone calls the separators of files and records blank."""
_PLAIN = frozenset({"int", "float", "bool"})


def _texts(given: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give each text of a body with its place but for plain ASCII, all of which is seen and turns no order."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), given)]
    while waiting:  # a body can nest deeper than a function may call itself
        at, value = waiting.pop()
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in members:
            if isinstance(one, str):
                if not (one.isascii() and one.isprintable()):
                    yield (*at, name), one
            elif isinstance(one, dict | list):
                waiting.append(((*at, name), one))


def _make_strict(part: Any) -> None:
    if isinstance(part, dict):
        kind = part.get("type")
        if isinstance(kind, str) and kind in _PLAIN:  # a body can have a member called "type"
            part["strict"] = True
        for name, inner in part.items():
            if name != "keys_schema":  # an object's keys are text always
                _make_strict(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            _make_strict(inner)


class JsonBody(BaseModel):
    """A body of JSON: no unknown member, so that a misspelt one is not lost silently, and no value of another type.

    Pydantic would take ``true`` for 1, ``"5"`` for 5 and ``"yes"`` for true: an amount or a score that nobody gave.
    Its own strict mode refuses times and codes too, which JSON has as text; so numbers and truth values alone are
    strict here.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _seen(cls, given: Any) -> Any:
        """Refuse text that nobody sees, and marks that turn the order of what is shown: ``gnp.exe`` as ``exe.png``."""
        if isinstance(given, dict):
            for at, text in _texts(given):
                if _TURNING.search(text) or not (_VISIBLE.search(text) or _BLANK.fullmatch(text)):
                    raise PydanticCustomError(
                        "unseen_text",
                        "it has characters that nobody sees, alone or to turn the order of others; leave them out",
                        {"zh-CN": "含有不可见字符或改变文字方向的控制符；请删除", "at": at},
                    )
        return given

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Let pydantic make the schema, and make what it has of numbers strict."""
        schema = handler(source)
        _make_strict(schema)
        return schema
