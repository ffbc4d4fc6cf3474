"""The test runs of a ticket's device on this bench, and all of one of them: from the bench itself, so also offline."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import GetRuns, GetRunState
from edge_agent.local_api.views import RunState, RunSummary
from tui.bench_state import Topic
from tui.heard import heard
from tui.i18n import N_, _, pick
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.base import ListScreen
from tui.screens.run import RunScreen
from tui.widgets.rows import Column, Row, Rows
from tui.words import OUTCOME_MARKS, OUTCOMES


class PastRunsScreen(ListScreen):
    """The runs on the device of ``ticket``, also for tickets before, the newest first; Enter shows one."""

    TITLE_ID = N_("Tests of the device")
    KEYS = (
        Key("enter", "open", N_("Open"), N_("Show all of the test run under the cursor.")),
        Key("escape", "back", N_("Back"), N_("Go back.")),
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, ticket: str) -> None:
        super().__init__()
        self.ticket = ticket
        self._asked_after: tuple[str, object] | None = None

    def body(self) -> ComposeResult:
        """Lay out the list."""
        yield Rows(
            Column(N_("Time"), 11),
            Column("", 1),
            Column(N_("Result"), 11),
            Column(N_("Ticket"), 11, from_width=90),
            Column(N_("Test plan"), 20),
            Column(N_("Suspected cause, or what is out of limits")),
            empty=N_("This bench has not tested this device yet. F9 on the ticket starts a test."),
        )

    def draw(self, changed: set[Topic]) -> None:
        """Ask again when a run began or ended."""
        run = self.bench.run
        present = ("none", None) if run is None else (run.run, run.outcome)
        if changed & {"run", "connection"} and self.bench.connected and present != self._asked_after:
            self._asked_after = present
            self._ask()

    @work(exclusive=True, group="runs")
    async def _ask(self) -> None:
        try:
            view = self.bench.ticket(self.ticket)
            wanted = GetRuns(ticket=self.ticket) if view is None else GetRuns(serial=view.item.device.serial)
            runs = await self.bench_app.link.request(wanted)
        except AgentError as error:
            self.notice.say(heard(error))
            return
        if self.can_draw:
            self.rows.show([_row(run) for run in runs])

    def entered(self, text: str) -> None:
        """Enter alone opens the run under the cursor."""
        if text:
            self.bench_app.scan(text)
        elif self.rows.key is not None:
            self._open(self.rows.key)

    def action_open(self) -> None:
        """Open the run under the cursor."""
        self.entered("")

    @work(exclusive=True, group="open")
    async def _open(self, run: str) -> None:
        try:
            state = await self.bench_app.link.request(GetRunState(run))
        except AgentError as error:
            self.notice.say(heard(error))
            return
        if state is None:
            self.notice.say(_("This bench does not know that test run any more."))
        elif state.status in {"running", "asking"}:
            await self.app.push_screen(RunScreen())
        else:
            await self.app.push_screen(PastRunScreen(state))


class PastRunScreen(RunScreen, inherit_bindings=False):
    """One run that has ended (or was interrupted), to look at only."""

    TITLE_ID = N_("Earlier test run")
    KEYS = (
        Key("escape", "back", N_("Back"), N_("Go back.")),
        *LIST_KEYS[:2],
        Key("pageup", "scroll_panel(-1)", N_("Page up"), N_("Scroll the right side up."), in_bar=False),
        Key("pagedown", "scroll_panel(1)", N_("Page down"), N_("Scroll the right side down."), in_bar=False),
    )
    BINDINGS: ClassVar = bindings(KEYS)
    PAST = True

    def __init__(self, run: RunState) -> None:
        super().__init__()
        self._past = run

    @property
    def shown(self) -> RunState | None:
        """The run on the screen."""
        return self._past


def _row(run: RunSummary) -> Row:
    if run.outcome is None:
        mark, words, style = "…", _("interrupted") if run.status == "interrupted" else _("in progress"), "$text-warning"
    else:
        mark, style = OUTCOME_MARKS[run.outcome]
        words = _(OUTCOMES[run.outcome])
    found = ", ".join(run.failing) if run.suspect is None else pick(run.suspect.title, run.suspect.cause)
    when = f"{run.started_at.astimezone():%m-%d %H:%M}"
    return Row(run.run, (when, (mark, style), (words, style), run.ticket or "", run.plan.name, found))
