"""Text that follows the language."""

from collections.abc import Callable

from textual.content import Content
from textual.widgets import Static

from tui.i18n import _


class Said(Static):
    """A line of the catalogue, or what a function makes of the language of the moment."""

    def __init__(
        self,
        words: "str | Callable[[], Content | str]",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__("", markup=False, id=id, classes=classes)
        self._words = words

    def on_mount(self) -> None:
        """Say it."""
        self.localise()

    def say(self, words: "str | Callable[[], Content | str]") -> None:
        """Say something else."""
        self._words = words
        self.localise()

    def localise(self) -> None:
        """Say it in the language of the moment."""
        self.update(self._words() if callable(self._words) else _(self._words))
