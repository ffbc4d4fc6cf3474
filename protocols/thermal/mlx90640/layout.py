"""Where things are in the words of the MLX90640."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from protocols.thermal.mlx90640.errors import Mlx90640Error

ROWS = 24
COLUMNS = 32
PIXELS = ROWS * COLUMNS
EEPROM_WORDS = 832
FRAME_WORDS = 834
"""768 pixels, 64 auxiliary words, the control register (0x800D) and the subpage (bit 0 of the status register)."""

VBE = 768
CP_SUBPAGE_0 = 776
GAIN = 778
PTAT = 800
CP_SUBPAGE_1 = 808
VDD = 810
CONTROL_REGISTER = 832
SUBPAGE = 833

CHESS_BIT = 0x1000
RESOLUTION_SHIFT = 10
DEFAULT_CONTROL = 0x1901
"""The sensor's control register after power-on: chess pattern, 18 bit, 2 Hz, subpages on."""

Words = npt.NDArray[np.uint16]
Plane = npt.NDArray[np.float64]
"""One value a pixel, shape (24, 32)."""
Mask = npt.NDArray[np.bool_]
"""One flag a pixel, shape (24, 32)."""

ROW_PARITY = np.broadcast_to(np.arange(ROWS)[:, None] % 2, (ROWS, COLUMNS))
COLUMN_PARITY = np.broadcast_to(np.arange(COLUMNS)[None, :] % 2, (ROWS, COLUMNS))
CHESS_SUBPAGE = ROW_PARITY ^ COLUMN_PARITY
"""Which subpage a pixel belongs to in the chess pattern; in the interleaved pattern it is ``ROW_PARITY``."""


def words_of(words: Sequence[int] | npt.NDArray[np.integer[npt.NBitBase]], count: int, what: str) -> Words:
    """Return ``words`` as ``count`` unsigned 16-bit words; raise ``Mlx90640Error`` when they are not that."""
    found = np.asarray(words)
    if found.ndim != 1 or found.size != count or found.dtype.kind not in "ui":
        raise Mlx90640Error(
            f"{what} must be {count} whole numbers in a row, these are {found.dtype} of shape {found.shape}"
        )
    if found.dtype != np.uint16 and (int(found.min()) < 0 or int(found.max()) > 0xFFFF):
        raise Mlx90640Error(f"{what} must be unsigned 16-bit words, these reach from {found.min()} to {found.max()}")
    return found.astype(np.uint16, copy=False)


def signed(value: int, bits: int) -> int:
    """Return the low ``bits`` of ``value`` as a two's complement number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def signed_plane(words: Words, shift: int, bits: int) -> Plane:
    """Return a signed bit field of each word, shape as ``words``."""
    field = (words.astype(np.int64) >> shift) & ((1 << bits) - 1)
    return np.where(field >> (bits - 1), field - (1 << bits), field).astype(np.float64)
