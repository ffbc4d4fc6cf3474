"""The SPI flash of the device: an image file, so that flashrom's dummy programmer and the MCU see the same bytes.

The first 64 KiB are the ``assets`` partition with a CRC-32 in its last four bytes; the rest is erased.
"""

import hashlib
import struct
import zlib
from pathlib import Path

SIZE = 16 * 1024 * 1024
JEDEC_ID = "ef4018"
"""Winbond W25Q128FV."""
ASSETS_SIZE = 64 * 1024


def assets_partition() -> bytes:
    """Return the right content of the assets partition, with its CRC."""
    body = hashlib.shake_128(b"assets").digest(ASSETS_SIZE - 4)
    return body + struct.pack("<I", zlib.crc32(body))


def write_image(path: Path) -> None:
    """Write a full image with good assets."""
    with path.open("wb") as image:
        image.write(assets_partition())
        blank = b"\xff" * (1024 * 1024)
        left = SIZE - ASSETS_SIZE
        while left:
            left -= image.write(blank[: min(left, len(blank))])


def assets_crcs(path: Path | None) -> tuple[int, int] | None:
    """Return stored and computed CRC of the assets in the image at ``path``; ``None`` when the chip does not answer.

    A device without an image file has good assets.
    """
    if path is None:
        crc = zlib.crc32(assets_partition()[:-4])
        return crc, crc
    try:
        with path.open("rb") as image:
            content = image.read(ASSETS_SIZE)
    except OSError:
        return None
    if len(content) < ASSETS_SIZE:
        return None
    return struct.unpack("<I", content[-4:])[0], zlib.crc32(content[:-4])
