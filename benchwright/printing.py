"""Sentences and JSON on the terminal. Text from outside stays text: no terminal obeys what is in it.

Tables, and all that has colours, go through ``benchwright.terminal``. Nothing else in this room writes to the terminal.
"""

import json
import sys
from typing import Any

from protocols.plain_text import json_escaped, lines, one_line


def say(words: str, *, error: bool = False) -> None:
    """Print a sentence on one line, at once; ``error``: on standard error."""
    stream = sys.stderr if error else sys.stdout
    stream.write(one_line(words) + "\n")
    stream.flush()


def print_document(text: str) -> None:
    """Print a whole document that a program reads too (TOML, YAML, CSV, a schema): true, but for a terminal shown."""
    text = text.rstrip("\n") + "\n"
    sys.stdout.write(lines(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document: all text is true to the letter, with escapes for what a terminal would obey or hide."""
    print_document(json_escaped(json.dumps(value, ensure_ascii=False, indent=indent)))
