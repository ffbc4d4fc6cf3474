"""ICMP echo (RFC 792, RFC 4443) as bytes: requests out, matching replies in."""

import struct

from protocols.errors import ProtocolError

ECHO_REQUEST, ECHO_REPLY = 8, 0
ECHO_REQUEST_6, ECHO_REPLY_6 = 128, 129
_HEADER = struct.Struct("!BBHHH")


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(identifier: int, sequence: int, payload: bytes, *, ipv6: bool = False) -> bytes:
    """Return a request; for IPv6 the kernel fills the checksum in."""
    kind = ECHO_REQUEST_6 if ipv6 else ECHO_REQUEST
    bare = _HEADER.pack(kind, 0, 0, identifier, sequence) + payload
    return bare if ipv6 else _HEADER.pack(kind, 0, checksum(bare), identifier, sequence) + payload


def echo_reply(packet: bytes, *, with_ip_header: bool = False, ipv6: bool = False) -> tuple[int, int, bytes] | None:
    """Return identifier, sequence and payload of a reply; ``None`` when the packet is another message.

    Raises ``ProtocolError`` when it is cut. ``with_ip_header`` is for raw IPv4 sockets, which deliver it too.
    """
    if with_ip_header:
        length = (packet[0] & 0x0F) * 4 if packet else 0
        if len(packet) < max(20, length):
            raise ProtocolError(f"an IPv4 packet of {len(packet)} bytes is cut within its header")
        packet = packet[length:]
    if len(packet) < _HEADER.size:
        raise ProtocolError(f"an ICMP message of {len(packet)} bytes is cut within its header of {_HEADER.size}")
    kind, _, _, identifier, sequence = _HEADER.unpack_from(packet)
    if kind != (ECHO_REPLY_6 if ipv6 else ECHO_REPLY):
        return None
    return identifier, sequence, packet[_HEADER.size :]
