"""Control characters (C0 and C1 of ISO 6429), which no text from outside may have but for line breaks and tabs.

A terminal obeys them instead of showing them: a name could colour a technician's table, or swallow the rest of it.
"""

import re

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""Pattern of texts of one line: names, models, titles."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
"""What a text of several lines cannot have either. Windows ends its lines with CR LF."""


def is_line(text: str) -> bool:
    """Whether a text is of one line, as ``ONE_LINE`` says it."""
    return not any(ord(one) < 0x20 or 0x7F <= ord(one) <= 0x9F for one in text)
