"""The lower edge: what the function keys do here. Every entry can be clicked."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.i18n import _
from tui.keys import GLOBAL_KEYS, Key


class KeyBar(Static):
    """Two lines: the keys of the screen, and those that are the same everywhere. What does not fit is in the help."""

    DEFAULT_CSS = "KeyBar { height: 2; background: $surface; padding: 0 1; }"

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__("", id="keys")
        self._keys = [key for key in keys if key.in_bar]

    def on_mount(self) -> None:
        """Draw."""
        self.localise()

    def on_resize(self) -> None:
        """Draw what fits."""
        self.localise()

    def localise(self) -> None:
        """Draw in the language of the moment."""
        width = max(self.size.width - 2, 20)
        everywhere = [key for key in GLOBAL_KEYS if key.in_bar or width > 120]
        self.update(Content("\n").join([_line(self._keys, width), _line(everywhere, width)]))


def _line(keys: Sequence[Key], width: int) -> Content:
    line = Content("")
    for key in keys:
        action = key.action if "." in key.action else f"screen.{key.action}"
        part = Content.from_markup(f"[@click={action}][b $accent]{key.cap}[/] $label[/]", label=_(key.label))
        gap = Content("  ") if line else Content("")
        if line.cell_length + gap.cell_length + part.cell_length > width:
            break
        line = line + gap + part
    return line
