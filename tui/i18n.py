"""The words on the screen, in the language of the moment. English is the language of the source.

``_("…")`` translates now, so it stands where text is drawn; ``N_("…")`` marks text that is drawn later. Catalogues are
in ``locale``; ``python -m scripts.catalogues`` makes them from the source.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh-CN"]
LANGUAGES: Mapping[Language, str] = {"en": "English", "zh-CN": "中文"}
DOMAIN = "benchwright"
LOCALE_FOLDER = Path(__file__).parent / "locale"


class _Speaker:
    """Holds the language in use; one a process, since one person looks at one screen."""

    def __init__(self) -> None:
        self.language: Language = "en"
        self.catalogue: gettext.NullTranslations = gettext.NullTranslations()


_speaker = _Speaker()


def use(language: Language) -> None:
    """Speak ``language`` from now on."""
    _speaker.language = language
    if language == "en":
        _speaker.catalogue = gettext.NullTranslations()
    else:
        _speaker.catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, [language.replace("-", "_")])


def language() -> Language:
    """Return the language in use."""
    return _speaker.language


def next_language() -> Language:
    """Return the language after the one in use."""
    names = list(LANGUAGES)
    return names[(names.index(_speaker.language) + 1) % len(names)]


def of_environment(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language that the terminal's user has set (``LC_ALL``, ``LC_MESSAGES``, ``LANG``)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "zh-CN" if value.lower().startswith("zh") else "en"
    return "en"


def _(message: str) -> str:
    """Return ``message`` in the language in use. An empty one stays empty (for gettext it is the catalogue's head)."""
    return message and _speaker.catalogue.gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form for ``number`` in the language in use."""
    return _speaker.catalogue.ngettext(singular, plural, number)


def titled(name: str, words: object) -> str:
    """Return ``name: words``, with the colon of the language in use."""
    return _("{name}: {words}").format(name=name, words=words)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark ``message`` as translatable and return it as it is."""
    return message


def pick(words: Mapping[str, str] | Mapping[Language, str], otherwise: str = "") -> str:
    """Return the text of a plan, device or suspect in the language in use, else in English, else ``otherwise``."""
    return words.get(_speaker.language) or words.get("en") or otherwise
