"""Everything that the hub refused, and why."""

from datetime import datetime
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import GetRefused
from edge_agent.local_api.views import RefusedRecord
from protocols.messages.records import TicketEvent
from tui.bench_state import Topic
from tui.formatting import clock, one_line
from tui.heard import heard
from tui.i18n import N_, _
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.base import ListScreen
from tui.screens.ticket_actions import told
from tui.widgets.rows import Column, Row, Rows
from tui.widgets.said import Said
from tui.words import ACTIONS, called


class RefusedScreen(ListScreen):
    """The records with their reasons, oldest first; below, the one under the cursor in full."""

    TITLE_ID = N_("Refused by the hub")
    KEYS = (
        Key("escape", "back", N_("Back"), N_("Go back.")),
        Key("enter", "open", N_("Open"), N_("Open the ticket of the entry under the cursor.")),
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self) -> None:
        super().__init__()
        self._refused: dict[str, RefusedRecord] = {}

    def body(self) -> ComposeResult:
        """Lay out the list and the detail."""
        yield Rows(
            Column(N_("Time"), 8),
            Column(N_("Ticket"), 11),
            Column(N_("What"), 14),
            Column(N_("Reason")),
            empty=N_("The hub has refused nothing."),
        )
        yield Said(self._detail, id="detail")

    def draw(self, changed: set[Topic]) -> None:
        """Ask again when the spool changed."""
        if changed & {"spool", "connection"} and self.bench.connected:
            self._ask()

    @work(exclusive=True, group="refused")
    async def _ask(self) -> None:
        try:
            refused = await self.bench_app.link.request(GetRefused())
        except AgentError as error:
            self.notice.say(heard(error))
            return
        self._refused = {str(one.record.seq): one for one in refused}
        self.rows.show([_row(key, one, self.bench_app.now()) for key, one in self._refused.items()])
        self.query_one("#detail", Said).localise()

    def on_rows_moved(self) -> None:
        """Show the next one in full."""
        self.query_one("#detail", Said).localise()

    def entered(self, text: str) -> None:
        """Open the ticket of the entry under the cursor, or what was scanned."""
        one = self._refused.get(self.rows.key or "")
        if text:
            self.bench_app.scan(text)
        elif one is not None and isinstance(one.record.body, TicketEvent):
            self.bench_app.scan(one.record.body.ticket)

    def action_open(self) -> None:
        """Open the ticket of the entry under the cursor."""
        self.entered("")

    def _detail(self) -> Content:
        one = self._refused.get(self.rows.key or "")
        if one is None:
            return Content("")
        lines = [Content.styled("✗ " + heard(one.reason), "$text-error")]
        if isinstance(one.record.body, TicketEvent):
            body = one.record.body
            details = told(body.details, self.bench.cause)
            words = "  ".join(filter(None, (body.operator, one_line(body.note or ""), details)))
            lines.append(Content(_("You had entered: {words}").format(words=words or called(ACTIONS, body.action))))
        return Content("\n").join(lines)


def _row(key: str, one: RefusedRecord, now: datetime) -> Row:
    body = one.record.body
    ticket, what = "", type(body).__name__
    if isinstance(body, TicketEvent):
        ticket, what = body.ticket, called(ACTIONS, body.action)
    return Row(key, (clock(one.record.at, now), ticket, what, (heard(one.reason), "$text-error")))
