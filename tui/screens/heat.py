"""A thermal camera by hand: the picture in colours, the hottest spots, a rectangle, the difference to a good board."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.client import AgentError
from edge_agent.local_api.heat import HeatFrame, HeatView, Region
from edge_agent.local_api.requests import LookAtThermal, Request, RunThermal
from edge_agent.local_api.views import Done
from protocols.quantity import format_value
from tui import heat_plot
from tui.bench_state import Topic
from tui.formatting import parse_number
from tui.heard import heard
from tui.i18n import N_, _
from tui.keys import Key, bindings
from tui.screens.by_hand import MONITOR_S, named
from tui.screens.form import Field, fill_in
from tui.screens.record_panel import RecordPanel
from tui.widgets.plot import Plot
from tui.widgets.said import Said
from tui.words import MEASURES, called

SCALE_CELLS = 14


class HeatScreen(RecordPanel):
    """Takes one picture after the other while it is open and not frozen."""

    TITLE_ID = N_("Thermal camera by hand")
    KEYS = (
        Key("f5", "emissivity", N_("Emissivity"), N_("Set the emissivity of what is seen.")),
        Key("f6", "region", N_("Region"), N_("Measure within a rectangle; arrows move it, PgUp and PgDn size it.")),
        Key("f7", "freeze", N_("Freeze"), N_("Hold the picture; again to go on.")),
        Key("f8", "difference", N_("Difference"), N_("Show the difference to the golden board, or the picture.")),
        Key("f9", "keep", N_("Golden"), N_("Keep this picture as that of a good board.")),
        Key("f12", "save", N_("Save"), N_("Save the picture in colours, as a table or for numpy.")),
        Key("left", "shift(0,-1)", N_("Left"), N_("Move the rectangle to the left."), in_bar=False),
        Key("right", "shift(0,1)", N_("Right"), N_("Move the rectangle to the right."), in_bar=False),
        Key("up", "shift(-1,0)", N_("Up"), N_("Move the rectangle up."), in_bar=False),
        Key("down", "shift(1,0)", N_("Down"), N_("Move the rectangle down."), in_bar=False),
        Key("pageup", "size(1)", N_("Larger"), N_("Make the rectangle larger."), in_bar=False),
        Key("pagedown", "size(-1)", N_("Smaller"), N_("Make the rectangle smaller."), in_bar=False),
        Key("escape", "back", N_("Back"), N_("Give control back and leave.")),
    )
    FILES = (("png", N_("Picture (PNG)")), ("csv", N_("Table (CSV)")), ("npz", N_("Arrays for numpy (npz)")))
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.frame: HeatFrame | None = None
        self.frozen = False
        self._emissivity = 0.95
        self._region: Region | None = None
        self._against_golden = False
        self._fault: str | None = None

    def body(self) -> ComposeResult:
        """Lay out name, picture and what is measured in it."""
        yield Said(self._head, id="facts")
        yield Plot({}, id="plot")
        yield Said(self._readout, id="heat-readout")

    def on_mount(self) -> None:
        """Show the picture that is there already."""
        self.look()

    def watching(self, token: str) -> Request[Done] | None:
        """Stream pictures unless one is held."""
        if self.frozen:
            return None
        return RunThermal(token, self._view(), emissivity=self._emissivity, seconds=MONITOR_S)

    def draw(self, changed: set[Topic]) -> None:
        """Take in the newest picture."""
        if "readings" in changed and not self.frozen and (taken := self.bench.heat.get(self.role)) is not None:
            if taken.fault != self._fault or (taken.frame is not None and taken.frame is not self.frame):
                self._fault, self.frame = taken.fault, taken.frame or self.frame
                self.redraw()
        elif changed & {"instruments", "connection"}:
            self.redraw()

    def redraw(self) -> None:
        """Draw everything from the present picture."""
        for said in self.query(Said):
            said.localise()
        plot = self.query_one(Plot)
        width, height = plot.size.width, plot.size.height
        if self.frame is not None and width > SCALE_CELLS + 2 and height >= 2:
            lines = heat_plot.picture(self.frame, width - SCALE_CELLS, height, self._region)
            plot.show(heat_plot.with_scale(lines, self.frame, height))

    def _view(self) -> HeatView:
        size = self.query_one(Plot).size
        against = "golden" if self._against_golden else "none"
        return HeatView(
            rows=max(2 * size.height, 2),
            columns=max(size.width - SCALE_CELLS, 2),
            region=self._region,
            against=against,  # type: ignore[arg-type]
        )

    @on(Plot.Sized)
    def _resized(self) -> None:
        self.look()

    @work(group="look", exclusive=True)
    async def look(self) -> None:
        """Ask for the newest picture as it is to be shown now, and show it."""
        try:
            frame = await self.bench_app.link.request(LookAtThermal(self.role, self._view()))
        except AgentError as error:
            if error.kind not in {"refused", "unreachable"}:  # refused: there is no picture yet
                self.notice.say(heard(error))
            return
        self.frame = frame
        if self.can_draw:
            self.redraw()

    def _head(self) -> Content:
        head = named(self.bench, self.role)
        words = [f"ε {self._emissivity:g}"]
        if self.frame is not None:
            words.append(_("picture {number}").format(number=self.frame.number))
            words.append(f"{self.frame.picture_columns}×{self.frame.picture_rows}")
            if self.frame.difference:
                words.append(_("difference to the golden board"))
        head = head + Content("  " + "  ".join(words))
        if self.frozen:
            head = head + Content.styled("  " + _("frozen: F7 to go on"), "bold $text-warning")
        if self.lease is None:
            head = head + Content.styled("  " + _("not under your control"), "$text-warning")
        return head

    def _readout(self) -> Content:
        if self._fault:
            return Content.styled("✗ " + heard(self._fault), "$text-error")
        if self.frame is None:
            return Content.styled(_("No picture yet."), "$text-muted")
        room = 8 if self.size.height > 30 else 5
        lines = []
        if self._region is not None:
            words = "  ".join(
                f"{called(MEASURES, one.name)} {format_value(float(one.value or 0.0), one.unit, 3)}"
                for one in self.frame.region
            )
            place = f"{self._region.width}×{self._region.height}"
            lines.append(Content.assemble((_("Region") + f" {place}  ", "bold"), (words, "")))
        lines += [Content.styled("! " + heard(note), "$text-warning") for note in self.frame.notes]
        for number, spot in enumerate(self.frame.spots, 1):
            where = _("row {row}, column {column}").format(row=spot.row, column=spot.column)
            lines.append(
                Content.assemble(
                    (f"{number} ", "bold $text-error"), (f"{spot.peak_c:.1f} °C  +{spot.rise_k:.1f} K  {where}", "")
                )
            )
        if not self.frame.spots and not self.frame.notes:
            lines.append(Content.styled(_("Nothing stands out."), "$text-muted"))
        return Content("\n").join(lines[:room])

    # -- keys ----------------------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_emissivity(self) -> None:
        """Set the emissivity."""
        fields = (Field("emissivity", N_("Emissivity (0 to 1)"), value=f"{self._emissivity:g}"),)
        number = await fill_in(self.bench_app, N_("Emissivity"), fields, N_("Set"), _emissivity, about=self.role)
        if number is None:
            return
        self._emissivity = number
        self.take_control()
        self.redraw()

    def action_region(self) -> None:
        """Measure within a rectangle, or no more."""
        if self.frame is None:
            return
        rows, columns = self.frame.picture_rows, self.frame.picture_columns
        middle = Region(rows // 3, columns // 3, max(rows // 3, 1), max(columns // 3, 1))
        self._region = None if self._region is not None else middle
        self.look()

    def action_shift(self, down: int, right: int) -> None:
        """Move the rectangle."""
        if self._region is None or self.frame is None:
            return
        was = self._region
        top = min(max(was.top + down, 0), self.frame.picture_rows - was.height)
        left = min(max(was.left + right, 0), self.frame.picture_columns - was.width)
        self._region = Region(top, left, was.height, was.width)
        self.look()

    def action_size(self, by: int) -> None:
        """Make the rectangle larger or smaller."""
        if self._region is None or self.frame is None:
            return
        was = self._region
        height = min(max(was.height + by, 1), self.frame.picture_rows - was.top)
        width = min(max(was.width + by, 1), self.frame.picture_columns - was.left)
        self._region = Region(was.top, was.left, height, width)
        self.look()

    def action_freeze(self) -> None:
        """Hold the picture, or go on."""
        self.frozen = not self.frozen
        if self.frozen:
            self.stop()
        else:
            self.redraw()
            self.take_control()

    def action_difference(self) -> None:
        """Show the difference, or the picture."""
        self._against_golden = not self._against_golden
        self.look()

    @work(group="keep", exclusive=True)
    async def action_keep(self) -> None:
        """Keep the picture as golden."""
        await self.keep_golden(
            N_("Kept as that of a good board ({count} in all); F8 shows the difference to the newest.")
        )


def _emissivity(values: Mapping[str, str]) -> float | str:
    number = parse_number(values["emissivity"])
    if number is None or not 0 < number <= 1:
        return _("Give a number above 0 and up to 1, e.g. 0.95.")
    return number
