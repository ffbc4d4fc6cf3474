"""What every key of a screen does, from the same tables that make the keys work."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from tui.formatting import fit, hanging
from tui.i18n import _
from tui.keys import GLOBAL_KEYS, Key
from tui.screens.dialog import Dialog
from tui.widgets.notice import Notice
from tui.widgets.said import Said

WIDTH = 90
"""As the dialog in the style sheet."""


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
            yield Said(lambda: _lines(self._keys, self._width))
            yield Said(lambda: Content.styled("\n" + _("Everywhere"), "bold"))
            yield Said(lambda: _lines(GLOBAL_KEYS, self._width))
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

    @property
    def _width(self) -> int:
        """Cells that a line of the list has."""
        return max(min(self.app.size.width * 96 // 100, WIDTH) - 8, 20)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.localise()

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


def _lines(keys: Sequence[Key], width: int) -> Content:
    lines = []
    for key in keys:
        cap = fit(key.cap, 6) + "  "
        first, *others = hanging(_(key.help), width, cap)
        lines += [first.stylize("bold $text-accent", 0, len(cap)), *others]
    return Content("\n").join(lines)
