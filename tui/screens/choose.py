"""A dialog with a list of which one is chosen; what is typed narrows the list."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.formatting import like_a_code, one_line
from tui.i18n import N_, _
from tui.screens.base import localise
from tui.widgets.notice import Notice
from tui.widgets.rows import Column, Row, Rows
from tui.widgets.said import Said

if TYPE_CHECKING:
    from tui.app import BenchApp


class ChooseDialog(ModalScreen[str | None]):
    """Returns the key of the chosen row, or ``None``. A scanned ticket that is not in the list is opened instead."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("ctrl+l", "app.language", show=False),
    ]

    def __init__(
        self,
        title: str,
        rows: Sequence[Row],
        columns: Sequence[Column] = (),
        *,
        at: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        """``title`` is a message id; the cursor begins on the row ``at``.

        ``details`` has by its key what there is to say of a row and has no room in it; it stands below the list.
        """
        super().__init__()
        self._title = title
        self._rows = tuple(rows)
        self._columns = tuple(columns) or (Column(N_("Name")),)
        self._at = at
        self._details = details or {}
        self._pointed = False
        """Whether the cursor was moved since something was typed."""

    def compose(self) -> ComposeResult:
        """Lay out title, what narrows the list, and the list."""
        with Vertical(classes="dialog tall"):
            yield Said(self._title, classes="dialog-title")
            yield Input(max_length=200, select_on_focus=False)
            yield Rows(*self._columns, empty=N_("There is nothing to choose from."))
            yield Said(self._detail, classes="chosen")
            yield Notice()
            yield Said(lambda: _("↑ ↓ choose   type to search   ⏎ take   Esc leave"), classes="hint")

    def on_mount(self) -> None:
        """Show the rows."""
        self.localise()
        rows = self.query_one(Rows)
        rows.show(self._rows)
        rows.move_to(self._at)
        self._show_detail()

    def localise(self) -> None:
        """Draw in the language of the moment."""
        localise(widget for widget in self.query("*") if widget is not self)
        self.query_one(Input).placeholder = _("Type to search")

    def _detail(self) -> str:
        return self._details.get(self.query_one(Rows).key or "", "")

    @on(Rows.Moved)
    def _show_detail(self) -> None:
        """Say what there is to say of the row under the cursor."""
        said = self.query_one(".chosen", Said)
        said.display = bool(self._detail())
        said.localise()

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        """Show the rows in which every word stands."""
        event.stop()
        self._pointed = False
        words = event.value.casefold().split()
        found = [row for row in self._rows if all(word in _text(row) for word in words)]
        self.query_one(Rows).show(found, empty=N_("Nothing in the list has these words.") if words else None)
        self._show_detail()
        if words:
            self.query_one(Notice).clear()

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._pointed = True
        self.query_one(Rows).move(by)

    @on(Rows.Chosen)
    def _take_clicked(self, event: Rows.Chosen) -> None:
        """Give back the row that was clicked."""
        self.dismiss(event.key)

    @on(Input.Submitted)
    def _take(self) -> None:
        """Give back the row under the cursor; open a ticket that was scanned; else say that nothing fits.

        A code takes the row in which it stands whole, never one of which it is a part.
        """
        shown, typed = self.query_one(Rows).key, self.query_one(Input).value.strip()
        app = cast("BenchApp", self.app)
        chosen = shown
        if like_a_code(typed) and not self._pointed:
            whole = [row.key for row in self._rows if typed.casefold() in _cells(row)]
            chosen = whole[0] if len(whole) == 1 else None
        if chosen is not None or not typed:
            self.dismiss(chosen)
        elif app.bench.scanned(typed):
            self.dismiss(None)
            app.call_later(app.scan, typed)
        elif shown is not None:
            words = _("“{text}” is only a part of what is shown: ↑ ↓ choose, ⏎ takes.")
            self.query_one(Notice).say(words.format(text=one_line(typed)))
        else:
            self.query_one(Input).value = ""
            self.query_one(Notice).say(_("“{text}” is not in the list.").format(text=typed))

    def action_leave(self) -> None:
        """Give back nothing."""
        self.dismiss(None)


def _text(row: Row) -> str:
    return " ".join(_cells(row))


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(
        cell.strip().casefold() for cell in (row.key, *(one if isinstance(one, str) else one[0] for one in row.cells))
    )
