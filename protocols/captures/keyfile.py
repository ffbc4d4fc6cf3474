"""GLib key files (``[group]``, ``key=value``), in which sigrok keeps a session's metadata."""

import re

from protocols.captures.errors import CaptureError, quoted

Groups = dict[str, dict[str, str]]

_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_GROUP = re.compile(r"\[([^\[\]\x00-\x1f\x7f]+)\]")


def parse_keyfile(text: str, where: str) -> Groups:
    """Parse a key file (GLib ``GKeyFile`` syntax); blanks around keys and ``=`` do not count, later keys win.

    ``where`` opens every error message. Raises ``CaptureError`` with the line number.
    """
    groups: Groups = {}
    current: dict[str, str] | None = None
    # Not splitlines(): a key file's line ends at a line feed only, and names may hold U+2028.
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        if group := _GROUP.fullmatch(line):
            current = groups.setdefault(group[1], {})
            continue
        key, separator, value = line.partition("=")
        if not separator or not key.strip() or current is None:
            raise CaptureError(f"{where}: line {number} is neither a [group] nor key=value within one: {quoted(line)}")
        current[key.strip()] = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value.strip(" \t"))
    return groups


def format_keyfile(groups: Groups) -> str:
    """Write ``groups`` as a key file that ``parse_keyfile`` and GLib read back as they were."""
    lines: list[str] = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{key}={_escape(value)}" for key, value in entries.items()), ""]
    return "\n".join(lines)


def _escape(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    blanks = len(escaped) - len(escaped.lstrip(" "))
    head = "\\s" * blanks + escaped[blanks:]
    body = head.rstrip(" ")
    return body + "\\s" * (len(head) - len(body))
