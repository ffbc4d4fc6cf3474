"""What the bodies of requests have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

_PLAIN = frozenset({"int", "float", "bool"})


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

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Let pydantic make the schema, and make what it has of numbers strict."""
        schema = handler(source)
        _make_strict(schema)
        return schema
