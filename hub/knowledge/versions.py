"""Versions of firmware and programs, compared part by part (K2)."""

import re

PATTERN = r"^[vV]?[0-9]{1,6}(\.[0-9]{1,6}){0,3}([-+_ ]?[A-Za-z][0-9A-Za-z.]{0,15})?$"
"""``1.4``, ``v2.0.11``, ``1.4.2-rc1``. What follows the numbers does not count."""
_NUMBERS = re.compile(r"[vV]?([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})")
_PARTS = 4
FIRST = ".".join(["000000"] * _PARTS)
LAST = ".".join(["999999"] * _PARTS)


def first_key(version: str | None) -> str:
    """Return a text that sorts like the version; missing parts are 0, no version is before all others."""
    return FIRST if version is None else _key(version, "000000")


def last_key(version: str | None) -> str:
    """Return a text that sorts behind every version that begins with ``version``: 1.4 includes 1.4.2."""
    return LAST if version is None else _key(version, "999999")


def _key(version: str, missing: str) -> str:
    match = _NUMBERS.match(version)
    if match is None:
        raise ValueError(f"{version[:32]!r} is not a version")
    parts = [part.zfill(6) for part in match[1].split(".")]
    return ".".join(parts + [missing] * (_PARTS - len(parts)))
