"""Bearer tokens: ``bw_<id>_<secret>`` of a key, ``bws_<id>_<secret>`` of a login session.

The id finds the row, the secret has 256 random bits. That much entropy needs no slow hash, so a request costs one
SHA-256 and one lookup, and a revoked key or an ended session is useless at once.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

KEY, SESSION = "bw", "bws"
_TOKEN = re.compile(r"(bws?)_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token in parts."""

    kind: str
    id: str
    secret: str

    @property
    def digest(self) -> str:
        """What is stored of the secret: its SHA-256 in hex."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def fits(self, stored_digest: str) -> bool:
        """Whether the secret is the stored one, in constant time."""
        return hmac.compare_digest(stored_digest, self.digest)

    def __str__(self) -> str:
        return f"{self.kind}_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Token({self.kind}_{self.id}_…)"


def new_token(kind: str) -> Token:
    """Return a new random token."""
    return Token(kind, secrets.token_hex(6), secrets.token_urlsafe(32))


def read_token(text: str) -> Token | None:
    """Return the parts of a token, ``None`` for anything else."""
    match = _TOKEN.fullmatch(text)
    return None if match is None else Token(match[1], match[2], match[3])
