"""Where a screen says what went wrong, or what was done: in place, in words, without taking the focus."""

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from tui.formatting import hanging

_STYLES = {"error": ("✗ ", "bold $text-error"), "done": ("✓ ", "$text-success"), "info": ("", "$text-muted")}


class Notice(Static):
    """As high as its words, and gone when there are none. Further lines stand below the first one's words."""

    DEFAULT_CSS = "Notice { height: auto; max-height: 4; display: none; padding: 0 1; background: $surface; }"

    def __init__(self) -> None:
        super().__init__("", markup=False, id="notice")
        self.words = ""
        self._kind = "info"

    def say(self, words: str, kind: str = "error") -> None:
        """Show ``words``; ``kind`` is ``error``, ``done`` or ``info``."""
        self.words, self._kind = words, kind
        self.display = bool(words)
        self.refresh(layout=True)

    def clear(self) -> None:
        """Say nothing."""
        self.say("", "info")

    def render(self) -> Content:
        """Return the words in lines: Chinese breaks after any character, not only where there is a space."""
        return Content("\n").join(self._lines(self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return how many lines the words take; a word that is too wide is folded by the terminal application."""
        return sum(max(1, -(-cell_len(line.plain) // max(1, width))) for line in self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        mark, style = _STYLES[self._kind]
        return hanging(self.words, max(1, width), mark, style)
