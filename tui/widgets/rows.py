"""A list of rows in columns with a cursor. It counts in cells, so Chinese and English columns align."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.formatting import fit, one_line
from tui.i18n import _

Cell: TypeAlias = "str | tuple[str, str]"
"""Text, or text with its style (``$text-error``)."""


@dataclass(frozen=True, slots=True)
class Column:
    """``title`` is a message id; ``width`` in cells, 0 shares what is left; shown from ``from_width`` of the list."""

    title: str
    width: int = 0
    from_width: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A line; the cursor follows its ``key`` when the rows change."""

    key: str
    cells: tuple[Cell, ...]


class Rows(Widget):
    """Shows rows and a cursor; keys belong to the screen, which calls ``move``. Clicks and the wheel work."""

    DEFAULT_CSS = "Rows { height: 1fr; min-height: 3; }"
    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """A row was clicked that already had the cursor."""

        def __init__(self, rows: "Rows", key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> "Rows":
            """The list."""
            return self.rows

    class Moved(Message):
        """The cursor stands on another row."""

    def __init__(self, *columns: Column, empty: str = "", id: str | None = None) -> None:
        """``empty`` is the message id of what is said when there are no rows."""
        super().__init__(id=id)
        self._columns = columns
        self._empty = empty
        self._rows: tuple[Row, ...] = ()
        self._watched: str | None = None

    @property
    def key(self) -> str | None:
        """The row under the cursor."""
        return self._rows[self.cursor].key if self._rows else None

    def show(self, rows: Sequence[Row], *, empty: str | None = None, watch: str | None = None) -> None:
        """Show these rows; the cursor stays on the row that it was on.

        While the cursor is on the first row, the row ``watch`` is kept in sight.
        """
        self._watched = watch
        if empty is not None:
            self._empty = empty
        key, self._rows = self.key, tuple(rows)
        where = next((index for index, row in enumerate(self._rows) if row.key == key), None)
        self.cursor = min(self.cursor, max(0, len(self._rows) - 1)) if where is None else where
        self.refresh()

    def move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(0, len(self._rows) - 1))

    def move_to(self, key: str) -> None:
        """Put the cursor on a row."""
        self.cursor = next((index for index, row in enumerate(self._rows) if row.key == key), self.cursor)

    def localise(self) -> None:
        """Draw again in the language of the moment."""
        self.refresh()

    def watch_cursor(self) -> None:
        """Tell the screen."""
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to a row; choose the one that it is on."""
        index = self._top() + event.y - 1
        if event.y < 1 or index >= len(self._rows):
            return
        if index == self.cursor:
            self.post_message(self.Chosen(self, self._rows[index].key))
        self.cursor = index

    def on_mouse_scroll_down(self) -> None:
        """Go down."""
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        """Go up."""
        self.move(-1)

    def render(self) -> Content:
        """Draw the heading and the rows around the cursor."""
        width = self.size.width
        shown = [(index, column) for index, column in enumerate(self._columns) if column.from_width <= width]
        fixed = sum(column.width for _index, column in shown) + 2 * (len(shown) - 1)
        shares = sum(1 for _index, column in shown if column.width == 0)
        share = max((width - fixed) // max(shares, 1), 4)
        widths = [(index, column.width or share) for index, column in shown]
        heading = "  ".join(fit(_(self._columns[index].title), cells) for index, cells in widths)
        lines = [Content.styled(fit(heading, width), "$text-muted bold")]
        if not self._rows:
            lines += [Content(""), Content.styled(_(self._empty) if self._empty else "", "$text-muted")]
        top = self._top()
        for number, row in enumerate(self._rows[top : top + self._page()], top):
            lines.append(self._line(row, widths, width, chosen=number == self.cursor))
        return Content("\n").join(lines)

    def _line(self, row: Row, widths: list[tuple[int, int]], width: int, *, chosen: bool) -> Content:
        parts: list[Content] = []
        for index, cells in widths:
            cell = row.cells[index]
            text, style = (cell, "") if isinstance(cell, str) else cell
            parts.append(Content.styled(fit(one_line(text), cells), "" if chosen else style))
        line = Content("  ").join(parts)
        line = line.pad_right(max(0, width - line.cell_length))
        return line.stylize("$block-cursor-foreground on $block-cursor-background bold") if chosen else line

    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def _top(self) -> int:
        """Return the first row on the screen: the page in which the cursor is near the middle."""
        middle = self.cursor
        if middle == 0 and self._watched is not None:
            middle = next((index for index, row in enumerate(self._rows) if row.key == self._watched), 0)
        return min(max(0, middle - self._page() // 2), max(0, len(self._rows) - self._page()))
