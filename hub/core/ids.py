"""Identifiers that people read out and machines parse: a prefix and the row's number."""

import re

_PUBLIC = re.compile(r"([A-Z]{1,2})-([0-9]{6,15})")


def public_id(prefix: str, number: int) -> str:
    """Return the public form of a row's number, e.g. ``T-000042``; it sorts by number up to a million rows."""
    return f"{prefix}-{number:06d}"


def row_number(prefix: str, text: str) -> int | None:
    """Return the row's number that ``text`` names, or ``None`` where it is no identifier with this prefix."""
    match = _PUBLIC.fullmatch(text)
    if match is None or match[1] != prefix:
        return None
    number = int(match[2])
    return number if public_id(prefix, number) == text else None
