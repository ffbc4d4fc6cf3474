"""A frame of an oscilloscope as lines of cells: traces over a graticule, cursors, and words under the traces. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from edge_agent.local_api.scope import Decoded, Trace
from tui import braille

GRATICULE = "graticule"
DIVISIONS = (10, 8)
Line: TypeAlias = "list[tuple[str, str]]"
"""Pieces of text, each with the name of its style."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A trace with the values at the upper and lower edge, and the name of its style."""

    trace: Trace
    top: float
    bottom: float
    style: str


def plot(
    layers: Sequence[Layer],
    window: tuple[float, float],
    size: tuple[int, int],
    marks: Mapping[int, tuple[str, str]] | None = None,
) -> list[Line]:
    """Return the lines of a field of ``size`` (width, height) cells for a window of the axis; later layers lie on top.

    ``marks`` are vertical lines: column to character and style.
    """
    width, height = size
    masks = [(layer.style, _masks(layer, window, width, height)) for layer in layers]
    lines: list[Line] = []
    for number in range(height):
        ground, styles = _ground(number, width, height, marks or {})
        bits = [0] * width
        for style, columns in masks:
            found = braille.cells(columns, number)
            if found is None:
                continue
            bits = [one | other for one, other in zip(bits, found, strict=True)]
            styles = [style if dots else former for dots, former in zip(found, styles, strict=True)]
        characters = [chr(0x2800 | dots) if dots else under for dots, under in zip(bits, ground, strict=True)]
        lines.append(_joined(characters, styles))
    return lines


def _masks(layer: Layer, window: tuple[float, float], width: int, height: int) -> list[int]:
    start, stop = window
    trace, dots = layer.trace, 2 * width
    if stop <= start or not trace.low:
        return [0] * dots
    each = (stop - start) / dots / trace.step
    first = (start - trace.start) / trace.step
    count = len(trace.low)
    if count * 2 <= dots:  # few samples: straight lines between them
        places = [first + (column + 0.5) * each - 0.5 for column in range(dots)]
        places = [0.0 if -0.5 <= place < 0 else place for place in places]
    else:  # every span has a column at least: nothing is left out
        places = [float(int(first + (column + 0.5) * each)) for column in range(dots)]
    return braille.spans(trace.low, trace.high, places, (layer.top, layer.bottom), 4 * height)


def _ground(number: int, width: int, height: int, marks: Mapping[int, tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return characters and styles below the traces: the graticule, and marks."""
    columns = {round(k * width / DIVISIONS[0]) for k in range(1, DIVISIONS[0])}
    rows = {round(k * height / DIVISIONS[1]) for k in range(1, DIVISIONS[1])} if height >= 16 else {height // 2}
    if number in rows:
        text = ["┼" if column in columns and number == height // 2 else "·" for column in range(width)]
    else:
        text = ["·" if column in columns else " " for column in range(width)]
    styles = [GRATICULE] * width
    for column, (character, style) in marks.items():
        if 0 <= column < width:
            text[column], styles[column] = character, style
    return text, styles


def _joined(characters: Sequence[str], styles: Sequence[str]) -> Line:
    pairs = zip(characters, styles, strict=True)
    return [("".join(character for character, _ in group), style) for style, group in groupby(pairs, itemgetter(1))]


def dotted(lines: Sequence[str], style: str) -> list[Line]:
    """Return lines of an X-Y picture."""
    return [[(line, style)] for line in lines]


def words_under(words: Sequence[Decoded], start: float, stop: float, width: int) -> Line:
    """Return one line with what was decoded, each word under its own time; what has no room is a block."""
    characters, styles = [" "] * width, ["word"] * width
    if stop <= start:
        return _joined(characters, styles)
    scale = width / (stop - start)
    taken = 0
    for word in words:
        first = max(taken, int((word.start_s - start) * scale), 0)
        last = min(max(int((word.stop_s - start) * scale), first + 1), width)
        if first >= width:
            break
        text = word.text if len(word.text) <= last - first - 1 else word.text[: max(last - first - 2, 0)] + "…"
        text = text if last - first > 2 else "▪"
        style = "bad" if word.bad else "word"
        for offset, character in enumerate(text[: last - first]):
            characters[first + offset], styles[first + offset] = character, style
        taken = last
    return _joined(characters, styles)
