"""Screens as SVG pictures: without fonts from elsewhere, and with wide characters as wide as their cells."""

import html
import re
from itertools import groupby

from rich.cells import cell_len


def picture(app, name):
    """Return the screen as SVG, without fonts from elsewhere, and with wide characters as wide as their cells."""
    drawn = app.export_screenshot(title=name, simplify=True)
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    return _TEXT.sub(_by_width, drawn) + "\n"


CELL = 12.2
_TEXT = re.compile(
    r'<text (class="[^"]*") x="([\d.]+)" (y="[^"]*") textLength="[\d.]+" (clip-path="[^"]*")>([^<]*)</text>'
)


def _by_width(found):
    """Return a text as one element for each run of characters of one width; Rich takes all of them for narrow."""
    kind, x, y, clip, content = found.groups()
    text = html.unescape(content)
    if cell_len(text) == len(text):
        return found[0]
    parts, at = [], float(x)
    for width, run in groupby(text, cell_len):
        words = "".join(run)
        length = CELL * width * len(words)
        shown = html.escape(words).replace(" ", "&#160;")
        parts.append(f'<text {kind} x="{at:g}" {y} textLength="{length:g}" {clip}>{shown}</text>')
        at += length
    return "".join(parts)
