"""A value as large as a terminal shows it: digits three lines high, and its unit beside them."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Digits, Static


class Reading(Horizontal):
    """Shows texts such as ``3.2981 V``; one without a unit (``OL``) is shown as it is."""

    DEFAULT_CSS = """
    Reading { height: 3; width: 100%; padding: 0 2; color: $text-primary; text-style: bold; }
    Reading Digits { width: auto; height: 3; }
    Reading Static { width: auto; height: 3; padding: 2 1 0 1; }
    """

    _unit = ""

    def compose(self) -> ComposeResult:
        """Lay out number and unit."""
        yield Digits("")
        yield Static("", markup=False)

    def update(self, text: str) -> None:
        """Show another value."""
        number, _space, unit = text.partition(" ")
        self.query_one(Digits).update(number)
        if unit != self._unit:
            self._unit = unit
            self.query_one(Static).update(unit)
