"""Everything about a ticket that the hub tells: intake, approval and plan, deadlines, history, knowledge, files."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from tui import dossier_words
from tui.bench_state import Topic
from tui.i18n import N_
from tui.keys import Key, bindings
from tui.screens.base import BenchScreen
from tui.widgets.said import Said


class DossierScreen(BenchScreen):
    """One long page; the arrow keys scroll it."""

    TITLE_ID = N_("All about the ticket")
    KEYS = (
        Key("enter", "back", N_("Back"), N_("Go back to the ticket."), in_bar=False),
        Key("escape", "back", N_("Back"), N_("Go back to the ticket.")),
        Key("up", "scroll_page(-1)", N_("Up"), N_("One line up."), in_bar=False),
        Key("down", "scroll_page(1)", N_("Down"), N_("One line down."), in_bar=False),
        Key("pageup", "scroll_page(-10)", N_("Page up"), N_("Ten lines up."), in_bar=False),
        Key("pagedown", "scroll_page(10)", N_("Page down"), N_("Ten lines down."), in_bar=False),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, ticket: str) -> None:
        super().__init__()
        self.ticket = ticket

    def body(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="panel", can_focus=False):
            yield Said(self._page, id="panel-text")

    def draw(self, changed: set[Topic]) -> None:
        """Show what is known now."""
        if changed & {"worklist", "connection", "run"}:
            self.query_one("#panel-text", Said).localise()

    def on_resize(self) -> None:
        """Draw as wide as there is room."""
        self.call_after_refresh(self.query_one("#panel-text", Said).localise)

    def entered(self, text: str) -> None:
        """Enter alone goes back."""
        if text:
            self.bench_app.scan(text)
        else:
            self.action_back()

    def action_scroll_page(self, lines: int) -> None:
        """Scroll."""
        self.query_one("#panel").scroll_relative(y=lines, animate=False)

    def _page(self) -> Content:
        view = self.bench.ticket(self.ticket)
        run = self.bench.run
        mine = run if run is not None and run.ticket == self.ticket else None
        return dossier_words.page(view, mine, self.bench_app.now(), self.bench.cause)
