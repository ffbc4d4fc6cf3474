"""A field of cells that is drawn anew many times a second: lines of text pieces with the names of their styles."""

from collections.abc import Iterator, Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.scope_plot import Line


class Plot(Widget):
    """Shows lines; ``colours`` maps names of styles to theme variables (``primary``, ``text-muted``).

    Every character of a line takes one cell. Only lines that have changed are drawn again.
    """

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
        self._strips: dict[int, Strip] = {}
        self._made_for = ("", 0)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, from the top."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self._strips.clear()
            self.refresh()
            return
        for first, count in _changed(before, lines):
            for number in range(first, first + count):
                self._strips.pop(number, None)
            self.refresh(Region(0, first, self.size.width, count))

    def on_resize(self) -> None:
        """Tell the screen, which knows what to draw."""
        self.post_message(self.Sized())

    def on_click(self, event: events.Click) -> None:
        """Tell the screen where."""
        self.post_message(self.Pointed(event.x, event.y))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines within ``crop``, those that have not changed as they were.

        It stands in for Textual's cache of styled lines, which costs as much as drawing them; therefore a plot has no
        border, no padding and no opacity.
        """
        made_for = (self.app.theme, self.size.width)
        if self._made_for != made_for:
            self._made_for = made_for
            self._styles.clear()
            self._strips.clear()
        strips = [self._strip(y) for y in range(crop.y, crop.bottom)]
        if (crop.x, crop.right) != (0, self.size.width):
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _strip(self, y: int) -> Strip:
        """Return one line."""
        strip = self._strips.get(y)
        if strip is None:
            width = self.size.width
            line = self._lines[y] if y < len(self._lines) else []
            segments = [Segment(text, self._style(name)) for text, name in line]
            strip = Strip(segments, sum(len(text) for text, _name in line))
            if strip.cell_length != width:
                strip = strip.adjust_cell_length(width, self._style(""))
            for colours in self.get_line_filters():
                if not isinstance(colours, ANSIToTruecolor):  # there are no other colours than true ones here
                    strip = strip.apply_filter(colours, self.background_colors[1])
            self._strips[y] = strip
        return strip

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


def _changed(before: Sequence[Line], after: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Yield first line and number of lines of each block that is not what it was."""
    first: int | None = None
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is not new and old != new:
            first = number if first is None else first
        elif first is not None:
            yield first, number - first
            first = None
    if first is not None:
        yield first, len(after) - first
