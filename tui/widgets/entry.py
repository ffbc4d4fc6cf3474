"""The line that everything printable goes to: what a scanner types, and what a person types."""

from textual.message import Message
from textual.widgets import Input

from tui.i18n import N_, _

_FOR_SCREEN = {
    *("cursor_left", "cursor_right", "home", "end", "cursor_left_word", "cursor_right_word"),
    *("delete_left_word", "delete_right", "delete_left_all", "delete_right_all"),
}
"""What only an entry with something in it has a use for: the same keys may be the screen's."""


class Entry(Input):
    """Holds the focus of its screen. While it is empty, the keys that edit are the screen's."""

    DEFAULT_CSS = """
    Entry { height: 1; border: none; padding: 0 1; background: $panel; }
    Entry:focus { border: none; background: $panel; }
    """
    SCAN = N_("Scan or type a ticket or a serial number, then ⏎")

    class Given(Message):
        """Enter was pressed; ``text`` is what stood there, without spaces around it."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="entry", max_length=1000, select_on_focus=False)
        self._hint = self.SCAN

    def on_mount(self) -> None:
        """Say what can be entered."""
        self.localise()

    def hint(self, message: str | None = None) -> None:
        """Say (a message id) what can be entered now; without one, that a code can be scanned."""
        self._hint = message or self.SCAN
        self.localise()

    def localise(self) -> None:
        """Say it in the language of the moment."""
        self.placeholder = _(self._hint)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that move or delete to the screen while there is nothing to do it to."""
        if action in _FOR_SCREEN and not self.value:
            return False
        return super().check_action(action, parameters)

    async def action_submit(self) -> None:
        """Give away what stands here."""
        text, self.value = self.value.strip(), ""
        self.post_message(self.Given(text))
