"""Every mistake in what a person wrote, with its place and in a person's words."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, ValidationError, convert

from protocols.mistakes import MOST, mistakes

Name = Annotated[str, Meta(pattern="^[a-z]+$")]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    colour: Colour = Colour.RED
    parts: "tuple[Part, ...]" = ()
    then: "Literal['go', 'stop'] | Part" = "go"


class Circle(Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="circle"):
    radius: Annotated[float, Meta(gt=0)]


class Square(Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="square"):
    side: float

    def __post_init__(self) -> None:
        if self.side == 13:
            raise ValueError("13 brings bad luck")


class Whole(Struct, frozen=True, forbid_unknown_fields=True):
    parts: dict[Name, Part]
    shapes: list[Circle | Square] = []
    note: Annotated[str, Meta(max_length=10)] | None = None
    few: Annotated[tuple[int, ...], Meta(min_length=1)] = (1,)


GOOD: dict[str, Any] = {"parts": {"a": {"name": "x"}}}


def test_good_data_has_none() -> None:
    assert mistakes(GOOD | {"shapes": [{"shape": "circle", "radius": 1}], "note": None}, Whole) == []


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({}, [((), "the key 'parts' is missing; add it")]),
        (GOOD | {"note": 3}, [(("note",), "text is wanted here, not a whole number (3); correct it")]),
        (GOOD | {"noet": ""}, [(("noet",), "the key 'noet' is not known here (is 'note' meant?); remove it or")]),
        ({"parts": {"a": {"name": ""}}}, [(("parts", "a", "name"), "the text '' has not the wanted form")]),
        (GOOD | {"few": []}, [(("few",), "at least 1 entry is wanted here; correct it")]),
        (GOOD | {"note": "too long a note"}, [(("note",), "at most 10 characters are wanted here")]),
        ({"parts": []}, [(("parts",), "a table of keys and values is wanted here, not a list; correct it")]),
        ({"parts": {"A": {"name": "x"}}}, [(("parts", "A"), "the text 'A' has not the wanted form ^[a-z]+$")]),
        (
            {"parts": {"a": {"name": 1, "colour": "blue", "parts": [{"name": "y"}, {"nmae": "z"}]}}},
            [
                (("parts", "a", "name"), "text is wanted here, not a whole number (1)"),
                (("parts", "a", "colour"), "'blue' is not known here; give one of red, green"),
                (("parts", "a", "parts", 1, "nmae"), "the key 'nmae' is not known here (is 'name' meant?)"),
                (("parts", "a", "parts", 1), "the key 'name' is missing"),
            ],
        ),
        (
            {"parts": {"a": {"name": "x", "then": {"name": 2}}, "b": {"name": "x", "then": "halt"}}},
            [
                (("parts", "a", "then", "name"), "text is wanted here"),
                (("parts", "b", "then"), "'halt' is not known here; give one of go, stop"),
            ],
        ),
        (
            GOOD
            | {"shapes": [{"shape": "circle", "radius": 0}, {"shape": "square", "side": 13}, {"shape": "star"}, {}]},
            [
                (("shapes", 0, "radius"), "a value > 0.0 is wanted here (0)"),
                (("shapes", 1), "13 brings bad luck"),
                (("shapes", 2, "shape"), "'star' is not known here; give one of circle, square"),
                (("shapes", 3), "the key 'shape' is missing"),
            ],
        ),
    ],
)  # fmt: skip
def test_each_is_told_with_its_place(data: Any, wanted: list[tuple[tuple[str | int, ...], str]]) -> None:
    found = mistakes(data, Whole)
    assert [one.path for one in found] == [path for path, _ in wanted], found
    for one, (_, words) in zip(found, wanted, strict=True):
        assert one.words.startswith(words)


def test_there_is_an_end_to_it() -> None:
    assert len(mistakes({f"k{n}": n for n in range(1000)}, Whole)) == MOST


_keys = st.sampled_from(["parts", "name", "colour", "then", "shapes", "shape", "radius", "side", "note", "a", "circle"])
_trees = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 14) | st.floats(allow_nan=False) | _keys | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=15,
)


@given(_trees | _trees.map(lambda tree: {"parts": {"a": tree}, "shapes": [tree]}))
def test_there_are_mistakes_exactly_when_the_data_does_not_convert(tree: Any) -> None:
    try:
        convert(tree, Whole)
    except ValidationError:
        found = mistakes(tree, Whole)
        assert found
        for one in found:  # each place is there
            place: Any = tree
            for key in one.path:
                place = key if isinstance(place, dict) and key not in place else place[key]
    else:
        assert mistakes(tree, Whole) == []
