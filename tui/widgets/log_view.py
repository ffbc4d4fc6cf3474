"""A long log that grows at its end: follows it, or stays where one looks; marks what is searched for."""

from collections import deque

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.formatting import fit, one_line
from tui.i18n import _

MOST_LINES = 20_000
SENT = ">>> "
"""Begins a line that was sent."""


class LogView(Widget):
    """Takes text in pieces; a line that is not complete yet is shown as far as it is there."""

    DEFAULT_CSS = "LogView { height: 1fr; min-height: 3; }"

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        """``empty`` is the message id of what is said when the log is empty."""
        super().__init__(id=id)
        self._empty = empty
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._open = ""
        self._from_end = 0
        self._needle = ""
        self._found: int | None = None

    @property
    def follows(self) -> bool:
        """Whether the end is shown."""
        return self._from_end == 0

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self._lines) + bool(self._open)

    def localise(self) -> None:
        """Draw in the language of the moment."""
        self.refresh()

    def add(self, text: str) -> None:
        """Take in more of the log."""
        whole = (self._open + text).replace("\r\n", "\n").replace("\r", "\n")
        *lines, self._open = whole.split("\n")
        self._lines.extend(lines)
        if self._from_end:
            self._from_end = min(self._from_end + len(lines), self._most())
        self.refresh()

    def clear(self) -> None:
        """Forget what was taken in."""
        self._lines.clear()
        self._open, self._from_end, self._found = "", 0, None
        self.refresh()

    def scroll(self, lines: int) -> None:
        """Look further up (above zero) or down."""
        self._from_end = min(max(self._from_end + lines, 0), self._most())
        self.refresh()

    def follow(self) -> None:
        """Show the end, and what comes."""
        self._from_end = 0
        self.refresh()

    def find(self, needle: str, *, further_up: bool = False) -> int | None:
        """Show the newest line with ``needle`` (or the next one above), and return how many lines have it."""
        lines = self._all()
        places = [number for number, line in enumerate(lines) if needle.casefold() in line.casefold()]
        self._needle = needle
        if not places:
            self._found = None
            self.refresh()
            return None
        above = [place for place in places if self._found is None or place < self._found] if further_up else places
        self._found = above[-1] if above else places[-1]
        self._from_end = min(max(len(lines) - self._found - self.size.height // 2, 0), self._most())
        self.refresh()
        return len(places)

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        lines, height, width = self._all(), self.size.height, self.size.width
        first = max(len(lines) - height - self._from_end, 0)
        number = first + y
        variables = self.app.theme_variables
        plain = Style(color=variables["foreground"][:7], bgcolor=variables["background"][:7])
        if not lines and y == 0:
            return Strip([Segment(fit(_(self._empty), width), plain + Style(italic=True))], width)
        if number >= len(lines):
            return Strip([Segment(" " * width, plain)], width)
        text = fit(one_line(lines[number]), width)
        style = plain
        if lines[number].startswith(SENT):
            style = plain + Style(bold=True, color=variables["primary"][:7])
        at = text.casefold().find(self._needle.casefold()) if self._needle else -1
        if at < 0:
            return Strip([Segment(text, style)], width)
        end = at + len(self._needle)
        marked = style + Style(reverse=True, bold=number == self._found)
        return Strip([Segment(text[:at], style), Segment(text[at:end], marked), Segment(text[end:], style)], width)

    def _all(self) -> list[str]:
        return [*self._lines, self._open] if self._open else list(self._lines)

    def _most(self) -> int:
        return max(0, self.count - self.size.height)
