"""Pictures that questions come with: by the terminal's own graphics (kitty, sixel) where it has them, else half-blocks.

Asking a terminal for its graphics has to happen before the application reads the keyboard, and costs time; so only a
terminal that its environment names as one with graphics is asked.
"""

import io
import os
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

from tui.scope_plot import Line

WITH_GRAPHICS = ("kitty", "ghostty", "foot", "sixel", "mlterm", "contour")
PROGRAMS = {"WezTerm", "ghostty", "iTerm.app", "rio", "mintty", "konsole"}
RASTER = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How pictures begin that can be drawn here (PNG, JPEG)."""


class _Terminal:
    """What was found out about the terminal; one a process."""

    graphics = False


_terminal = _Terminal()


def has_graphics(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the environment names a terminal that draws pictures itself (inside tmux none is)."""
    if "TMUX" in environment or environment.get("BENCHWRIGHT_PICTURES") == "blocks":
        return False
    term = environment.get("TERM", "")
    return environment.get("TERM_PROGRAM") in PROGRAMS or any(word in term for word in WITH_GRAPHICS)


def prepare() -> None:
    """Ask the terminal for its graphics; call it before the application starts."""
    if has_graphics():
        import textual_image.widget  # noqa: F401 - asks the terminal when it is imported

        _terminal.graphics = True


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
