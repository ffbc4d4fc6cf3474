"""From what an instrument says of itself to the profiles that describe it."""

import re
from collections.abc import Mapping

from drivers.discovery.findings import SHARED, TOLD, Candidate, ranked
from drivers.profile import Profile
from drivers.scpi.model import ScpiProfile

IDENTITY_LIKE = re.compile(r"[^,]{1,60},[^,]{1,60}(,[^,]{0,80}){1,6}")
"""An answer to ``*IDN?`` (IEEE 488.2, 10.14): maker, model, serial number, firmware."""
MAX_IDENTITY_CHARACTERS = 200


def scpi_candidates(
    identity: str, profiles: Mapping[str, Profile], address: str, confidence: float = TOLD
) -> tuple[Candidate, ...]:
    """Return the SCPI profiles whose pattern matches the whole identity; several share the confidence."""
    names = [
        name
        for name, profile in profiles.items()
        if isinstance(profile, ScpiProfile) and re.fullmatch(profile.identity.pattern, identity)
    ]
    certain = confidence if len(names) == 1 else min(confidence, SHARED)
    return ranked([Candidate(name, address, certain) for name in names])


def looks_like_identity(text: str) -> bool:
    """Whether ``text`` has the form of an answer to ``*IDN?``, whoever it is."""
    return len(text) <= MAX_IDENTITY_CHARACTERS and text.isprintable() and bool(IDENTITY_LIKE.fullmatch(text))


def is_text(data: bytes) -> bool:
    """Whether bytes are lines of text, as a console prints them (a boot log), rather than frames."""
    if len(data) < 4 or (b"\n" not in data and b"\r" not in data and len(data) < 16):
        return False
    plain = sum(byte in b"\t\r\n\x1b" or 0x20 <= byte < 0x7F for byte in data)
    letters = sum(chr(byte).isalpha() for byte in data if byte < 0x80)
    return plain >= 0.95 * len(data) and letters >= 0.3 * len(data)
