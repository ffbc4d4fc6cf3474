"""A dialog with a list of which one is chosen."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.i18n import N_, _
from tui.screens.base import localise
from tui.widgets.rows import Column, Row, Rows
from tui.widgets.said import Said


class ChooseDialog(ModalScreen[str | None]):
    """Returns the key of the chosen row, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter", "choose", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("ctrl+l", "app.language", show=False),
    ]

    def __init__(self, title: str, rows: Sequence[Row], columns: Sequence[Column] = (), *, at: str = "") -> None:
        """``title`` is a message id; the cursor begins on the row ``at``."""
        super().__init__()
        self._title = title
        self._rows = tuple(rows)
        self._columns = tuple(columns) or (Column(N_("Name")),)
        self._at = at

    def compose(self) -> ComposeResult:
        """Lay out title and list."""
        with Vertical(classes="dialog tall"):
            yield Said(self._title, classes="dialog-title")
            yield Rows(*self._columns, empty=N_("There is nothing to choose from."))
            yield Said(lambda: _("↑ ↓ choose   ⏎ take   Esc leave"), classes="hint")

    def on_mount(self) -> None:
        """Show the rows."""
        rows = self.query_one(Rows)
        rows.show(self._rows)
        rows.move_to(self._at)

    def localise(self) -> None:
        """Draw in the language of the moment."""
        localise(widget for widget in self.query("*") if widget is not self)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(Rows).move(by)

    @on(Rows.Chosen)
    def action_choose(self) -> None:
        """Give back the row under the cursor."""
        self.dismiss(self.query_one(Rows).key)

    def action_leave(self) -> None:
        """Give back nothing."""
        self.dismiss(None)
