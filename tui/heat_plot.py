"""A thermal picture as lines of cells: half-blocks in colours, with the hottest spots and a rectangle. Pure."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from edge_agent.local_api.heat import COLOUR_MAP, HeatFrame, Region
from tui.scope_plot import Line

_STEPS = 64
WHOLE_FROM = 4.0
"""From so many cells a pixel on, equal pixels look better than the last cells of room are worth."""
NOTHING = "#303030"
"""Colour of a pixel without a value."""


def _ramp() -> tuple[str, ...]:
    stops = [tuple(int(code[i : i + 2], 16) for i in (1, 3, 5)) for code in COLOUR_MAP]
    ramp = []
    for step in range(_STEPS):
        place = step / (_STEPS - 1) * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        part = place - index
        mixed = (round(a + part * (b - a)) for a, b in zip(stops[index], stops[index + 1], strict=True))
        ramp.append("#" + "".join(f"{value:02x}" for value in mixed))
    return tuple(ramp)


RAMP = _ramp()


def scale(frame: HeatFrame) -> tuple[float, float]:
    """Return the values at the ends of the colours: of the picture's extremes, at least 1 K apart."""
    known = [value for value in frame.values if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    return (low, high) if high - low >= 1.0 else ((low + high) / 2 - 0.5, (low + high) / 2 + 0.5)


def enlargement(frame: HeatFrame, width: int, height: int) -> float:
    """Return how many cells wide (and half-lines high) a pixel of the frame is drawn: whole ones where they fit well.

    Pixels are as they were measured, never mixed: at 1.5 every second one is two cells wide.
    """
    most = min(width / frame.columns, 2 * height / frame.rows)
    return max(1.0, float(int(most)) if most >= WHOLE_FROM else most)


def picture(frame: HeatFrame, width: int, height: int, region: Region | None = None) -> list[Line]:
    """Return the picture as large as it can be in ``width`` × ``height`` cells."""
    low, high = scale(frame)
    factor = _STEPS / (high - low)
    size = enlargement(frame, width, height)
    colours = [
        NOTHING if value is None else RAMP[min(max(int((value - low) * factor), 0), _STEPS - 1)]
        for value in frame.values
    ]
    marks = _marks(frame, size, region)
    lines: list[Line] = []
    places = [min(int(column / size), frame.columns - 1) for column in range(min(round(frame.columns * size), width))]
    for line in range(min(-(-round(frame.rows * size) // 2), height)):
        rows = [min(int((2 * line + half) / size), frame.rows - 1) for half in (0, 1)]
        pairs = []
        for column, place in enumerate(places):
            upper, lower = (colours[row * frame.columns + place] for row in rows)
            mark = marks.get((line, column))
            if mark is None:
                pairs.append(("▀", upper + lower))
            else:
                pairs.append((mark, _readable(upper) + upper))
        lines.append([("".join(text for text, _ in group), style) for style, group in groupby(pairs, itemgetter(1))])
    return lines


def _marks(frame: HeatFrame, size: float, region: Region | None) -> Mapping[tuple[int, int], str]:
    """Return the characters over the picture by line and column: corners of the rectangle, numbers of the spots."""
    marks: dict[tuple[int, int], str] = {}

    def place(row: float, column: float) -> tuple[int, int]:
        return int(row / frame.factor * size) // 2, int(column / frame.factor * size)

    if region is not None:
        top, left = place(region.top, region.left)
        bottom, right = place(region.top + region.height - 0.5, region.left + region.width - 0.5)
        for column in range(left, right + 1):
            marks[top, column] = marks[bottom, column] = "─"
        for line in range(top, bottom + 1):
            marks[line, left] = marks[line, right] = "│"
        marks |= {(top, left): "┌", (top, right): "┐", (bottom, left): "└", (bottom, right): "┘"}
    for number, spot in enumerate(frame.spots, 1):
        marks[place(spot.row + 0.5, spot.column + 0.5)] = str(number)
    return marks


def _readable(ground: str) -> str:
    red, green, blue = (int(ground[i : i + 2], 16) for i in (1, 3, 5))
    return "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 110 else "#ffffff"


def with_scale(lines: Sequence[Line], frame: HeatFrame, height: int) -> list[Line]:
    """Return ``lines`` with the colours and what they mean to the right of them."""
    low, high = scale(frame)
    unit = "K" if frame.difference else "°C"
    count = max(min(len(lines), height), 2)
    labelled = []
    for number, line in enumerate(lines[:count]):
        upper, lower = (1 - (2 * number + half) / (2 * count - 1) for half in (0, 1))
        bar = "".join(RAMP[min(max(int(part * _STEPS), 0), _STEPS - 1)] for part in (upper, lower))
        words = ""
        if number in {0, count // 2, count - 1}:
            words = f" {high - (high - low) * number / (count - 1):.1f} {unit}"
        labelled.append([*line, ("  ", ""), ("▀▀", bar), (words, "")])
    return labelled
