"""The page's words, read from ``words.yaml`` once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hub.core.i18n import Language


@cache
def sections() -> Mapping[str, Mapping[str, Mapping[Language, str]]]:
    """Return section → key → the sentence in each language."""
    text = Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


class Speaker:
    """Says things in one language: ``say("plan.approve")``, with ``{names}`` filled in."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence; a key that is not there is a mistake of ours."""
        section, _, name = key.partition(".")
        return sections()[section][name][self.language].format_map(values)

    def maybe(self, section: str, name: str) -> str | None:
        """Return a sentence when there is one."""
        words = sections()[section].get(name)
        return None if words is None else words[self.language]
