"""A field of cells that is drawn anew many times a second: lines of text pieces with the names of their styles."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.scope_plot import Line


class Plot(Widget):
    """Shows lines; ``colours`` maps names of styles to theme variables (``primary``, ``text-muted``)."""

    DEFAULT_CSS = "Plot { height: 1fr; min-height: 4; }"

    class Sized(Message):
        """There is more or less room now."""

    class Pointed(Message):
        """A cell was clicked."""

        def __init__(self, column: int, line: int) -> None:
            super().__init__()
            self.column = column
            self.line = line

    def __init__(self, colours: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._colours = dict(colours)
        self._lines: Sequence[Line] = ()
        self._styles: dict[str, Style] = {}
        self._theme = ""

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, from the top."""
        self._lines = lines
        self.refresh()

    def on_resize(self) -> None:
        """Tell the screen, which knows what to draw."""
        self.post_message(self.Sized())

    def on_click(self, event: events.Click) -> None:
        """Tell the screen where."""
        self.post_message(self.Pointed(event.x, event.y))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        if self._theme != self.app.theme:
            self._theme, self._styles = self.app.theme, {}
        width = self.size.width
        if y >= len(self._lines):
            return Strip([Segment(" " * width, self._style(""))], width)
        segments = [Segment(text, self._style(name)) for text, name in self._lines[y]]
        return Strip(segments).adjust_cell_length(width, self._style(""))

    def _style(self, name: str) -> Style:
        """Return the style of a name, made once a theme; ``#rrggbb#rrggbb`` is a foreground on a background."""
        if name not in self._styles:
            if name.startswith("#"):
                foreground, background = name[:7], name[7:]
                self._styles[name] = Style(color=foreground, bgcolor=background or None)
            else:
                variables = self.app.theme_variables
                wanted = self._colours.get(name, "foreground")
                colour = variables.get(wanted, variables["foreground"]).split()[0]
                if not colour.startswith("#"):
                    colour = variables["foreground"]
                self._styles[name] = Style(color=colour[:7], bgcolor=variables["background"][:7], bold=name == "bad")
        return self._styles[name]
