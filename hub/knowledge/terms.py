"""Texts as terms to be found by, Chinese and English alike: a pure function.

Chinese is written without spaces, and most of its words have two characters. So a run of Chinese characters gives each
pair of neighbours (as Lucene's CJKBigramFilter does) and each single character, which lets a query of one or two
characters find too. English gives words without a plural's s (Harman 1991, "How effective is suffixing?"), and
identifiers such as ``v_3v3`` whole as well as in parts. Phrases that mean the same (``synonyms.yaml``) give one more
term, in both languages the same: 开不了机 finds "no power".
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from hub.policies.loading import load
from hub.policies.values import Document

MAX_TERM = 64
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[0-9a-z]+(?:[_\-.][0-9a-z]+)*|°c")
_PART = re.compile(r"[0-9]+|[a-z]+|[0-9a-z]+")
_STOP = frozenset("的了是在和与我有就也都吗呢吧啊着") | {
    *("a", "an", "the", "is", "are", "was", "be", "do", "does", "it", "its", "this", "that", "my", "i"),
    *("of", "to", "in", "on", "at", "and", "or", "with", "for", "after", "when", "not"),
}
SINGLE = 0.15
"""What a single character counts where it stands in a longer run, against a pair."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a text: where it stands in the normalised text, and what it counts in a query."""

    text: str
    start: int
    end: int
    weight: float = 1.0


class Synonyms(Document):
    """Groups of phrases that mean the same, each with a name."""

    groups: dict[str, tuple[str, ...]]


def normalise(text: str) -> str:
    """Return ``text`` in one width and case."""
    return unicodedata.normalize("NFKC", text).casefold()


def terms(text: str) -> list[Term]:
    """Return the terms of ``text``, which has to be normalised."""
    found: list[Term] = []
    for match in _RUN.finditer(text):
        run, start = match[0], match.start()
        found += _chinese(run, start) if ord(run[0]) >= 0x3400 else _latin(run, start)
    found += _concepts(text)
    return found


def _chinese(run: str, start: int) -> Iterator[Term]:
    for at, pair in enumerate(pairwise(run), start):
        yield Term("".join(pair), at, at + 2)
    for at, character in enumerate(run, start):
        if character not in _STOP or len(run) == 1:
            yield Term(character, at, at + 1, SINGLE if len(run) > 1 else 1.0)


def _latin(run: str, start: int) -> Iterator[Term]:
    if run not in _STOP:
        yield Term(_stem(run)[:MAX_TERM], start, start + len(run))
    if any(mark in run for mark in "_-."):
        for part in _PART.finditer(run):
            if len(part[0]) > 1:
                yield Term(_stem(part[0])[:MAX_TERM], start + part.start(), start + part.end(), 0.3)


def _stem(word: str) -> str:
    """Return an English word without the s of its plural."""
    if len(word) > 4 and word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _concepts(text: str) -> Iterator[Term]:
    for name, pattern in _patterns():
        match = pattern.search(text)
        if match is not None:
            yield Term(f"~{name}", match.start(), match.end(), 1.5)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    groups = load(Synonyms, Path(__file__).with_name("synonyms.yaml")).groups
    return tuple(
        (name, re.compile("|".join(_pattern(phrase) for phrase in phrases))) for name, phrases in groups.items()
    )


def _pattern(phrase: str) -> str:
    plain = normalise(phrase)
    escaped = re.escape(plain)
    return rf"\b{escaped}s?\b" if plain.isascii() else escaped
