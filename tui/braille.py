"""Dots as braille characters, two by four to a cell: pure, without numpy, fast enough for 30 frames a second."""

from collections.abc import Sequence

_LEFT_DOTS, _RIGHT_DOTS = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
LEFT = tuple(sum(dot for row, dot in enumerate(_LEFT_DOTS) if bits >> row & 1) for bits in range(16))
RIGHT = tuple(sum(dot for row, dot in enumerate(_RIGHT_DOTS) if bits >> row & 1) for bits in range(16))
"""Four dots of a column (bit 0 is the upper one) to the bits of a braille character."""
BLANK = 0x2800


def spans(
    low: Sequence[float],
    high: Sequence[float],
    columns: Sequence[float],
    edges: tuple[float, float],
    dots: int,
) -> list[int]:
    """Return for each of ``columns`` the dots (bit 0 is the uppermost) between ``low`` and ``high`` there.

    ``columns`` are places in the sequences: a whole part and a fraction, between whose neighbours is interpolated;
    one outside of them has no dots. ``edges`` are the values at the uppermost and the lowest of ``dots``;
    what is beyond is drawn there. Neighbouring columns are joined, so that a steep edge is a line.
    """
    if not low or dots < 1:
        return [0] * len(columns)
    top, bottom = edges
    factor = (dots - 1) / ((top - bottom) or 1.0)
    last, edge = len(low) - 1, dots - 1
    masks: list[int] = []
    before: tuple[int, int] | None = None
    for place in columns:
        index = int(place)
        if place < 0 or index > last:
            masks.append(0)
            before = None
            continue
        least, most = low[index], high[index]
        part = place - index
        if part and index < last:
            least += part * (low[index + 1] - least)
            most += part * (high[index + 1] - most)
        upper = int((top - most) * factor + 0.5)
        lower = int((top - least) * factor + 0.5)
        upper = 0 if upper < 0 else edge if upper > edge else upper
        lower = 0 if lower < 0 else edge if lower > edge else lower
        first, final = upper, lower
        if before is not None:
            if first > before[1] + 1:
                first = before[1] + 1
            elif final < before[0] - 1:
                final = before[0] - 1
        before = (upper, lower)
        masks.append(((1 << (final - first + 1)) - 1) << first)
    return masks


def cells(masks: Sequence[int], line: int) -> list[int] | None:
    """Return the braille bits of one line of cells, ``None`` when it is empty; ``masks`` has two columns a cell."""
    shift = 4 * line
    nibbles = [(mask >> shift) & 15 for mask in masks]
    if not any(nibbles):
        return None
    left, right = LEFT, RIGHT
    return [left[a] | right[b] for a, b in zip(nibbles[::2], nibbles[1::2], strict=True)]


def grid(rows: Sequence[int], width: int) -> list[str]:
    """Return rows of dots (bit 0 is the left one) as lines of ``width`` braille characters."""
    lines = []
    for top in range(0, len(rows), 4):
        part = [*rows[top : top + 4], 0, 0, 0][:4]
        line = []
        for cell in range(width):
            bits = 0
            for row, dots in enumerate(part):
                pair = dots >> (2 * cell) & 3
                bits |= (_LEFT_DOTS[row] if pair & 1 else 0) | (_RIGHT_DOTS[row] if pair & 2 else 0)
            line.append(chr(BLANK | bits))
        lines.append("".join(line))
    return lines
