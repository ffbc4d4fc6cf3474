"""Words for people in English and Chinese."""

from collections.abc import Iterable, Mapping
from typing import Literal

Language = Literal["en", "zh-CN"]
Words = Mapping[Language, str]
"""The same sentence in each language."""


def both(english: str, chinese: str) -> Words:
    """Return one sentence or name in both languages: for tables of them."""
    return {"en": english, "zh-CN": chinese}


class Count(int):
    """A number that is written with its noun: ``f"{Count(4):file is|files are}"`` gives ``4 files are``."""

    def __format__(self, words: str) -> str:
        """Return the number, and behind it the words for one or for several."""
        one, several, more = words.partition("|")
        if not several:
            return super().__format__(words)
        return f"{self:d} {one if self == 1 else more}"


def coded(code: str, words: Words | None) -> Words:
    """Return how a sentence names a code: in English by itself, which is a word; in Chinese by its word, with the code
    behind it, as that is what a caller sends. Without ``words`` it is what somebody else wrote, and quoted.
    """
    return {"en": code, "zh-CN": f"“{code}”" if words is None else f"{words['zh-CN']}（{code}）"}


def listed(names: Iterable[Words]) -> Words:
    """Return several names as one text; a dash where there is none."""
    found = list(names)
    return {
        "en": ", ".join(one["en"] for one in found) or "–",
        "zh-CN": "、".join(one["zh-CN"] for one in found) or "–",
    }


def preferred_language(accept_language: str | None) -> Language:
    """Return the language that an ``Accept-Language`` header (RFC 9110, 12.5.4) asks for; English when in doubt."""
    best: tuple[float, Language] = (0.0, "en")
    for part in (accept_language or "")[:200].split(","):
        tag, _, parameter = part.strip().partition(";")
        language: Language | None = None
        if tag.lower().startswith("zh"):
            language = "zh-CN"
        elif tag == "*" or tag.lower().startswith("en"):
            language = "en"
        weight = _weight(parameter)
        if language is not None and weight > best[0]:
            best = (weight, language)
    return best[1]


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
