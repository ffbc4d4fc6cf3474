"""An oscilloscope by hand: its record in braille, to pan, zoom and measure in; the agent keeps the samples."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.requests import CaptureScope, LookAtScope, Request, RunScope, StopMonitor
from edge_agent.local_api.scope import ScopeFrame, Trace
from edge_agent.local_api.views import Done
from tui import braille, scope_plot
from tui.bench_state import Topic
from tui.heard import heard
from tui.i18n import N_, _
from tui.keys import Key, bindings
from tui.scope_plot import Layer
from tui.scope_settings import Looking, Settings
from tui.scope_words import SPECTRUM_DB, STYLES, is_spectrum, readout, record_line, settings_line
from tui.screens.by_hand import MONITOR_S, named
from tui.screens.scope_actions import SCOPE_KEYS, ScopeActions
from tui.widgets.plot import Plot
from tui.widgets.said import Said

_COLOURS = {**STYLES, "graticule": "foreground-muted", "golden": "secondary", "word": "foreground", "bad": "error"}
MOST_READOUT_LINES = 8


class ScopeScreen(ScopeActions):
    """Shows the newest record of ``role``, one at a time or again and again."""

    TITLE_ID = N_("Oscilloscope by hand")
    KEYS = (
        *SCOPE_KEYS,
        Key("escape", "back", N_("Back"), N_("Give control back and leave; the record stays on the bench.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.settings = Settings()
        self.looking = Looking()
        self.frame: ScopeFrame | None = None
        self.running = False
        self.waiting = False
        self._fault: str | None = None
        self._adopted = False

    def body(self) -> ComposeResult:
        """Lay out settings, traces, words on the bus and measurements."""
        yield Said(self._head, id="facts")
        yield Plot(_COLOURS, id="plot")
        yield Said(self._readout, id="scope-readout")

    def on_mount(self) -> None:
        """Show the record that is there already."""
        self.look()

    def watching(self, token: str) -> Request[Done] | None:
        """Stream records while it runs."""
        if not self.running:
            return None
        return RunScope(token, self.settings.setup(), self.view(), seconds=MONITOR_S, interval_s=0.02)

    def draw(self, changed: set[Topic]) -> None:
        """Take in the newest record while it runs."""
        if "readings" in changed and self.running and (taken := self.bench.scopes.get(self.role)) is not None:
            if taken.frame is not None and taken.frame is not self.frame:
                self._fault = taken.fault
                self.show(taken.frame)
                return
            if taken.fault != self._fault:
                self._fault = taken.fault
                self.redraw()
        if changed & {"instruments", "connection"}:
            self.redraw()

    # -- records ---------------------------------------------------------------------------------------------------

    @work(group="look", exclusive=True)
    async def look(self) -> None:
        """Ask for the present view of the newest record."""
        try:
            frame = await self.bench_app.link.request(LookAtScope(self.role, self.view()))
        except AgentError as error:
            if error.kind not in {"refused", "unreachable"}:  # refused: there is no record yet
                self.notice.say(heard(error))
            return
        if self.can_draw:
            if not self._adopted and self.frame is None:
                self.settings.adopt(frame.setup)
            self.show(frame)

    @work(group="take", exclusive=True)
    async def take(self) -> None:
        """Take one record."""
        if self.lease is None:
            self.notice.say(_("{role} is not under your control.").format(role=self.role))
            return
        self.waiting, self.running = True, False
        self.redraw()
        try:
            await self.bench_app.link.request(StopMonitor(self.lease.token))
            request = CaptureScope(self.lease.token, self.settings.setup(), self.view())
            frame = await self.bench_app.link.request(request, 60.0)
        except AgentError as error:
            self.notice.say(heard(error))
        else:
            self._fault = None
            self.show(frame)
        finally:
            self.waiting = False
            if self.can_draw:
                self.redraw()

    def show(self, frame: ScopeFrame) -> None:
        """Show a frame."""
        self.frame, self._adopted = frame, True
        if self.can_draw:
            self.redraw()

    # -- drawing ---------------------------------------------------------------------------------------------------

    @on(Plot.Sized)
    def _resized(self) -> None:
        self.look()
        self.redraw()

    def redraw(self) -> None:
        """Draw everything from the present frame."""
        for said in self.query(Said):
            said.localise()
        plot = self.query_one(Plot)
        width, height = plot.size.width, plot.size.height
        if self.frame is not None and width >= 2 and height >= 2:
            plot.show(self._lines(self.frame, width, height))

    def _lines(self, frame: ScopeFrame, width: int, height: int) -> list[scope_plot.Line]:
        if frame.xy is not None:
            rows = [int(row, 16) for row in frame.xy.rows]
            return scope_plot.dotted(braille.grid(rows, width), "ch2")
        if is_spectrum(frame):
            top = max((max(trace.high) for trace in frame.traces if trace.high), default=0.0) + 5
            layers = [Layer(trace, top, top - SPECTRUM_DB, trace.name) for trace in frame.traces]
            stop = max(trace.step * len(trace.low) for trace in frame.traces)
            return scope_plot.plot(layers, (0.0, stop), (width, height))
        words = [] if self.looking.decoding is None else [frame.decoded]
        layers = [self._layer(trace, "golden") for trace in frame.golden]
        layers += [self._layer(trace, trace.name) for trace in frame.traces]
        marks: dict[int, tuple[str, str]] = {}
        for at, name in zip(self.looking.cursors or (), "ab", strict=False):
            column = int((at - frame.start_s) / max(frame.stop_s - frame.start_s, 1e-15) * width)
            marks[column] = ("┃" if self.looking.moves == name else "│", "word")
        lines = scope_plot.plot(layers, (frame.start_s, frame.stop_s), (width, height - len(words)), marks)
        lines += [scope_plot.words_under(one, frame.start_s, frame.stop_s, width) for one in words]
        return lines

    def _layer(self, trace: Trace, style: str) -> Layer:
        top, bottom = self.settings.edges(trace.name)
        return Layer(trace, top, bottom, style)

    def _head(self) -> Content:
        state = ("■ " + _("stopped"), "$text-muted")
        if self.lease is None:
            state = (_("not under your control"), "$text-warning")
        elif self.waiting:
            state = ("… " + _("waiting for a record"), "bold $text-accent")
        elif self.running:
            state = ("▶ " + _("runs"), "bold $text-success")
        head = Content.assemble(named(self.bench, self.role), "  ", state)
        if self.frame is None:
            return Content("\n").join([head, settings_line(self.settings, None)])
        width = max(self.size.width - 4, 20)
        record = record_line(self.frame, self.looking)
        if head.cell_length + record.cell_length + 3 <= width:
            head = head + Content("   ") + record
            return Content("\n").join([head, settings_line(self.settings, self.frame)])
        return Content("\n").join([head, settings_line(self.settings, self.frame), record])

    def _readout(self) -> Content:
        if self._fault:
            return Content.styled("✗ " + heard(self._fault), "$text-error")
        if self.frame is None:
            return Content.styled(_("No record yet: F8 takes one, F7 takes one after the other."), "$text-muted")
        room = MOST_READOUT_LINES if self.size.height > 30 else 4
        return readout(self.frame, self.looking, max(self.size.width - 4, 20), room)
