"""Every refusal speaks both languages, says the same in both, and has a name of its own."""

import importlib
import pkgutil
import re
import string

import hub
from hub.core.problems import ProblemType
from hub.core.validation import _CHINESE


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
        assert re.search("[\u4e00-\u9fff]", words) or len(words) == 1, where
        for english in (problem.title["en"], problem.detail["en"]):
            assert not re.search("[\u4e00-\u9fff]", english), where
        assert problem.detail["en"].endswith((".", ")")) and problem.detail["zh-CN"].endswith(("。", "）")), where


def test_a_name_means_one_thing() -> None:
    meanings: dict[str, tuple[int, str]] = {}
    for where, problem in all_problems():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", problem.slug), where
        meaning = (problem.status, problem.title["en"])
        assert meanings.setdefault(problem.slug, meaning) == meaning, where


def test_every_error_of_a_field_that_pydantic_knows_has_its_place() -> None:
    """What a schema of the API can refuse is said in Chinese, too."""
    from pydantic_core import core_schema

    known = set(core_schema.ErrorType.__args__)  # type: ignore[attr-defined]
    assert set(_CHINESE) <= known
