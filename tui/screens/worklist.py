"""The tickets of this bench."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input

from edge_agent.local_api.views import TicketView
from tui.bench_state import Topic
from tui.dossier_words import time_left
from tui.formatting import like_a_code, one_line
from tui.i18n import N_, _, ngettext, titled
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.ticket_actions import TICKET_KEYS, deed
from tui.screens.ticketed import TicketedScreen
from tui.widgets.entry import Entry
from tui.widgets.rows import Cell, Column, Row, Rows
from tui.widgets.said import Said
from tui.words import EVENT_MARKS, STATES, called

URGENT = 2
"""Tickets of this priority and above (0 is the highest) stand out."""


class WorklistScreen(TicketedScreen):
    """Priority, state, device and symptom of each ticket, and what was last done on it here."""

    TITLE_ID = N_("Tickets")
    KEYS = (
        Key("enter", "open", N_("Open"), N_("Open the ticket under the cursor."), in_bar=False),
        *TICKET_KEYS,
        Key("ctrl+r", "refused", N_("Refused"), N_("Show everything that the hub refused, and why."), in_bar=False),
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self) -> None:
        super().__init__()
        self._typed = ""
        self._pointed = False
        """Whether the cursor was moved since something was typed."""

    def body(self) -> ComposeResult:
        """Lay out the list, and the symptom of the ticket under the cursor in full."""
        yield Rows(
            Column(N_("P"), 2),
            Column(N_("Ticket"), 11),
            Column(N_("State"), 12),
            Column(N_("Done here"), 15),
            Column(N_("Due in"), 7, from_width=74),
            Column(N_("Device"), 8, from_width=90),
            Column(N_("Serial"), 16, from_width=100),
            Column(N_("Symptom")),
        )
        yield Said(self._detail, id="detail")

    def draw(self, changed: set[Topic]) -> None:
        """Show the worklist and, if there are any, runs that were interrupted and entries that were refused."""
        if changed & {"worklist", "connection"}:
            tickets = () if self.bench.worklist is None else self.bench.worklist.tickets
            rows = [_row(ticket, self.bench_app.now()) for ticket in tickets]
            self.rows.show(_with(self._typed, rows) or rows, empty=self._empty())
        self.query_one("#detail", Said).localise()

    @on(Input.Changed, "#entry")
    def _narrow(self, event: Input.Changed) -> None:
        """Show the tickets in which every word that is typed stands; all of them where there is none."""
        self._typed = event.value
        if event.value:
            self._pointed = False
        self.draw({"worklist"})

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._pointed = True
        super().action_move(by)

    def on_rows_moved(self) -> None:
        """Show the symptom of the next ticket."""
        self.query_one("#detail", Said).localise()

    def the_ticket(self) -> str | None:
        """Return the ticket under the cursor."""
        return self.rows.key

    def entered(self, text: str) -> None:
        """Open what was scanned, or a ticket with the words that were typed; Enter alone that under the cursor.

        A code that is only a part of what stands in a row opens nothing by itself: it may be another device's.
        """
        key = self.rows.key
        if not text:
            if key is not None:
                self.bench_app.open_ticket(key)
            return
        tickets = () if self.bench.worklist is None else self.bench.worklist.tickets
        found = [row.key for row in _with(text, [_row(ticket, self.bench_app.now()) for ticket in tickets])]
        if self.bench.scanned(text) or not found:
            self.bench_app.scan(text)
        elif key in found and self._pointed:
            self.bench_app.open_ticket(str(key))
        elif like_a_code(text):
            self.query_one(Entry).value = text
            words = _("“{text}” is no ticket or serial here, only a part of what is shown: ↑ ↓ choose, ⏎ opens.")
            self.notice.say(words.format(text=one_line(text)))
        elif len(found) == 1:
            self.bench_app.open_ticket(found[0])
        else:
            self.query_one(Entry).value = text
            words = _("{count} tickets have these words: ↑ ↓ choose, ⏎ opens.").format(count=len(found))
            self.notice.say(words, "info")

    def action_open(self) -> None:
        """Open the ticket under the cursor."""
        self.entered("")

    def action_refused(self) -> None:
        """Show what the hub refused."""
        from tui.screens.refused import RefusedScreen

        self.bench_app.push_screen(RefusedScreen())

    def _empty(self) -> str:
        worklist = self.bench.worklist
        if worklist is None:
            return N_("The worklist is not known yet.")
        if worklist.revision == 0:
            return N_("The hub has never sent a worklist to this bench.")
        return N_("No tickets: all is done.")

    def _detail(self) -> Content:
        lines = []
        if (key := self.rows.key) and (ticket := self.bench.ticket(key)):
            item = ticket.item
            lines.append(
                Content.assemble(
                    (f"{item.device.model} {item.device.serial}", "bold"), ("  " + one_line(item.symptom), "")
                )
            )
        about = self.bench.about
        if about is not None and about.interrupted:
            count = len(about.interrupted)
            words = ngettext(
                "{count} test run was interrupted: F3 to go on with it.",
                "{count} test runs were interrupted: F3 to go on.",
                count,
            ).format(count=count)
            lines.append(Content.styled("■ " + words, "$text-warning"))
        if about is not None and about.set_aside:
            words = _("A damaged spool was set aside as {path}: tell whoever looks after this bench.")
            lines.append(Content.styled("✗ " + words.format(path=about.set_aside), "$text-error"))
        spool = self.bench.spool
        if spool is not None and spool.refused:
            words = ngettext("The hub refused {count} entry", "The hub refused {count} entries", spool.refused)
            why = titled(words.format(count=spool.refused), "Ctrl+R " + _("shows why."))
            lines.append(Content.styled("✗ " + why, "$text-error"))
        return Content("\n").join(lines)


def _with(text: str, rows: Sequence[Row]) -> list[Row]:
    """Return the rows in which every word of ``text`` stands; none without a word."""
    words = text.casefold().split()
    return [row for row in rows if words and all(word in _text(row) for word in words)]


def _text(row: Row) -> str:
    return " ".join(cell if isinstance(cell, str) else cell[0] for cell in row.cells).casefold()


def _row(ticket: TicketView, now: datetime) -> Row:
    item = ticket.item
    done: Cell = ""
    if ticket.events:
        last = next((one for one in reversed(ticket.events) if one.state == "refused"), ticket.events[-1])
        mark, style = EVENT_MARKS[last.state]
        done = (f"{mark} {deed(last)}", style)
    priority: Cell = (f"!{item.priority}", "bold $text-error") if item.priority <= URGENT else f" {item.priority}"
    return Row(
        item.ticket,
        (
            priority,
            item.ticket,
            called(STATES, item.state),
            done,
            time_left(ticket.dossier, now),
            item.device.model,
            item.device.serial,
            item.symptom,
        ),
    )
