"""Outside text as a terminal can show it: nothing in it is obeyed, and what nobody would see is seen."""

import re
import unicodedata

HIDDEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that nobody sees or that a terminal obeys: ESC, BEL, marks that turn the order of text."""
_UNESCAPED = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""What JSON need not escape and a terminal obeys, does not show, or has no code for."""


def one_line(text: str) -> str:
    """Return outside text on one line: blanks of all kinds as spaces, what is hidden as a mark that is seen."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """Return outside text with its line breaks, each line as ``one_line`` gives it."""
    return text if text.isprintable() else "\n".join(map(one_line, text.replace("\r\n", "\n").split("\n")))


def json_escaped(document: str) -> str:
    """Return a JSON document that means the same, with escapes for what a terminal would obey or hide."""
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    # What this Unicode does not know yet, such as a rare character of somebody's name, is no command of any terminal.
    return char if unicodedata.category(char) == "Cn" else HIDDEN
