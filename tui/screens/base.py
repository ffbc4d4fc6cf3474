"""What all full screens have in common: status above; notice, entry line and keys below; a body between."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from tui.bench_state import TOPICS, BenchState, Topic
from tui.heard import heard
from tui.i18n import _
from tui.keys import Key
from tui.widgets.entry import Entry
from tui.widgets.key_bar import KeyBar
from tui.widgets.notice import Notice
from tui.widgets.rows import Rows
from tui.widgets.status_bar import STATUS_TOPICS, StatusBar

if TYPE_CHECKING:
    from tui.app import BenchApp


def localise(widgets: Iterator[Widget]) -> None:
    """Let every widget that shows words show them in the language of the moment."""
    for widget in widgets:
        if callable(again := getattr(widget, "localise", None)):
            again()


class BenchScreen(Screen[None]):
    """A subclass gives ``TITLE_ID`` (message id), ``KEYS``, ``body`` and ``draw``."""

    TITLE_ID: ClassVar[str]
    KEYS: ClassVar[Sequence[Key]] = ()
    AUTO_FOCUS = "#entry"
    _composed = False

    @property
    def can_draw(self) -> bool:
        """Whether the widgets are there: not yet while the screen is being set up, no more once it has been left."""
        return self._composed and self in self.app.screen_stack and self._has_parts()

    def _has_parts(self) -> bool:
        there = {type(child) for child in self.children}
        return {StatusBar, Notice, Entry, KeyBar} <= there

    @property
    def bench_app(self) -> "BenchApp":
        """The application, by its own type."""
        return cast("BenchApp", self.app)

    @property
    def bench(self) -> BenchState:
        """What is known of the bench."""
        return self.bench_app.bench

    def compose(self) -> ComposeResult:
        """Lay out the common parts around the body."""
        yield StatusBar(self.bench, self.TITLE_ID, self.bench_app.now)
        yield from self.body()
        yield Notice()
        yield Entry()
        yield KeyBar(self.KEYS, self.offers)

    def body(self) -> ComposeResult:
        """Yield what is particular to this screen."""
        raise NotImplementedError

    def draw(self, changed: set[Topic]) -> None:
        """Draw what the bench is now; ``changed`` says what is new."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Draw for the first time.

        Textual calls the ``on_mount`` of every class of a screen by itself: one that called its parent's would do it
        twice.
        """
        self._composed = True
        self.draw_all()
        self.set_interval(1.0, self.tick)

    def tick(self) -> None:
        """Let the time go on, once a second: that for which the hub is away."""
        if self.can_draw:
            self.query_one(StatusBar).look()

    def on_screen_resume(self) -> None:
        """Draw what has changed behind another screen."""
        self.draw_all()

    def draw_all(self) -> None:
        """Draw everything anew."""
        self.bench_changed(set(TOPICS))

    def bench_changed(self, changed: set[Topic]) -> None:
        """Draw again; called by the application."""
        if not self.can_draw:
            return
        if changed & STATUS_TOPICS:
            self.query_one(StatusBar).look()
        if "connection" in changed:
            notice = self.query_one(Notice)
            if not self.bench.connected:
                fault = self.bench.fault
                notice.say(heard(fault or _("Connecting to the agent …")), "error" if fault else "info")
            elif notice.words == getattr(self, "_told", ""):
                notice.clear()
            self._told = notice.words if not self.bench.connected else ""
        self.draw(changed)
        self.show_keys()

    def show_keys(self) -> None:
        """Show below what can be done now."""
        self.query_one(KeyBar).localise()

    def offers(self, action: str) -> bool:  # noqa: ARG002
        """Return whether an action can be done now: the keys of the others are not shown below."""
        return True

    def localise(self) -> None:
        """Draw everything in the language of the moment."""
        localise(self.walk_children(Widget))  # type: ignore[arg-type]
        self.draw_all()

    @property
    def notice(self) -> Notice:
        """Where errors are said."""
        return self.query_one(Notice)

    @on(Entry.Given)
    def _entered(self, event: Entry.Given) -> None:
        event.stop()
        self.notice.clear()
        self.entered(event.text)

    def entered(self, text: str) -> None:
        """Take what was scanned or typed; by default it opens a ticket. Empty text is Enter alone."""
        if text:
            self.bench_app.scan(text)

    def on_click(self) -> None:
        """A click never takes the focus from the entry line."""
        self.query_one(Entry).focus()

    def action_back(self) -> None:
        """Go to the screen before; the first one stays."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()


class ListScreen(BenchScreen):
    """A screen around one list, whose cursor the arrow keys move."""

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one(Rows)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.rows.move(by)

    @on(Rows.Chosen)
    def _chosen(self) -> None:
        self.entered("")
