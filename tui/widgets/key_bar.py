"""The lower edge: what the function keys do here and now. Every entry can be clicked."""

from collections.abc import Callable, Iterable, Sequence

from textual import events
from textual.content import Content
from textual.widgets import Static

from tui.i18n import _, language
from tui.keys import GLOBAL_KEYS, Key

WIDE = 120
"""From so many cells on there is room for the keys that are used less."""


class KeyBar(Static):
    """Two lines: the keys of the screen, and those that are the same everywhere. What does not fit is in the help."""

    DEFAULT_CSS = "KeyBar { height: 2; background: $surface; padding: 0 1; }"

    def __init__(self, keys: Sequence[Key], offers: Callable[[str], bool] = lambda _action: True) -> None:
        """``offers`` says whether an action can be done now; what cannot is not shown."""
        super().__init__("", id="keys")
        self._keys = tuple(keys)
        self._offers = offers
        self._drawn: tuple[object, ...] = ()
        self._places: list[tuple[int, int, int, str]] = []
        """Line, first column and end of each entry, and its action."""

    def on_mount(self) -> None:
        """Draw."""
        self.localise()

    def on_resize(self) -> None:
        """Draw what fits."""
        self.localise()

    def localise(self) -> None:
        """Draw in the language of the moment what can be done at the moment."""
        width = max(self.size.width - 2, 20)
        here = tuple(key for key in self._keys if self._offers(key.action))
        drawn = (here, width, language())
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._places.clear()
        wide = width > WIDE
        lines = (
            _in_order(here, (lambda key: key.key.startswith("ctrl+")) if wide else None),
            _in_order(GLOBAL_KEYS, (lambda _key: True) if wide else None),
        )
        self.update(Content("\n").join([self._line(number, keys, width) for number, keys in enumerate(lines)]))

    def _line(self, number: int, keys: Iterable[Key], width: int) -> Content:
        parts: list[Content] = []
        column = 0
        for key in keys:
            part = Content.assemble((key.cap, "bold $text-accent"), (f" {_(key.label)}", ""))
            if column + part.cell_length > width:
                break
            self._places.append((number, column, column + part.cell_length, key.action))
            parts.append(part)
            column += part.cell_length + 2
        return Content("  ").join(parts)

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for line, first, end, action in self._places:
            if event.y == line and first <= event.x - 1 < end:
                await self.app.run_action(action, self.screen)


def _in_order(keys: Sequence[Key], too: Callable[[Key], bool] | None) -> list[Key]:
    """Return the keys of the bar, then those of the others that are wanted ``too``."""
    first = [key for key in keys if key.in_bar]
    return first + [key for key in keys if not key.in_bar and too is not None and too(key)]
