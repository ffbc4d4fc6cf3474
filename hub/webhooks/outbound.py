"""Requests to addresses that others have chosen: never into the network that the hub itself stands in.

The name is resolved here, every address behind it is judged, and the connection goes to the very address that was
judged, so that a name which resolves differently a moment later gains nothing. Redirects are not followed, proxies
of the environment are not used, and the whole exchange has one deadline, so that a slow answer cannot hold a sender.
"""

import asyncio
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

DEADLINE_S = 15.0
MAX_ANSWER_BYTES = 16 * 1024
KEPT_ANSWER = 400
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NAT64 = ip_network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """The host is, or resolves to, an address that is not public."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request went; without a status ``error`` says why there was none."""

    duration_ms: int
    status: int | None = None
    error: str | None = None
    body: str | None = None
    retry_after_s: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


def address_in(host: str) -> str | None:
    """Return the address that a host is written as, or ``None`` for a name.

    The resolver takes ``127.1``, ``0x7f.1`` and ``2130706433`` for addresses, too (inet_aton).
    """
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return str(IPv4Address(socket.inet_aton(host)))
    except (OSError, ValueError):
        return None


def is_name(host: str) -> bool:
    """Whether a host can be a name of the Domain Name System: labels of letters, digits, dashes (RFC 1123, 2.1).

    The last is no number (WHATWG URL, 3.5): what ends in one is meant for an address, and is none.
    """
    labels = host.removesuffix(".").split(".")
    last = labels[-1].lower()
    number = last.isdigit() or (last.startswith("0x") and not last.removeprefix("0x").strip("0123456789abcdef"))
    return len(host) <= 254 and all(_LABEL.fullmatch(one) for one in labels) and not number


def is_public(text: str) -> bool:
    """Return whether an address belongs to the public Internet, also when it wraps an IPv4 address."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner: IPv4Address | None = address.ipv4_mapped or address.sixtofour
        if address in _NAT64 or int(address) < 2**32:  # ::/96, IPv4-compatible (RFC 4291, 2.5.5.1)
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo is not None or address.is_site_local:
            return False
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


async def post(url: str, headers: Mapping[str, str], body: str, *, allow_private: bool) -> Answer:
    """POST ``body``; return how it went. Nothing that the other side does raises."""
    began_s = time.monotonic()

    def since_ms() -> int:
        return int((time.monotonic() - began_s) * 1000)

    import httpx  # takes a tenth of a second, and only who sends needs it

    try:
        async with asyncio.timeout(DEADLINE_S):
            status, text, retry_after_s = await _exchange(url, headers, body, allow_private=allow_private)
    except TimeoutError:
        return Answer(since_ms(), error=f"no answer within {DEADLINE_S:.0f} s")
    except ForbiddenAddressError as error:
        return Answer(since_ms(), error=str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
        return Answer(since_ms(), error=f"{type(error).__name__}: {error}"[:200])
    return Answer(since_ms(), status, body=text, retry_after_s=retry_after_s)


async def _exchange(
    text: str, headers: Mapping[str, str], body: str, *, allow_private: bool
) -> tuple[int, str, int | None]:
    import httpx

    url = httpx.URL(text)
    address = await _resolve(url, allow_private=allow_private)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=DEADLINE_S) as client:
        request = client.build_request(
            "POST",
            url.copy_with(host=address),
            headers={**headers, "Host": url.netloc.decode("ascii")},
            content=body.encode(),
            extensions={"sni_hostname": url.host},
        )
        answer = await client.send(request, stream=True)
        try:
            kept = b""
            async for chunk in answer.aiter_raw():
                kept += chunk
                if len(kept) > MAX_ANSWER_BYTES:
                    break
        finally:
            await answer.aclose()
    shown = kept.decode("utf-8", "replace").replace("\x00", "�")[:KEPT_ANSWER]
    after = answer.headers.get("retry-after", "")
    return answer.status_code, shown, int(after) if after.isdigit() and len(after) < 7 else None


async def _resolve(url: "httpx.URL", *, allow_private: bool) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    if not allow_private and not all(is_public(one) for one in addresses):
        raise ForbiddenAddressError(f"{url.host} is not an address of the public Internet")
    return addresses[0]
