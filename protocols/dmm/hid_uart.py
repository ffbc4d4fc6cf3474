"""The frames that UNI-T meters send through a USB-HID-to-UART bridge (Silicon Labs CP2110): ``AB CD length … sum``.

``length`` counts what follows it, the two bytes of the sum included; the sum is that of all bytes before it, most
significant byte first. After the captures and drivers of ljakob/unit_ut61eplus, mbraune/ut161b and philpagel/ut8803e.
"""

from protocols.dmm.reading import DmmError

HEADER = b"\xab\xcd"
SUM_BYTES = 2
MAX_FRAME_BYTES = 3 + 255


def pack(payload: bytes) -> bytes:
    """Return the frame around ``payload``; raise `DmmError` for one too long for its length byte."""
    if not 1 <= len(payload) <= 255 - SUM_BYTES:
        raise DmmError(f"a frame carries 1 to {255 - SUM_BYTES} bytes, not {len(payload)}")
    body = HEADER + bytes([len(payload) + SUM_BYTES]) + payload
    return body + sum(body).to_bytes(SUM_BYTES, "big")


def unpack(frame: bytes) -> bytes:
    """Return the payload of one whole frame; raise `DmmError` for a wrong header, length or sum."""
    if len(frame) < 6 or frame[:2] != HEADER or frame[2] != len(frame) - 3:
        raise DmmError(f"no frame of a UNI-T meter: {frame[:24].hex(' ')}; check 9600 baud, 8 data bits, no parity")
    if sum(frame[:-SUM_BYTES]) != int.from_bytes(frame[-SUM_BYTES:], "big"):
        raise DmmError(f"wrong sum in a frame of a UNI-T meter: {frame[:24].hex(' ')}; check the cable")
    return frame[3:-SUM_BYTES]


class FrameReader:
    """Finds frames with a right sum in a byte stream, and resynchronises after garbage.

    Less than one frame is ever held; ``dropped`` counts the bytes that belonged to no frame.
    """

    def __init__(self) -> None:
        self._held = b""
        self.dropped = 0

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take in bytes and return the frames that they complete, oldest first."""
        stream = self._held + bytes(data)
        frames: list[bytes] = []
        at = 0
        while True:
            found = stream.find(HEADER, at)
            if found < 0:
                # The last byte may be the first of a header.
                end = len(stream) - (stream[-1:] == HEADER[:1])
                self.dropped += max(0, end - at)
                at = max(at, end)
                break
            self.dropped += found - at
            at = found
            if len(stream) - at < 3:
                break
            size = 3 + stream[at + 2]
            if size >= 6 and len(stream) - at < size:
                break
            candidate = stream[at : at + size]
            try:
                unpack(candidate)
            except DmmError:
                self.dropped += 1
                at += 1
            else:
                frames.append(candidate)
                at += size
        self._held = stream[at:]
        return frames
