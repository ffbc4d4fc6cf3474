"""Words for people in English and Chinese."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh-CN"]
Words = Mapping[Language, str]
"""The same sentence in each language."""


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
