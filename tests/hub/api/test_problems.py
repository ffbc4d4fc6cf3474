"""Every refusal speaks both languages, says the same in both, and has a name of its own."""

import importlib
import json
import pkgutil
import re
import string
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

import hub
from hub.core import malformed
from hub.core.problems import INVALID_REQUEST, Problem, ProblemType
from hub.core.validation import counted_errors, field_errors
from hub.identity.permissions import Role


def all_problems() -> list[tuple[str, ProblemType]]:
    found: dict[int, tuple[str, ProblemType]] = {}
    for module in pkgutil.walk_packages(hub.__path__, "hub."):
        if ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, ProblemType):
                found.setdefault(id(value), (f"{module.name}.{name}", value))
    return list(found.values())


def members(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same() -> None:
    """A sentence in each language, in its own writing, about the same values."""
    problems = all_problems()
    assert len(problems) > 60
    for where, problem in problems:
        assert set(problem.title) == set(problem.detail) == {"en", "zh-CN"}, where
        assert 400 <= problem.status <= 599, where
        assert members(problem.detail["en"]) == members(problem.detail["zh-CN"]), where
        words = re.sub(r"\{.*?\}", "", problem.detail["zh-CN"])
        assert re.search("[\u4e00-\u9fff]", problem.title["zh-CN"]), where
        assert re.search("[\u4e00-\u9fff]", words) or not re.search(r"\w", words), where
        for english in (problem.title["en"], problem.detail["en"]):
            assert not re.search("[\u4e00-\u9fff]", english), where
        assert problem.detail["en"].endswith((".", ")")) and problem.detail["zh-CN"].endswith(("。", "）")), where


def test_a_name_means_one_thing() -> None:
    meanings: dict[str, tuple[int, str]] = {}
    for where, problem in all_problems():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", problem.slug), where
        meaning = (problem.status, problem.title["en"])
        assert meanings.setdefault(problem.slug, meaning) == meaning, where


SCALARS: list[tuple[object, object]] = [
    (str, 1),
    (int, "x"),
    (int, "9" * 5000),
    (int, 1.5),
    (int, None),
    (float, "x"),
    (Annotated[float, Field(allow_inf_nan=False)], float("inf")),
    (Annotated[int, Field(ge=0)], -1),
    (Annotated[int, Field(gt=0)], 0),
    (Annotated[int, Field(le=9)], 10),
    (Annotated[int, Field(lt=9)], 9),
    (Annotated[int, Field(multiple_of=5)], 6),
    (bool, "maybe"),
    (bool, None),
    (date, "x"),
    (date, 1.5),
    (date, None),
    (date, "2026-01-31T08:00:00"),
    (AwareDatetime, "x"),
    (AwareDatetime, None),
    (AwareDatetime, "2026-01-31T08:00:00"),
    (AwareDatetime, "2026-01-31"),
    (Literal["a", "b"], "c"),
    (Role, "king"),
    (list[int], 1),
    (tuple[int, ...], 1),
    (dict[str, int], 1),
    (Annotated[list[int], Field(max_length=1)], [1, 2]),
    (Annotated[list[int], Field(min_length=1)], []),
    (Annotated[str, Field(min_length=1)], ""),
    (Annotated[str, Field(max_length=1)], "ab"),
    (Annotated[str, Field(pattern="^a$")], "b"),
    (UUID, "x"),  # one that no schema of ours has yet
]
"""A type that schemas of the API are made of, and a value that it refuses."""


@pytest.mark.parametrize(("kind", "value"), SCALARS)
def test_what_a_field_refuses_is_said_in_both_languages(kind: Any, value: object) -> None:
    """Where, why, and what would be right."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    (error, *_) = field_errors([{**one, "loc": ("body", "place")} for one in refused.value.errors()])
    assert error.where == "#/place"
    assert re.search("[\u4e00-\u9fff]", error.words["zh-CN"]), error.words
    assert error.words["en"] and not re.search("[\u4e00-\u9fff]", error.words["en"])


MALFORMED = (
    *("", "{", '{"a"', '{"a": 1', '{"a": 1,}', "[1,]", "[1 2]", "{a: 1}", "{} {}", '"a', '"\n"', r'"\x"', r'"\u12"'),
    *("nul", "'a'", "\ufeff{}"),
)


@pytest.mark.parametrize("text", MALFORMED)
def test_why_a_body_is_no_json_is_said_in_one_language(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as refused:
        json.loads(text)
    words = malformed.reason(refused.value.msg, text, refused.value.pos)
    assert words["en"].endswith(f", in line {refused.value.lineno} at character {refused.value.colno}")
    assert "something else" not in words["en"]
    assert not re.search("[a-z]{2}", words["zh-CN"]), words


def test_a_number_goes_with_its_noun() -> None:
    told = [Problem(INVALID_REQUEST, count=count).sentence("en").partition(";")[0] for count in (1, 4)]
    assert told == ["1 place of the request is wrong", "4 places of the request are wrong"]
    assert Problem(INVALID_REQUEST, count=4).sentence("zh-CN").startswith("请求中有 4 处错误")


@pytest.mark.parametrize(("given", "listed", "count"), [([0, "x"], 1, 1), (["x"] * 60, 50, 60)])
def test_the_sentence_counts_what_is_listed_and_what_was_left_off(given: list[Any], listed: int, count: int) -> None:
    """A list that is too short for its wrong members alone is not a mistake of its own."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Annotated[list[int], Field(min_length=2)]).validate_python(given)
    errors, counted = counted_errors([{**one, "loc": ("body", *one["loc"])} for one in refused.value.errors()])
    assert (len(errors), counted) == (listed, count)
