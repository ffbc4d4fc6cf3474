"""Keys as data: the key bar, the help and the command palette are all drawn from the same tables.

A scanner types, so no printable character is ever a command: commands are on function keys and Ctrl combinations,
and whatever is printable goes to the entry line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from tui.i18n import N_


@dataclass(frozen=True, slots=True)
class Key:
    """A command and the key that gives it. ``label`` is for the bar, ``help`` a sentence; both message ids."""

    key: str
    action: str
    label: str
    help: str
    in_bar: bool = True

    @property
    def cap(self) -> str:
        """The name as it is printed on the key (of several, the first)."""
        first = self.key.partition(",")[0]
        control, base = ("^", first.removeprefix("ctrl+")) if first.startswith("ctrl+") else ("", first)
        return control + (_CAPS.get(base) or base.upper())


_CAPS = {
    "enter": "⏎",
    "escape": "Esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "space": "␣",
}


def bindings(keys: Sequence[Key]) -> list[BindingType]:
    """Return what Textual wants to know of ``keys``."""
    return [Binding(key.key, key.action, key.label, show=False) for key in keys]


GLOBAL_KEYS = (
    Key("f1", "app.help", N_("Help"), N_("Show what every key of this screen does.")),
    Key("f2", "app.worklist", N_("Tickets"), N_("Go to the worklist.")),
    Key("f3", "app.run", N_("Run"), N_("Go to the test run in progress, or to the last one.")),
    Key("f4", "app.instruments", N_("Instruments"), N_("Go to the instruments of this bench.")),
    Key("ctrl+l", "app.language", N_("Language"), N_("Change the language: 中文 / English."), in_bar=False),
    Key("ctrl+t", "app.theme", N_("Colours"), N_("Change the colours: dark, light, high contrast."), in_bar=False),
    Key("ctrl+p", "app.command_palette", N_("Commands"), N_("Search every command by its name."), in_bar=False),
    Key("ctrl+q", "app.quit", N_("Quit"), N_("Leave the bench. A test run goes on without the screen."), in_bar=False),
)
LIST_KEYS = (
    Key("up", "move(-1)", N_("Up"), N_("One line up."), in_bar=False),
    Key("down", "move(1)", N_("Down"), N_("One line down."), in_bar=False),
    Key("pageup", "move(-10)", N_("Page up"), N_("Ten lines up."), in_bar=False),
    Key("pagedown", "move(10)", N_("Page down"), N_("Ten lines down."), in_bar=False),
)
