"""Answers of a terminal are never typed into a field, whenever and in whatever pieces they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key

from tui.terminal_answers import TypedParser

ANSWERS = (
    "\x1b[?62;4c",
    "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c",
    "\x1b[>41;354;0c",
    "\x1b[6;20;10t",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1bP>|XTerm(354)\x1b\\",
)
TYPED = ("a", "\r", "\x1b[A", "\x1b[1;5C", "\x1bOP", "[", "?", "c", "é", "修")


def keys(pieces):
    """Return the keys that the pieces mean, each read by itself."""
    parser = TypedParser()
    found = [one for piece in pieces if piece for one in parser.feed(piece)]
    found += parser.feed("")
    return [one.key for one in found if isinstance(one, Key)]


@given(
    st.lists(st.sampled_from(ANSWERS + TYPED), max_size=8),
    st.lists(st.integers(0, 60), max_size=12),
)
def test_only_what_is_typed_arrives(parts, cuts):
    text = "".join(parts)
    places = sorted({0, *(cut % (len(text) + 1) for cut in cuts), len(text)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert keys(pieces) == keys([part for part in parts if part not in ANSWERS])


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_byte_by_byte_is_no_key(answer):
    assert keys(["x", *answer, "y"]) == ["x", "y"]


def test_escape_and_what_only_begins_like_an_answer_are_typed():
    assert keys(["\x1b"]) == ["escape"]
    assert keys(["\x1b[?", "x"])[-1] == "x"
    parser = TypedParser()
    assert list(parser.feed("\x1b[?6")) == []
    parser._held_since += 60  # however late this line comes
    assert list(parser.tick()) == [], "the rest may still come"
    parser._held_since -= 120
    list(parser.tick())
    assert [one.key for one in (*parser.feed("x"), *parser.feed(""))][-1] == "x", "it was no answer"
