"""Where a screen says what went wrong, or what was done: in place, in words, without taking the focus."""

from textual.content import Content
from textual.widgets import Static

_STYLES = {"error": ("✗ ", "bold $text-error"), "done": ("✓ ", "$text-success"), "info": ("", "$text-muted")}


class Notice(Static):
    """As high as its words, and gone when there are none."""

    DEFAULT_CSS = "Notice { height: auto; max-height: 4; display: none; padding: 0 1; background: $surface; }"

    def __init__(self) -> None:
        super().__init__("", markup=False, id="notice")
        self.words = ""

    def say(self, words: str, kind: str = "error") -> None:
        """Show ``words``; ``kind`` is ``error``, ``done`` or ``info``."""
        mark, style = _STYLES[kind]
        self.words = words
        self.update(Content.styled(mark + words, style))
        self.display = bool(words)

    def clear(self) -> None:
        """Say nothing."""
        self.say("", "info")
