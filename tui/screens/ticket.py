"""One ticket: the device, its symptom, and what was done here with its way to the hub."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.views import RunState, TicketEventView, TicketView
from tui import dossier_words
from tui.bench_state import Topic
from tui.formatting import clock, full_time, one_line
from tui.heard import heard
from tui.i18n import N_, _, pick, titled
from tui.keys import LIST_KEYS, Key, bindings
from tui.screens.ticket_actions import TICKET_KEYS, deed, told
from tui.screens.ticketed import TicketedScreen
from tui.standing import hand_over_of
from tui.widgets.rows import Column, Row, Rows
from tui.widgets.said import Said
from tui.words import EVENT_MARKS, EVENT_STATES, OUTCOME_MARKS, OUTCOMES, STATES, called


class TicketScreen(TicketedScreen):
    """Everything that is known of ``ticket`` on this bench."""

    TITLE_ID = N_("Ticket")
    KEYS = (
        Key("enter", "all", N_("All"), N_("Show everything: history, knowledge, plan, photos."), in_bar=False),
        Key("escape", "back", N_("Back"), N_("Go back."), in_bar=False),
        *TICKET_KEYS,
        *LIST_KEYS,
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, ticket: str) -> None:
        super().__init__()
        self.ticket = ticket
        self._newest: int | None = None

    def the_ticket(self) -> str | None:
        """Return this ticket."""
        return self.ticket

    def body(self) -> ComposeResult:
        """Lay out the facts, the events, and the event under the cursor in full."""
        yield Said(self._facts, id="facts")
        yield Rows(
            Column(N_("Time"), 8),
            Column("", 1),
            Column(N_("Done here"), 14),
            Column(N_("By"), 10, from_width=70),
            Column(N_("Words")),
            empty=N_("Nothing has been done on this ticket here. F5 takes it."),
        )
        yield Said(self._detail, id="detail")

    def draw(self, changed: set[Topic]) -> None:
        """Show the ticket as it is now."""
        if changed & {"worklist", "connection", "run"}:
            self.query_one("#facts", Said).localise()
            view = self._view()
            events = () if view is None else view.events
            gone = N_("It was handed over elsewhere, or is another bench's now. F2 goes to the tickets.")
            none = N_("Nothing has been done on this ticket here. F5 takes it.")
            self.rows.show([self._row(event) for event in reversed(events)], empty=none if view else gone)
            if events and events[-1].seq != self._newest:
                self._newest = events[-1].seq
                self.rows.move_to(str(self._newest))
            self.query_one("#detail", Said).localise()

    def entered(self, text: str) -> None:
        """Enter alone shows everything."""
        if text:
            self.bench_app.scan(text)
        else:
            self.action_all()

    def action_all(self) -> None:
        """Show everything that the hub tells of this ticket, while it is this bench's."""
        from tui.screens.dossier import DossierScreen

        if self.bench.ticket(self.ticket) is None:
            self.notice.say(_("There is no more to tell of a ticket that has left this bench's worklist."), "info")
            return
        self.app.push_screen(DossierScreen(self.ticket))

    def on_rows_moved(self) -> None:
        """Show the next event in full."""
        self.query_one("#detail", Said).localise()

    def _view(self) -> TicketView | None:
        """Return the ticket as it is on the worklist, or as it left it when it was handed over here."""
        return self.bench.ticket(self.ticket) or self.bench.handed_over(self.ticket)

    def _facts(self) -> Content:
        view = self._view()
        if view is None:
            return Content.assemble(
                (self.ticket, "bold"), ("  " + _("is not on the worklist of this bench (any more)."), "$text-warning")
            )
        item = view.item
        head = Content.assemble((item.ticket, "bold $primary"))
        if self.bench.ticket(self.ticket) is not None:
            head += Content.assemble(
                (f"  {called(STATES, item.state)}", "bold"), (f"  {_('priority')} {item.priority}", "$text-muted")
            )
        device = Content.assemble(
            (_("Device") + "  ", "$text-muted"), (item.device.model, "bold"), (f"  {item.device.serial}", "bold")
        )
        symptom = Content.assemble((_("Symptom") + "  ", "$text-muted"), (one_line(item.symptom), ""))
        plan = Content.assemble(
            (_("Test plan") + "  ", "$text-muted"), (item.plan or _("none yet; F9 lets you choose one"), "")
        )
        lines = [head, device, symptom, plan]
        if (hand_over := hand_over_of(view)) is not None:
            lines.insert(1, _handed_over(hand_over))
        if view.dossier is not None:
            if view.dossier.cover is not None:
                lines.append(dossier_words.cover(view.dossier.cover))
            lines.append(
                dossier_words.summary(view.dossier, self.bench_app.now())
                + Content.styled("  ⏎ " + _("all"), "bold $accent")
            )
        run = self.bench.run
        if run is not None and run.ticket == self.ticket:
            lines.append(_last_run(run))
        return Content("\n").join(lines)

    def _detail(self) -> Content:
        view = self._view()
        chosen = next((one for one in (view.events if view else ()) if str(one.seq) == self.rows.key), None)
        if chosen is None:
            return Content("")
        mark, style = EVENT_MARKS[chosen.state]
        state = f"{full_time(chosen.at)}  {mark} {_(EVENT_STATES[chosen.state])}"
        words = self._words(chosen)
        return Content.assemble(
            (titled(state, heard(chosen.reason)) if chosen.reason else state, style),
            (f"\n{words}" if words else "", ""),
        )

    def _words(self, event: TicketEventView) -> str:
        return "  ".join(filter(None, (one_line(event.note or ""), told(event.details, self.bench.cause))))

    def _row(self, event: TicketEventView) -> Row:
        mark, style = EVENT_MARKS[event.state]
        words = titled(_("refused"), heard(event.reason or "")) if event.state == "refused" else self._words(event)
        return Row(
            str(event.seq),
            (
                clock(event.at, self.bench_app.now()),
                (mark, style),
                deed(event),
                event.operator or "",
                (words, style if event.state == "refused" else ""),
            ),
        )


def _handed_over(event: TicketEventView) -> Content:
    """Return who handed the device over, when and to whom; and whether the hub knows it yet."""
    words = (
        _("Given back unrepaired to the counter by {who}, {when}")
        if event.action == "give_back"
        else _("Handed over to the counter by {who}, {when}")
    ).format(who=event.operator or _("this bench"), when=full_time(event.at))
    waiting = f"  {_(EVENT_STATES[event.state])}" if event.state == "waiting" else ""
    return Content.styled(f"{words}{waiting}", "bold $text-warning")


def _last_run(run: RunState) -> Content:
    label = (_("Last test") + "  ", "$text-muted")
    if run.outcome is None:
        words = _("interrupted: F3 to go on") if run.status == "interrupted" else _("in progress: F3 shows it")
        return Content.assemble(label, (words, "$text-warning"))
    mark, style = OUTCOME_MARKS[run.outcome]
    suspect = f"  {pick(run.suspects[0].title, run.suspects[0].cause)}" if run.suspects else ""
    return Content.assemble(label, (f"{mark} {_(OUTCOMES[run.outcome])}", f"bold {style}"), (suspect, ""))
