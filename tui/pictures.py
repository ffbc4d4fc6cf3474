"""Pictures that questions come with: by the terminal's own graphics (kitty, sixel) where it has them, else half-blocks.

Asking a terminal for its graphics has to happen before the application reads the keyboard. Every terminal answers what
it is (DA1, in which 4 means sixel), kitty also which version (XTVERSION); only one that has graphics makes the library
load that draws them and asks for more. What it finds out by itself is not relied on: it waits a tenth of a second.
"""

import contextlib
import io
import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Literal

from tui.scope_plot import Line
from tui.terminal_answers import keep_out_answers

KITTY = ("kitty", "ghostty")
"""Terminals with the graphics of kitty, which DA1 does not tell."""
PLACED_SINCE = (0, 28)
"""From this version on kitty places pictures by characters: they scroll, and are covered, with the rest."""
ANSWER_S = 1.5
"""Nearly every terminal answers within a few milliseconds, one over a slow line within a second. A later answer is kept
out of what is typed (``tui.terminal_answers``)."""
_KITTY_VERSION = re.compile(rb"\x1bP>\|kitty\((\d+)\.(\d+)")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")
RASTER = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How pictures begin that can be drawn here (PNG, JPEG)."""


Graphics = Literal["kitty", "sixel"]


class _Terminal:
    """What was found out about the terminal; one a process."""

    graphics: Graphics | None = None


_terminal = _Terminal()


def graphics_of(environment: Mapping[str, str] = os.environ) -> Graphics | None:
    """Return how the terminal on standard input and output draws pictures itself: ask it.

    ``BENCHWRIGHT_PICTURES=blocks`` says no.
    """
    if environment.get("BENCHWRIGHT_PICTURES") == "blocks" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    names = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}"
    answer = _ask(sys.stdin.fileno(), sys.stdout.fileno())
    if "TMUX" not in environment and any(one in names for one in KITTY):
        return "kitty" if places_pictures(answer) else None
    return "sixel" if draws_sixels(answer) else None


def places_pictures(answer: bytes) -> bool:
    """Return whether a terminal with kitty's graphics, which answers so, places pictures by characters.

    Early versions of kitty do not; of one that is silent nobody knows.
    """
    found = _KITTY_VERSION.search(answer)
    return bool(answer) if found is None else (int(found[1]), int(found[2])) >= PLACED_SINCE


def draws_sixels(answer: bytes) -> bool:
    """Return whether primary device attributes (DA1) say that sixels are drawn."""
    found = _ATTRIBUTES.search(answer)
    return found is not None and b"4" in found[1].split(b";")[1:]


def _ask(keyboard: int, screen: int) -> bytes:
    """Return how the terminal answers a request for its name and its attributes, nothing when it does not in time.

    The attributes are asked for last: every terminal tells them, so that nothing more is waited for.

    Where keys wait already, nothing is asked: they could not be told from the answer, and are the application's.
    """
    answer = b""
    try:
        before = termios.tcgetattr(keyboard)
    except termios.error:
        return b""
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        if select.select([keyboard], [], [], 0)[0]:
            return b""
        os.write(screen, b"\x1b[>q\x1b[c")
        deadline = time.monotonic() + ANSWER_S
        while not _ATTRIBUTES.search(answer) and (left := deadline - time.monotonic()) > 0:
            if select.select([keyboard], [], [], left)[0]:
                answer += os.read(keyboard, 256)
    except (OSError, termios.error):  # the latter is not one of the former
        return b""
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(keyboard, termios.TCSANOW, before)
    return answer


def prepare() -> None:
    """Ask the terminal for its graphics, and take no late answer for keys; call it before the application starts."""
    keep_out_answers()
    _terminal.graphics = graphics_of()
    if _terminal.graphics is not None:
        import textual_image.widget  # noqa: F401 - asks how large a cell is


def graphics() -> Graphics | None:
    """How the terminal draws pictures itself, if it was asked and does."""
    return _terminal.graphics


def can_be_drawn(content: bytes) -> bool:
    """Whether a picture is of a kind that a terminal can show: PNG or JPEG, not SVG."""
    return content.startswith(RASTER)


def half_blocks(content: bytes, width: int, height: int) -> list[Line]:
    """Return a picture in at most ``width`` × ``height`` cells, two pixels a cell; raises ``OSError`` for a bad one."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as opened:
            flat = Image.new("RGBA", opened.size, "#ffffff")
            flat.alpha_composite(opened.convert("RGBA"))
            scale = min(width / flat.width, 2 * height / flat.height, 1.0)
            size = (max(1, round(flat.width * scale)), max(2, round(flat.height * scale) // 2 * 2))
            pixels = flat.convert("RGB").resize(size)
    except (UnidentifiedImageError, ValueError) as error:
        raise OSError(f"the picture cannot be read ({error})") from error
    flow = pixels.tobytes().hex()
    colours = [f"#{flow[at : at + 6]}" for at in range(0, len(flow), 6)]
    lines: list[Line] = []
    for top in range(0, pixels.height, 2):
        upper = colours[top * pixels.width : (top + 1) * pixels.width]
        lower = colours[(top + 1) * pixels.width : (top + 2) * pixels.width]
        pairs = [("▀", a + b) for a, b in zip(upper, lower, strict=True)]
        lines.append([("".join(text for text, _ in group), style) for style, group in groupby(pairs, itemgetter(1))])
    return lines
