"""What a published edition is found by, and how well it answers a query: BM25 (Robertson and Zaragoza 2009) with
weights by field.

A term's part of the score that belongs to the edition alone is kept as its posting's weight; how rare a term is gets
known when it is asked for. The same rows serve SQLite and PostgreSQL, so that both rank alike.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.knowledge.terms import SINGLE, Term, normalise, terms

FIELD_WEIGHTS = {"title": 3.0, "symptom": 2.0, "body": 1.0}
K1, B, USUAL_LENGTH = 1.2, 0.6, 250.0
MEASUREMENT, FAULT, MODEL = "m:", "f:", "d:"
"""What begins terms that are no words: a failing measurement, a fault's code, a device's model."""
EXACT_WEIGHTS = {MEASUREMENT: 2.0, FAULT: 2.0, MODEL: 0.6}


@dataclass(frozen=True, slots=True)
class Text:
    """One language of an edition."""

    title: str
    symptom: str
    body: str


def postings(
    texts: Iterable[Text], measurements: Iterable[str], fault: str | None, models: Iterable[str]
) -> dict[str, float]:
    """Return the weight of each term that an edition is found by; of several languages the best counts."""
    found: dict[str, float] = {}
    for text in texts:
        for term, weight in _weights(text).items():
            found[term] = max(found.get(term, 0.0), weight)
    exact = [MEASUREMENT + name for name in measurements] + [MODEL + name for name in models]
    exact += [FAULT + fault] if fault else []
    return found | {exact_term(one): 1.0 for one in exact}


def exact_term(text: str) -> str:
    """Return a name as a term: in one case, as long as a term may be."""
    return normalise(text)[:80]


def _weights(text: Text) -> Mapping[str, float]:
    counts: dict[str, float] = {}
    length = 0
    for field, weight in FIELD_WEIGHTS.items():
        found = terms(normalise(getattr(text, field)))
        length += len(found)
        for term in found:
            counts[term.text] = counts.get(term.text, 0.0) + weight
    usual = K1 * (1 - B + B * length / USUAL_LENGTH)
    return {term: count * (K1 + 1) / (count + usual) for term, count in counts.items()}


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words as they were said, and exact names."""

    text: str = ""
    measurements: tuple[str, ...] = ()
    fault: str | None = None
    model: str | None = None

    def terms(self) -> dict[str, float]:
        """Return the weight of each term."""
        found: dict[str, float] = {}
        for term in self.words():
            found[term.text] = max(found.get(term.text, 0.0), term.weight)
        for prefix, names in (
            (MEASUREMENT, self.measurements),
            (FAULT, (self.fault,) if self.fault else ()),
            (MODEL, (self.model,) if self.model else ()),
        ):
            found |= {exact_term(prefix + name): EXACT_WEIGHTS[prefix] for name in names}
        return found

    def words(self) -> list[Term]:
        """Return the terms of the words."""
        return terms(normalise(self.text))


def rarity(editions: int, containing: int) -> float:
    """Return how much it says that an edition contains a term: much where few of all do."""
    return math.log(1 + (editions - containing + 0.5) / (containing + 0.5))


@dataclass(frozen=True, slots=True)
class Match:
    """Why an edition was found. ``what`` is ``words``, ``measurement``, ``fault`` or ``model``."""

    what: str
    text: str


def because(query: Query, matched: frozenset[str]) -> list[Match]:
    """Return what of a query an edition was found by: exact names first, then the longest runs of its words."""
    found = [Match("measurement", name) for name in query.measurements if exact_term(MEASUREMENT + name) in matched]
    if query.fault and exact_term(FAULT + query.fault) in matched:
        found.append(Match("fault", query.fault))
    if query.model and exact_term(MODEL + query.model) in matched:
        found.append(Match("model", query.model))
    text = normalise(query.text)
    there = [term for term in query.words() if term.text in matched]
    telling = [term for term in there if term.weight > SINGLE] or there
    spans = sorted((term.start, term.end) for term in telling)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return found + [Match("words", text[start:end]) for start, end in merged]
