"""Firmware images of the simulated device's MCU (an STM32F103CB), made by rule: same version, same bytes.

Layout: a Cortex-M vector table, the header ``BWFW`` with size and version at 0x150, code, and in the last four bytes
the CRC-32 (IEEE 802.3) of everything before, little endian, which the second-stage loader checks at every boot.
"""

import hashlib
import struct
import zlib
from dataclasses import dataclass

FLASH_BASE = 0x0800_0000
FLASH_SIZE = 128 * 1024
"""Flash of the STM32F103CB (DS5319)."""
IMAGE_SIZE = 24 * 1024
LOADER_SIZE = 4 * 1024
"""The second-stage loader at the start of the image, which prints the boot log."""
CURRENT_VERSION = "1.4.2"

_INITIAL_STACK = 0x2000_5000
_RESET_HANDLER = FLASH_BASE + 0x201
_VECTORS = 76
_HEADER_AT = 0x150
_HEADER = struct.Struct("<4sI16s")
_MAGIC = b"BWFW"
_DAMAGE_AT = 0x2A40
_DAMAGE_LENGTH = 96


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """What the second-stage loader finds in the MCU's flash."""

    loader_runs: bool
    """False when there is no valid loader (erased flash): the MCU stays silent."""
    version: str
    size: int
    stored_crc: int
    computed_crc: int

    @property
    def good(self) -> bool:
        """True when the application is started."""
        return self.loader_runs and self.stored_crc == self.computed_crc


NO_FIRMWARE = ImageStatus(loader_runs=False, version="", size=0, stored_crc=0, computed_crc=0)


def good_image(version: str = CURRENT_VERSION) -> bytes:
    """Return the image of ``version`` (``IMAGE_SIZE`` bytes, to be written at ``FLASH_BASE``)."""
    encoded = version.encode("ascii")
    if not encoded or len(encoded) > 15:
        raise ValueError(f"firmware version {version!r} must have 1 to 15 ASCII characters")
    body = bytearray(_code(version))
    vectors = [_RESET_HANDLER] + [_RESET_HANDLER + 4] * (_VECTORS - 2)
    struct.pack_into(f"<{_VECTORS}I", body, 0, _INITIAL_STACK, *vectors)
    _HEADER.pack_into(body, _HEADER_AT, _MAGIC, IMAGE_SIZE, encoded)
    struct.pack_into("<I", body, IMAGE_SIZE - 4, zlib.crc32(body[:-4]))
    return bytes(body)


def corrupted_image(version: str = CURRENT_VERSION) -> bytes:
    """Return ``good_image`` with a block of the application lost, as after a power cut during an update."""
    image = bytearray(good_image(version))
    image[_DAMAGE_AT : _DAMAGE_AT + _DAMAGE_LENGTH] = b"\xff" * _DAMAGE_LENGTH
    return bytes(image)


def check(flash: bytes | bytearray) -> ImageStatus:
    """Look at the MCU's ``flash`` as the ROM and the second-stage loader do."""
    stack, reset = struct.unpack_from("<II", flash, 0)
    magic, size, version = _HEADER.unpack_from(flash, _HEADER_AT)
    valid = stack == _INITIAL_STACK and reset == _RESET_HANDLER and magic == _MAGIC
    if not valid or not LOADER_SIZE <= size <= len(flash):
        return NO_FIRMWARE
    (stored,) = struct.unpack_from("<I", flash, size - 4)
    text = version.rstrip(b"\0").decode("ascii", errors="replace")
    return ImageStatus(True, text, size, stored, zlib.crc32(flash[: size - 4]))


def _code(version: str) -> bytes:
    """Return bytes that stand for machine code: the loader is the same in all versions, the application is not."""
    loader = hashlib.shake_128(b"loader").digest(LOADER_SIZE)
    return loader + hashlib.shake_128(f"application {version}".encode()).digest(IMAGE_SIZE - LOADER_SIZE)
