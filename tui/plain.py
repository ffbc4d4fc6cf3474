"""Outside text as a terminal can show it. No more than the standard library: the command line uses it, too."""

import unicodedata

HIDDEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that nobody sees or that a terminal obeys: ESC, BEL, marks that turn the order of text."""


def one_line(text: str) -> str:
    """Return outside text on one line: blanks of all kinds as spaces, what is hidden as a mark that is seen."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """Return outside text with its line breaks, each line as ``one_line`` gives it."""
    return text if text.isprintable() else "\n".join(map(one_line, text.replace("\r\n", "\n").split("\n")))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace():
        return " "
    # What this Unicode does not know yet, such as a rare character of somebody's name, is no command of any terminal.
    return char if unicodedata.category(char) == "Cn" else HIDDEN
