"""The option that chooses the language of what a subcommand prints for people."""

from typing import Annotated

import typer

from benchwright.errors import UsageError

LANGUAGES = ("en", "zh-CN")
Language = Annotated[str, typer.Option("--lang", help="Language of texts: en or zh-CN.")]


def checked(language: str) -> str:
    """Return ``language``; raise ``UsageError`` when there are no texts in it."""
    if language not in LANGUAGES:
        raise UsageError(f"there is no language {language!r}; use {' or '.join(LANGUAGES)}")
    return language
