"""Bodies of JSON take numbers as numbers and truth values as truth values (bad input: which field, what is right)."""

from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from hub.app import create_app
from hub.core.bodies import JsonBody, stored
from hub.core.settings import Settings
from hub.core.validation import field_errors
from hub.policies.values import Document
from hub.tickets.actions import DETAILS


class Part(JsonBody):
    amount: Annotated[int, Field(ge=0)] = 0


class Whole(JsonBody):
    type: bool = False  # a member with this name must not confuse it
    share: float | None = None
    parts: tuple[Part, ...] = ()
    counts: dict[int, int] | None = None


@pytest.mark.parametrize(
    "given",
    [
        {"type": "yes"},
        {"type": 1},
        {"share": "0.5"},
        {"share": True},
        {"parts": [{"amount": True}]},
        {"parts": [{"amount": "7"}]},
        {"counts": {"7": "1"}},
        {"other": 1},
    ],
)
def test_a_value_of_another_type_is_not_taken(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Whole.model_validate(given)


def test_values_of_the_type_are_taken() -> None:
    given = {"type": True, "share": 1, "parts": [{"amount": 7}], "counts": {"7": 1}}
    assert Whole.model_validate(given).model_dump(mode="json") == given


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"words": {"en": "\u200b"}}, ("words", "en")),
        ({"words": {"en": "seen", "zh-CN": ["seen", {"more": "\u200b\u2060"}]}}, ("words", "zh-CN", 1, "more")),
        ({"words": "gnp\u202eexe"}, ("words",)),
    ],
)
def test_unseen_text_is_found_wherever_it_is_and_its_place_is_told(
    given: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    class Told(JsonBody):
        words: Any

    for seen in ("", " \n", "two\nlines\t", "as\r\nWindows", "\u4e2d\u200d"):
        Told.model_validate({"words": {"en": seen}})
    with pytest.raises(ValidationError) as refused:
        Told.model_validate(given)
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"]) == ("unseen_text", place)


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x08", "\x0b", "a\rb", "\x1b[31m", "\x7f", "\x85", "\u4e2d\x9b"])
def test_control_characters_are_told_with_all_other_mistakes(control: str) -> None:
    """Whoever mends one of them is not told of the next one then."""
    given = {"parts": [{"amount": -1, "words": f"a{control}b"}], "share": "0.5", "more": f"{control}", "type": False}
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate(given)
    found = {(error["type"], error["loc"]) for error in refused.value.errors()}
    assert found == {
        ("control_character", ("more",)),
        ("control_character", ("parts", 0, "words")),
        ("extra_forbidden", ("more",)),
        ("extra_forbidden", ("parts", 0, "words")),
        ("greater_than_equal", ("parts", 0, "amount")),
        ("float_type", ("share",)),
    }
    told = field_errors([{**one, "loc": ("body", *one["loc"])} for one in refused.value.errors()])
    assert len(told) == len(found) and all(error.words["zh-CN"].isascii() is False for error in told)


def test_what_was_kept_is_read_with_the_characters_that_were_taken_then() -> None:
    class Told(JsonBody):
        words: str

    kept = {"words": "a\x1b[31mb\u202e"}
    assert stored(Told, kept).words == kept["words"]


def test_every_body_of_the_api_and_every_action_is_strict(tmp_path: Path) -> None:
    """Each is a ``JsonBody``, which alone looks through its texts."""
    routes = [
        route
        for included in create_app(Settings(data_dir=tmp_path)).routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        if isinstance(route, APIRoute) and route.body_field is not None
    ]
    assert len(routes) > 50
    bodies = {route.path: route.body_field.field_info.annotation for route in routes}
    kinds = {path: get_args(one) or (one,) for path, one in bodies.items()}
    assert [
        path for path, of in kinds.items() if not all(issubclass(one, JsonBody | bytes | NoneType) for one in of)
    ] == []
    schemas = {route.path: TypeAdapter(route.body_field.field_info.annotation).core_schema for route in routes}
    schemas |= {name: model.__pydantic_core_schema__ for name, model in DETAILS.items()}
    assert [name for name, schema in schemas.items() if any(_lax(schema))] == []


def test_what_is_shown_is_no_body(tmp_path: Path) -> None:
    """A rule that bodies get must not make of a row that was kept before it a failure of the whole view.

    Documents of policies are shown as they were put: they are read by the hub itself, which has to understand them.
    """
    shown: dict[Any, str] = {}
    waiting = [
        (route.response_model, route.path)
        for included in create_app(Settings(data_dir=tmp_path)).routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        if isinstance(route, APIRoute)
    ]
    while waiting:
        kind, path = waiting.pop()
        inner = [*get_args(kind)]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            inner += [field.annotation for field in kind.model_fields.values()]
        if kind not in shown and (inner or isinstance(kind, type)):
            shown[kind] = path
            waiting += [(one, path) for one in inner]
    models = [one for one in shown if isinstance(one, type) and issubclass(one, BaseModel)]
    assert len(models) > 100
    assert {
        one.__name__: shown[one] for one in models if issubclass(one, JsonBody) and not issubclass(one, Document)
    } == {}


def _lax(part: Any) -> Iterator[bool]:
    if isinstance(part, dict):
        yield part.get("type") in ("int", "float", "bool") and not part.get("strict")
        part = [inner for name, inner in part.items() if name != "keys_schema"]
    if isinstance(part, list | tuple):
        for inner in part:
            yield from _lax(inner)
