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
        self._said = Content("")

    def on_mount(self) -> None:
        """Say it."""
        self.localise()

    def say(self, words: "str | Callable[[], Content | str]") -> None:
        """Say something else."""
        self._words = words
        self.localise()

    def localise(self) -> None:
        """Say it in the language of the moment; laid out anew only when it needs another number of lines."""
        words = self._words() if callable(self._words) else _(self._words)
        said = words if isinstance(words, Content) else Content(words)
        if said.is_same(self._said):
            return
        lines = self._lines(said)
        self.update(said, layout=not lines or lines != self._lines(self._said))
        self._said = said

    def _lines(self, said: Content) -> int:
        """Return the number of lines, 0 where words have to be wrapped."""
        width, lines = self.content_size.width, said.split("\n", allow_blank=True)
        return 0 if any(line.cell_length > width for line in lines) else len(lines)
