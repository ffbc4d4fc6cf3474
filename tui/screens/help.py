"""What every key of a screen does, from the same tables that make the keys work."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from tui.formatting import fit
from tui.i18n import _
from tui.keys import GLOBAL_KEYS, Key
from tui.screens.dialog import Dialog
from tui.widgets.notice import Notice
from tui.widgets.said import Said


class HelpDialog(Dialog[None]):
    """Any of Escape, Enter and F1 leaves it."""

    refusal = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "leave", show=False),
        Binding("enter", "enter", show=False),
        Binding("ctrl+l", "app.language", show=False),
    ]

    def __init__(self, title: str, keys: Sequence[Key]) -> None:
        """``title`` is the message id of the screen's name."""
        super().__init__()
        self._title = title
        self._keys = tuple(keys)

    def compose(self) -> ComposeResult:
        """Lay out two lists: this screen's keys and those of all."""
        with VerticalScroll(classes="dialog tall wide"):
            yield Said(lambda: _("Keys: {screen}").format(screen=_(self._title)), classes="dialog-title")
            yield Said(lambda: _lines(self._keys))
            yield Said(lambda: Content.styled("\n" + _("Everywhere"), "bold"))
            yield Said(lambda: _lines(GLOBAL_KEYS))
            yield Said(
                lambda: (
                    "\n"
                    + _(
                        "Scan a ticket or a serial number on any screen to open it; "
                        "whatever is typed goes to the entry line."
                    )
                )
            )
            yield Notice()

    def action_enter(self) -> None:
        """Leave, or open what was scanned."""
        if not self.scanned():
            self.dismiss(None)

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(None)

    def localise(self) -> None:
        """Draw in the language of the moment."""
        for said in self.query(Said):
            said.localise()


def _lines(keys: Sequence[Key]) -> Content:
    return Content("\n").join(
        [Content.assemble((fit(key.cap, 6), "bold $accent"), ("  " + _(key.help), "")) for key in keys]
    )
