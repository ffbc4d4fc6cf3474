"""Pictures that questions come with: by the terminal's own graphics (kitty, sixel) where it has them, else half-blocks.

Asking a terminal for its graphics has to happen before the application reads the keyboard. Every terminal answers what
it is (DA1, in which 4 means sixel); only one that has graphics makes the library load that asks for more.
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

from tui.scope_plot import Line

KITTY = ("kitty", "ghostty")
"""Terminals with the graphics of kitty, which DA1 does not tell."""
ANSWER_S = 1.5
"""Nearly every terminal answers within a few milliseconds, one over a slow line within a second. A later answer would
be typed into the screen."""
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]+)c")
RASTER = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How pictures begin that can be drawn here (PNG, JPEG)."""


class _Terminal:
    """What was found out about the terminal; one a process."""

    graphics = False


_terminal = _Terminal()


def has_graphics(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal on standard input and output draws pictures itself; ask it where its name is silent.

    ``BENCHWRIGHT_PICTURES=blocks`` says no.
    """
    if environment.get("BENCHWRIGHT_PICTURES") == "blocks" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    names = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}"
    if "TMUX" not in environment and any(one in names for one in KITTY):
        return True
    return draws_sixels(_ask(sys.stdin.fileno(), sys.stdout.fileno()))


def draws_sixels(answer: bytes) -> bool:
    """Return whether primary device attributes (DA1) say that sixels are drawn."""
    found = _ATTRIBUTES.search(answer)
    return found is not None and b"4" in found[1].split(b";")[1:]


def _ask(keyboard: int, screen: int) -> bytes:
    """Return how the terminal answers a request for its primary device attributes, nothing when it does not in time.

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
        os.write(screen, b"\x1b[c")
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
    """Ask the terminal for its graphics; call it before the application starts."""
    if has_graphics():
        from textual_image.renderable import Image, SixelImage, TGPImage  # asks for more when it is imported

        _terminal.graphics = Image in {SixelImage, TGPImage}
        if _terminal.graphics:
            import textual_image.widget  # noqa: F401 - asks how large a cell is


def graphics() -> bool:
    """Whether the terminal was asked and draws pictures itself."""
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
