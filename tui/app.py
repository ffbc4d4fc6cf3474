"""The application: one connection, one picture of the bench, and the screens that show it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen

from edge_agent.local_api.requests import RecordTicketEvent
from edge_agent.local_api.views import TicketView
from tui import i18n
from tui.agent_link import AgentLink
from tui.bench_state import BenchState, Topic
from tui.formatting import clock
from tui.heard import heard
from tui.i18n import N_, Language, _
from tui.keys import GLOBAL_KEYS, bindings
from tui.palette import BenchCommands
from tui.screens.base import BenchScreen
from tui.screens.choose import ChooseDialog
from tui.screens.dialog import settled
from tui.screens.help import HelpDialog
from tui.screens.ticket_actions import deed
from tui.screens.worklist import WorklistScreen
from tui.standing import hand_over_of
from tui.themes import THEMES
from tui.widgets.notice import Notice
from tui.widgets.rows import Column, Row
from tui.words import STATES, called


class BenchApp(App[None]):
    """Runs on the agent's ``socket`` (found by itself for one bench) for the ``operator`` who sits there."""

    TITLE = "benchwright"
    CSS_PATH = "style.tcss"
    COMMANDS: ClassVar[set[Any]] = {BenchCommands}
    BINDINGS: ClassVar[list[BindingType]] = bindings(GLOBAL_KEYS)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        socket: Path | None = None,
        *,
        language: Language = "en",
        operator: str | None = None,
        theme: str = "dark",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.now = now
        i18n.use(language)
        self.bench = BenchState()
        self.link = AgentLink(socket, self.bench, self._bench_changed)
        self.operator = operator
        self._scanned_early: str | None = None
        self._first_theme = theme

    def get_default_screen(self) -> Screen[Any]:
        """Begin with the worklist."""
        return WorklistScreen()

    def on_mount(self) -> None:
        """Connect, and go on trying as long as the application runs."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._first_theme
        self.run_worker(self.link.run(), name="link")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Offer none but our own, which speak both languages."""
        return ()

    async def on_event(self, event: events.Event) -> None:
        """Let a key on a dialog wait for the characters before it."""
        command = isinstance(event, events.Key) and not (event.is_forwarded or event.is_printable)
        if command and isinstance(self.screen, ModalScreen):
            await settled(self.screen)
        await super().on_event(event)

    # -- what happens on the bench -----------------------------------------------------------------------------------

    def _bench_changed(self, changed: set[Topic]) -> None:
        """Let the screens that are shown draw what is new."""
        for screen in self.screen_stack:
            if isinstance(screen, BenchScreen) and (screen.is_current or screen in self._background_screens):
                screen.bench_changed(changed)
        if self._scanned_early is not None and self.bench.worklist is not None:
            code, self._scanned_early = self._scanned_early, None
            if len(self.screen_stack) == 1:
                self.scan(code)

    async def record(self, ticket: str, action: str, note: str = "", details: dict[str, Any] | None = None) -> None:
        """Keep what the technician did on a ticket; it is durable on the bench when this returns.

        Raises ``AgentError``: then nothing is known to be kept, and the caller gives the words back.
        """
        await self.link.request(
            RecordTicketEvent(
                ticket=ticket, action=action, operator=self.operator, note=note or None, details=details or {}
            )
        )
        self.link.ask("worklist")

    # -- where to go ---------------------------------------------------------------------------------------------------

    def show(self, screen: BenchScreen) -> None:
        """Show a screen on top of the worklist, in the place of what was there."""
        self.home()
        self.push_screen(screen)

    def home(self) -> None:
        """Go back to the worklist."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def scan(self, code: str) -> None:
        """Open the ticket that a code means; say so on the present screen when there is none.

        What is scanned before the agent has told its worklist is looked up when it has, if nothing else is shown then.
        """
        found = self.bench.scanned(code)
        if len(found) > 1:
            self._choose_ticket(found)
        elif found:
            self.open_ticket(found[0].item.ticket)
        elif isinstance(screen := self.screen, BenchScreen):
            if self.bench.worklist is None and self.bench.fault:
                screen.notice.say(heard(self.bench.fault))
                return
            if self.bench.worklist is None:
                self._scanned_early = code
                screen.notice.say(
                    _("“{code}” is looked up as soon as the worklist is known.").format(code=code), "info"
                )
                return
            screen.notice.say(
                _("No ticket of this bench has the number or serial “{code}”; assign one to it at the hub.").format(
                    code=code
                )
            )

    def open_ticket(self, ticket: str) -> None:
        """Show a ticket of the worklist."""
        from tui.screens.ticket import TicketScreen

        if not (isinstance(self.screen, TicketScreen) and self.screen.ticket == ticket):
            self.show(TicketScreen(ticket))

    @work
    async def _choose_ticket(self, found: tuple[TicketView, ...]) -> None:
        rows = [Row(one.item.ticket, (one.item.ticket, self._standing(one), one.item.symptom)) for one in found]
        columns = (Column(N_("Ticket"), 14), Column(N_("State"), 22), Column(N_("Symptom")))
        if chosen := await self.push_screen_wait(ChooseDialog(N_("Several tickets have this serial"), rows, columns)):
            self.open_ticket(chosen)

    def _standing(self, view: TicketView) -> str:
        """Return how a ticket stands; of one that has left this bench's worklist, when its device was handed over."""
        event = hand_over_of(view)
        if event is None:
            return called(STATES, view.item.state)
        return f"{deed(event)} {clock(event.at, self.now())}"

    # -- keys that work everywhere -----------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys of this screen."""
        if isinstance(screen := self.screen, BenchScreen):
            self.push_screen(HelpDialog(screen.TITLE_ID, screen.KEYS))

    def action_help_quit(self) -> None:
        """Say how one leaves (Ctrl+C leaves other programs), where this screen says things."""
        for notice in self.screen.query(Notice):
            notice.say(_("Ctrl+Q leaves the bench; a test run goes on without the screen."), "info")

    def action_worklist(self) -> None:
        """Go to the worklist."""
        self.home()

    def action_run(self) -> None:
        """Go to the run in progress or the last one."""
        from tui.screens.run import RunScreen

        if not isinstance(self.screen, RunScreen):
            self.show(RunScreen())

    def action_instruments(self) -> None:
        """Go to the instruments."""
        from tui.screens.instruments import InstrumentsScreen

        if not isinstance(self.screen, InstrumentsScreen):
            self.show(InstrumentsScreen())

    def action_language(self) -> None:
        """Take the next language."""
        self.action_choose_language(i18n.next_language())

    def action_choose_language(self, language: Language) -> None:
        """Speak ``language``; what has been typed stays."""
        i18n.use(language)
        for screen in self.screen_stack:
            if callable(again := getattr(screen, "localise", None)):
                again()

    def action_theme(self) -> None:
        """Take the next colours."""
        names = [theme.name for theme in THEMES]
        self.action_choose_theme(names[(names.index(self.theme) + 1) % len(names)])

    def action_choose_theme(self, name: str) -> None:
        """Take the colours called ``name``."""
        self.theme = name

    def action_command_palette(self) -> None:
        """Search the commands."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=_("Search for a command …"), id="--command-palette"))
