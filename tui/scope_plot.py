"""A frame of an oscilloscope as lines of cells: traces over a graticule, cursors, and words under the traces. Pure.

A field is held as planes, one byte a cell, and planes are put over each other as whole numbers: a screen of cells costs
a few operations of the interpreter then, and not some for each cell.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from edge_agent.local_api.scope import Decoded, Trace
from tui import braille

GRATICULE = "graticule"
DIVISIONS = (10, 8)
Line: TypeAlias = "list[tuple[str, str]]"
"""Pieces of text, each with the name of its style."""
_ANY_STYLE = 0xFF
_RUNS = re.compile(rb"\xff*([^\xff])(?:\1|\xff)*|\xff+", re.DOTALL)
"""Cells of one style; a space has any."""
_DRAWN = bytes([0, *[0xFF] * 255])
_BRAILLE = braille.BLANK >> 8
"""The upper byte of every braille character."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A trace with the values at the upper and lower edge, and the name of its style."""

    trace: Trace
    top: float
    bottom: float
    style: str


@dataclass(frozen=True, slots=True)
class _Ground:
    """What lies below the traces: upper and lower bytes of its characters, its styles, and its lines as they are."""

    low: int
    high: int
    styles: int
    names: tuple[str, ...]
    lines: tuple[Line, ...]


def plot(
    layers: Sequence[Layer],
    window: tuple[float, float],
    size: tuple[int, int],
    marks: Mapping[int, tuple[str, str]] | None = None,
) -> list[Line]:
    """Return the lines of a field of ``size`` (width, height) cells for a window of the axis; later layers lie on top.

    ``marks`` are vertical lines: column to character and style. A line without a dot is the same object every time.
    """
    width, height = size
    count = width * height
    if count < 1:
        return []
    ground = _ground(width, height, tuple((marks or {}).items()))
    each = int.from_bytes(b"\x01" * count, "little")
    dots = drawn = 0
    styles = ground.styles
    for number, layer in enumerate(layers, len(ground.names)):
        found = braille.cells(_columns(layer, window, width, height), height)
        here = int.from_bytes(found.translate(_DRAWN), "little")
        dots |= int.from_bytes(found, "little")
        drawn |= here
        styles ^= (styles ^ number * each) & here
    low = ground.low ^ (ground.low & drawn) | dots
    high = ground.high ^ (ground.high ^ _BRAILLE * each) & drawn
    text, places = _text(low, high, count), styles.to_bytes(count, "little")
    names = (*ground.names, *(layer.style for layer in layers))
    filled = drawn.to_bytes(count, "little")
    empty = bytes(width)
    return [
        ground.lines[at // width]
        if filled[at : at + width] == empty
        else _runs(text[at : at + width], places[at : at + width], names)
        for at in range(0, count, width)
    ]


def _text(low: int, high: int, count: int) -> str:
    """Return characters by the two bytes of their code points."""
    pairs = bytearray(2 * count)
    pairs[0::2], pairs[1::2] = low.to_bytes(count, "little"), high.to_bytes(count, "little")
    return pairs.decode("utf-16-le")


def _runs(text: str, styles: bytes, names: Sequence[str]) -> Line:
    return [
        (text[run.start() : run.end()], GRATICULE if run[1] is None else names[run[1][0]])
        for run in _RUNS.finditer(styles)
    ]


def _columns(layer: Layer, window: tuple[float, float], width: int, height: int) -> list[tuple[int, int] | None]:
    start, stop = window
    trace, dots = layer.trace, 2 * width
    if stop <= start or not trace.low:
        return [None] * dots
    each = (stop - start) / dots / trace.step
    first = (start - trace.start) / trace.step
    count = len(trace.low)
    if count * 2 <= dots:  # few samples: straight lines between them
        places = [first + (column + 0.5) * each - 0.5 for column in range(dots)]
        places = [0.0 if -0.5 <= place < 0 else place for place in places]
    else:  # every span has a column at least: nothing is left out
        places = [float(int(first + (column + 0.5) * each)) for column in range(dots)]
    return braille.spans(trace.low, trace.high, places, (layer.top, layer.bottom), 4 * height)


@lru_cache(maxsize=8)
def _ground(width: int, height: int, marks: tuple[tuple[int, tuple[str, str]], ...]) -> _Ground:
    """Return what is below the traces: the graticule, and marks."""
    columns = {round(k * width / DIVISIONS[0]) for k in range(1, DIVISIONS[0])}
    rows = {round(k * height / DIVISIONS[1]) for k in range(1, DIVISIONS[1])} if height >= 16 else {height // 2}
    names = [GRATICULE]
    shown = [(column, mark) for column, mark in marks if 0 <= column < width]
    text, styles = "", bytearray()
    for number in range(height):
        if number in rows:
            line = ["┼" if column in columns and number == height // 2 else "·" for column in range(width)]
        else:
            line = ["·" if column in columns else " " for column in range(width)]
        places = [_ANY_STYLE if character == " " else 0 for character in line]
        for column, (character, style) in shown:
            if style not in names:
                names.append(style)
            line[column], places[column] = character, names.index(style)
        text += "".join(line)
        styles += bytes(places)
    pairs = text.encode("utf-16-le")
    low, high, planes = (int.from_bytes(plane, "little") for plane in (pairs[0::2], pairs[1::2], styles))
    lines = tuple(
        _runs(text[at : at + width], bytes(styles[at : at + width]), names) for at in range(0, width * height, width)
    )
    return _Ground(low, high, planes, tuple(names), lines)


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
