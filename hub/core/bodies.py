"""What the bodies of requests have in common."""

import re
from collections.abc import Container, Iterator
from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from hub.core.controls import CONTROL

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_VISIBLE = re.compile(
    "[^\\s\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff]"
)
_BLANK = re.compile("[^\\S\\x1c-\\x1f]*")
"""What is stripped; Python alone calls the separators of files and records blank."""
_PLAIN = frozenset({"int", "float", "bool"})
_STORED = {"stored": True}
_OF_TEXT = frozenset({"unseen_text", "control_character"})
B = TypeVar("B", bound=BaseModel)


def stored(kind: type[B], document: Any) -> B:
    """Return a policy document that was kept; that its texts are seen as they are was looked at when it came.

    All else is checked again, each pattern and each limit: what is shown of other rows has models of its own.
    """
    return kind.model_validate(document, context=_STORED)


def readable(text: str) -> str:
    """Return what a person sees of a text that was kept or that a bench said: as much of it as a body may have."""
    seen = _TURNING.sub("", CONTROL.sub("", text))
    return seen if _VISIBLE.search(seen) else ""


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


def _mistakes_of_text(given: dict[str, Any]) -> list[InitErrorDetails]:
    """Return the texts with control characters, those that nobody sees, and those that turn the order of what is shown.

    ``gnp.exe`` is shown as ``exe.png`` behind such a mark.
    """
    found = []
    for at, text in _texts(given):
        control = CONTROL.search(text)
        if control is not None:
            error = PydanticCustomError(
                "control_character",
                "it has the control character {code}, which no text may have; leave it out",
                {
                    "code": (code := f"U+{ord(control[0]):04X}"),
                    "zh-CN": f"含有控制字符 {code}，文本中不允许出现；请删除",
                },
            )
        elif _TURNING.search(text) or not (_VISIBLE.search(text) or _BLANK.fullmatch(text)):
            error = PydanticCustomError(
                "unseen_text",
                "it has characters that nobody sees, alone or to turn the order of others; leave them out",
                {"zh-CN": "含有不可见字符或改变文字方向的控制符；请删除"},
            )
        else:
            continue
        found.append(InitErrorDetails(type=error, loc=at, input=text))
    return found


def _besides(error: ValidationError, told: Container[object]) -> list[InitErrorDetails]:
    """Return what else is wrong; each part of a body looks through its texts, too, and would tell them again."""
    return [
        InitErrorDetails(
            type=PydanticCustomError(one["type"], one["msg"], one.get("ctx")),
            loc=one["loc"],
            input=one["input"],
        )
        for one in error.errors(include_url=False)
        if one["type"] not in _OF_TEXT and not (one["type"] == "string_pattern_mismatch" and one["loc"] in told)
    ]


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

    @model_validator(mode="wrap")
    @classmethod
    def _seen(cls, given: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Refuse texts that a person does not see as they are, and tell them with all other mistakes."""
        if not isinstance(given, dict) or info.context is _STORED:
            return handler(given)
        wrong = _mistakes_of_text(given)
        if not wrong:
            return handler(given)
        try:
            handler(given)
        except ValidationError as error:
            wrong += _besides(error, {one["loc"] for one in wrong})
        raise ValidationError.from_exception_data(cls.__name__, wrong)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Let pydantic make the schema, and make what it has of numbers strict."""
        schema = handler(source)
        _make_strict(schema)
        return schema
