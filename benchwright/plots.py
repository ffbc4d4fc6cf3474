"""Small pictures in a terminal: a waveform in braille, a thermal image in colour."""

import numpy as np
import numpy.typing as npt
from rich.text import Text

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint16)
"""Bit of each dot of a braille cell (Unicode 2800 to 28FF), rows by columns."""


def braille(minimum: npt.NDArray[np.float64], maximum: npt.NDArray[np.float64], rows: int = 6) -> list[str]:
    """Draw a trace given by its minimum and maximum in each of 2·w columns as ``rows`` lines of w characters.

    Between two columns the line is joined, so that an edge is drawn and no dot stands alone.
    """
    columns = minimum.size // 2 * 2
    if columns == 0:
        return []
    low, high = float(np.nanmin(minimum)), float(np.nanmax(maximum))
    span = (high - low) or 1.0
    last = rows * 4 - 1
    top = np.rint((high - maximum[:columns]) / span * last).astype(int)
    bottom = np.rint((high - minimum[:columns]) / span * last).astype(int)
    # Reach as far as the neighbour's nearer end: a step then shows as a vertical line.
    top[1:] = np.minimum(top[1:], bottom[:-1])
    bottom[1:] = np.maximum(bottom[1:], top[:-1])
    dots = np.arange(rows * 4)[:, None]
    lit = (dots >= top) & (dots <= bottom)
    cells = lit.reshape(rows, 4, columns // 2, 2)
    codes = (cells * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + int(code)) for code in line) for line in codes]


_HEAT = ("#000033", "#2b0a6b", "#7a1378", "#c73a55", "#f2762e", "#fbc12d", "#fcfdbf")


def heat_map(temperatures_c: npt.NDArray[np.float32], width: int = 32) -> list[Text]:
    """Draw a thermal image with two pixels a character (upper half block), scaled to its own extremes."""
    step = -(-temperatures_c.shape[1] // width)
    image = temperatures_c[::step, ::step].astype(np.float64)
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    scaled = np.nan_to_num((image - low) / ((high - low) or 1.0))
    index = np.minimum((scaled * len(_HEAT)).astype(int), len(_HEAT) - 1)
    lines = []
    for row in range(0, index.shape[0] - 1, 2):
        line = Text()
        for above, below in zip(index[row], index[row + 1], strict=True):
            line.append("▀", style=f"{_HEAT[above]} on {_HEAT[below]}")
        lines.append(line)
    return lines
