"""A question before something that cannot be undone. The answer that the cursor is on at first is no."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from tui.i18n import _
from tui.screens.base import localise
from tui.screens.dialog import Dialog
from tui.widgets.notice import Notice
from tui.widgets.said import Said


class ConfirmDialog(Dialog[bool]):
    """Returns whether it is wanted."""

    AUTO_FOCUS = "#no"
    refusal = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("enter", "enter", show=False, priority=True),
        Binding("ctrl+l", "app.language", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, consequence: str, yes: str, *, about: str = "") -> None:
        """All but ``about`` are message ids: what is asked, what follows from it, and the words on the button.

        ``about`` names what it is asked about and is shown as it is.
        """
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._yes = yes
        self._about = about

    def compose(self) -> ComposeResult:
        """Lay out question, consequence and answers."""
        with Vertical(classes="dialog"):
            yield Said(self._asked, classes="dialog-title")
            yield Said(self._consequence, classes="consequence")
            with Horizontal(classes="buttons"):
                yield Button(_("No"), id="no")
                yield Button(_(self._yes), id="yes", variant="error")
            yield Notice()
            yield Said(lambda: _("← → choose   ⏎ confirm   Esc leave"), classes="hint")

    def _asked(self) -> str:
        return f"{_(self._question)}  {self._about}".rstrip()

    def localise(self) -> None:
        """Draw in the language of the moment."""
        localise(widget for widget in self.query("*") if widget is not self)
        self.query_one("#no", Button).label = _("No")
        self.query_one("#yes", Button).label = _(self._yes)

    def action_enter(self) -> None:
        """Give the answer that the cursor is on, unless a scanner pressed Enter."""
        if not self.scanned() and isinstance(self.focused, Button):
            self.focused.press()

    @on(Button.Pressed, "#yes")
    def action_yes(self) -> None:
        """It is wanted."""
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        """It is not."""
        self.dismiss(False)
