"""The signed token of a customer's link: short, so that its QR code is coarse enough for a slip printed on paper.

26 bytes in 35 characters: version, number of the link, its last minute, and half an HMAC-SHA256 over them (RFC 2104, 5:
128 bits of it keep its strength). A guess is found out without a look into the database.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

_VERSION = 1
_MAC_BYTES = 16
_BODY_BYTES = 1 + 5 + 4
TOKEN_CHARACTERS = 35


@dataclass(frozen=True, slots=True)
class Ticketed:
    """What a token says: which link, and until when."""

    link: int
    expires_at: datetime


def sign(key: bytes, link: int, expires_at: datetime) -> str:
    """Return the token of a link that lasts until ``expires_at``, to the minute."""
    minutes = int(expires_at.timestamp()) // 60
    body = bytes([_VERSION]) + link.to_bytes(5, "big") + minutes.to_bytes(4, "big")
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode().rstrip("=")


def read(key: bytes, token: str) -> Ticketed | None:
    """Return what a token says, ``None`` for every text that was not signed with ``key``."""
    if len(token) != TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        data = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = data[:_BODY_BYTES], data[_BODY_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body)) or body[0] != _VERSION:
        return None
    canonical = base64.urlsafe_b64encode(data).decode().rstrip("=")
    if canonical != token:  # the last character has unused bits
        return None
    minutes = int.from_bytes(body[6:10], "big")
    return Ticketed(int.from_bytes(body[1:6], "big"), datetime.fromtimestamp(minutes * 60, UTC))


def form_mark(key: bytes, *parts: object) -> str:
    """Return what a form has to bring back: it was shown by us, for exactly these things (a plan's revision …)."""
    text = "\x00".join(str(part) for part in ("form", *parts))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def same_mark(given: str, wanted: str) -> bool:
    """Compare two marks in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"customer link" + body, hashlib.sha256).digest()[:_MAC_BYTES]
