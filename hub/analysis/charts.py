"""Charts as SVG (S4): bars with their values written on them, to be printed and read without colour. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

WIDTH = 720
LABELS = 150
"""Room for the names at the left of lying bars, in user units."""
VALUES = 60
ROW = 24
HEIGHT = 220
LETTER = 7
"""About how wide a letter is; names that do not fit below standing bars are left out, every second or third stays."""
_FILL = "#2b5c8a"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, how long it is (``None``: there is nothing to measure), and how its value is written."""

    label: str
    value: float | None
    shown: str


def lying(title: str, bars: Sequence[Bar]) -> str:
    """Return bars that lie below each other, for names; each is labelled at its left and has its value at its end."""
    most = max((bar.value or 0 for bar in bars), default=0) or 1
    room = WIDTH - LABELS - VALUES
    parts = []
    for place, bar in enumerate(bars):
        y, length = place * ROW, room * (bar.value or 0) / most
        parts += [
            _text(LABELS - 8, y + 16, _short(bar.label, 20), "end"),
            f'<rect x="{LABELS}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" fill="{_FILL}"/>',
            _text(LABELS + length + 6, y + 16, bar.shown, "start"),
        ]
    return _svg(title, max(ROW, ROW * len(bars)), parts)


def standing(title: str, bars: Sequence[Bar]) -> str:
    """Return bars that stand beside each other, for what follows in time."""
    most = max((bar.value or 0 for bar in bars), default=0) or 1
    step = WIDTH / max(1, len(bars))
    widest = max((len(text) * LETTER + LETTER for bar in bars for text in (bar.label, bar.shown)), default=0)
    every = max(1, ceil(widest / step))
    ground = HEIGHT - 24
    parts = [f'<line x1="0" y1="{ground}" x2="{WIDTH}" y2="{ground}" stroke="#666"/>']
    for place, bar in enumerate(bars):
        height = (ground - 24) * (bar.value or 0) / most
        middle = step * (place + 0.5)
        wide = step * 0.7
        parts.append(
            f'<rect x="{middle - wide / 2:.1f}" y="{ground - height:.1f}" width="{wide:.1f}" height="{height:.1f}"'
            f' fill="{_FILL}"/>'
        )
        if place % every == every // 2 and middle + widest / 2 <= WIDTH:
            parts.append(_text(middle, HEIGHT - 8, bar.label, "middle"))
            parts.append(_text(middle, ground - height - 6, bar.shown, "middle"))
    return _svg(title, HEIGHT, parts)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    """Return the picture; its title is its name for a screen reader, the table beside it says the rest."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-size="12"'
        f' font-family="sans-serif"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
