"""Dots as braille characters, two by four to a cell: pure, without numpy, fast enough for 30 frames a second."""

from collections.abc import Sequence

_LEFT_DOTS, _RIGHT_DOTS = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
_SIDES = tuple(
    (
        tuple(sum(dots[row:]) for row in range(4)),
        tuple(sum(dots[: row + 1]) for row in range(4)),
        bytes([sum(dots)]),
    )
    for dots in (_LEFT_DOTS, _RIGHT_DOTS)
)
"""For the left and the right half of a cell: its bits from a row down, those down to a row, and all four of them."""
BLANK = 0x2800


def spans(
    low: Sequence[float],
    high: Sequence[float],
    columns: Sequence[float],
    edges: tuple[float, float],
    dots: int,
) -> list[tuple[int, int] | None]:
    """Return for each of ``columns`` the first and last dot (0 is the uppermost) between ``low`` and ``high`` there.

    ``columns`` are places in the sequences: a whole part and a fraction, between whose neighbours is interpolated;
    one outside of them has no dots. ``edges`` are the values at the uppermost and the lowest of ``dots``;
    what is beyond is drawn there. Neighbouring columns are joined, so that a steep edge is a line.
    """
    if not low or dots < 1:
        return [None] * len(columns)
    top, bottom = edges
    factor = (dots - 1) / ((top - bottom) or 1.0)
    start = top * factor + 0.5
    last, edge = len(low) - 1, dots - 1
    found: list[tuple[int, int] | None] = []
    before: tuple[int, int] | None = None
    for place in columns:
        index = int(place)
        if place < 0 or index > last:
            found.append(None)
            before = None
            continue
        least, most = low[index], high[index]
        part = place - index
        if part and index < last:
            least += part * (low[index + 1] - least)
            most += part * (high[index + 1] - most)
        first = int(start - most * factor)
        final = int(start - least * factor)
        first = 0 if first < 0 else edge if first > edge else first
        final = 0 if final < 0 else edge if final > edge else final
        drawn = here = (first, final)
        if before is not None:
            if first > before[1] + 1:
                drawn = (before[1] + 1, final)
            elif final < before[0] - 1:
                drawn = (first, before[0] - 1)
        before = here
        found.append(drawn)
    return found


def cells(columns: Sequence[tuple[int, int] | None], height: int) -> bytes:
    """Return the braille bits of ``height`` lines of cells, line after line; ``columns`` has two spans a cell."""
    width = len(columns) // 2
    halves = (bytearray(width * height), bytearray(width * height))
    for number, span in enumerate(columns):
        if span is None:
            continue
        first, final = span
        upper, lower, column = first >> 2, final >> 2, number >> 1
        half, (downward, upward, full) = halves[number & 1], _SIDES[number & 1]
        if upper == lower:
            half[upper * width + column] = downward[first & 3] & upward[final & 3]
        else:
            half[upper * width + column] = downward[first & 3]
            half[lower * width + column] = upward[final & 3]
            if lower - upper > 1:
                half[(upper + 1) * width + column : lower * width + column : width] = full * (lower - upper - 1)
    left, right = (int.from_bytes(half, "little") for half in halves)
    return (left | right).to_bytes(width * height, "little")


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
