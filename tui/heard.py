"""What the agent says (why something was refused, failed, or has no answer) in the language of the reader.

The agent does not know who reads. Its sentences are English, with values in them; the catalogue ``agent`` has them with
numbered places (``{0} did not answer``), and a sentence is recognised by the text between its places. What is not
recognised is shown as it came. The hub's reasons for a refusal bring both languages with them.
"""

import gettext
import re
from functools import lru_cache

from protocols.messages.reasons import reason_in
from protocols.plain_text import one_line
from tui import i18n

DOMAIN = "agent"
DEEPEST = 8
"""How many sentences may stand within one another; what is deeper is shown as it came."""
PLACES = (
    "line {0}: {1}",
    "step {0}: {1}",
    "byte {0}: {1}",
    "{0}, line {1}: {2}",
    "{0}, line {1}, at {2}: {3}",
    "{0}, line {1}, column {2}: {3}",
    "{0} (and {1} more: lines {2})",
)
"""What stands before a sentence about a file."""
PARTS = (
    "the FFF header",
    "the description",
    "the format",
    "the header",
    "the record directory",
    "the samples",
    "the start of the samples",
    "{0} (at line {1}, column {2})",
    "{0} (at end of document)",
    "Cannot declare {0} twice",
    "Cannot overwrite a value",
    "Expected '=' after a key in a key/value pair",
    "Expected ']' at the end of a table declaration",
    "Expected newline or end of document after a statement",
    "Illegal character {0}",
    "Invalid initial character for a key part",
    "Invalid statement",
    "Invalid value",
    "Unclosed array",
    "Unterminated string",
)
"""What of a file is cut short, as its reader names it, and what the reader of TOML says."""
AND = " · "
"""Stands between several sentences about one thing."""
_ABOUT = re.compile(r":(?: |$)")
_PLACE = re.compile(r"\{(\d+)\}")


def heard(sentence: str | Exception) -> str:
    """Return a sentence of the agent in the language in use, on one line; what stands in its places likewise."""
    text = reason_in(i18n.language(), str(sentence))
    return one_line(text if i18n.language() == "en" or not text else _in_language(i18n.language(), text))


@lru_cache(maxsize=512)
def _in_language(language: i18n.Language, sentence: str, within: int = 0) -> str:
    if within == DEEPEST:
        return sentence
    for literals, translation in _sentences(language):
        if (found := _values(literals, sentence)) is not None:
            values = [_in_language(language, value, within + 1) for value in found]
            return translation.format(*values)
    if AND in sentence:
        return AND.join(_in_language(language, one, within + 1) for one in sentence.split(AND))
    head, colon, rest = sentence.partition(": ")
    told = _in_language(language, rest, within + 1) if colon else ""
    if told and (told != rest or " " not in head):  # "ch1: why", "T-000101: why", "my file.csv: why"
        return f"{head}: {told}"
    return sentence


@lru_cache(maxsize=2)
def _sentences(language: i18n.Language) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the texts between the places, and the translation.

    Places come first, then those that begin with words of their own, then those with the most of them.
    """
    with (i18n.LOCALE_FOLDER / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    known: dict[str, str] = catalogue._catalog  # type: ignore[attr-defined]  # it has no other way to list
    found = sorted(
        (one for one in known.items() if one[0]),
        key=lambda one: (one[0] not in PLACES, one[0].startswith("{0}"), -len(_PLACE.sub("", one[0]))),
    )
    return tuple((tuple(_PLACE.split(sentence)[::2]), translation) for sentence, translation in found)


def _values(literals: tuple[str, ...], sentence: str) -> list[str] | None:
    """Return what stands between ``literals``, each at its first occurrence, or ``None`` where they do not fit.

    No value is empty, and what comes first is no sentence with its place (``ch1: …``). Each text is looked for once, so
    a long sentence takes a time in proportion to its length.
    """
    first, *between = literals
    if not between:
        return [] if sentence == first else None
    last = between.pop()
    end = len(sentence) - len(last)
    if not sentence.startswith(first) or not sentence.endswith(last):
        return None
    values, at = [], len(first)
    for literal in between:
        if (place := sentence.find(literal, at + 1, end)) < 0:
            return None
        values.append(sentence[at:place])
        at = place + len(literal)
    values.append(sentence[at:end])
    return values if at < end and not (first == "" and _ABOUT.search(values[0])) else None
