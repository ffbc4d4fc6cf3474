"""A multimeter by hand: the reading as large as it can be, statistics and trend."""

from collections import deque
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.events import Reading
from edge_agent.local_api.manual import ReadMeter
from protocols.quantity import format_value
from tui.bench_state import READINGS_KEPT, Topic
from tui.formatting import steady
from tui.heard import heard
from tui.i18n import N_, _
from tui.keys import Key, bindings
from tui.screens.by_hand import ByHandScreen, named
from tui.screens.choose import ChooseDialog
from tui.statistics import statistics, trend
from tui.widgets.reading import Reading as Display
from tui.widgets.rows import Row
from tui.widgets.said import Said
from tui.words import METER_FUNCTIONS, called


class MeterScreen(ByHandScreen):
    """Reads again and again while it is open."""

    TITLE_ID = N_("Multimeter by hand")
    KEYS = (
        Key("f5", "function", N_("Function"), N_("Choose what is measured.")),
        Key("f6", "clear", N_("Clear"), N_("Begin statistics and trend anew.")),
        Key("f7", "freeze", N_("Freeze"), N_("Hold the display; again to go on.")),
        Key("escape", "back", N_("Back"), N_("Give control back and leave.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self._function = "dc_voltage"
        self._values: deque[float | None] = deque(maxlen=READINGS_KEPT)
        self._last: Reading | None = None
        self._unit = ""
        self._frozen = False
        self._seen = 0

    def body(self) -> ComposeResult:
        """Lay out name, reading, statistics and trend."""
        yield Said(self._head, id="facts")
        yield Display(id="reading")
        yield Said(self._state, id="reading-state")
        yield Said(self._trend, id="trend")

    def watched(self) -> ReadMeter:
        """Return the function that is measured."""
        return ReadMeter(self._function)

    def draw(self, changed: set[Topic]) -> None:
        """Take in the newest reading."""
        if "readings" in changed:
            self._take_in()
        for said in self.query(Said):
            said.localise()

    def _take_in(self) -> None:
        """Take in every reading since the last time; several may have come together."""
        seen, self._seen = self._seen, self.bench.readings_seen[self.role]
        kept = self.bench.readings.get(self.role)
        if not kept or self._frozen or self.lease is None or seen == self._seen:
            return
        for reading in list(kept)[seen - self._seen :]:
            if not reading.values:
                self._last = reading
            elif (quantity := reading.values[0]).name == self._function:
                self._last, self._unit = reading, quantity.unit
                self._values.append(quantity.value if isinstance(quantity.value, float) else None)
        if self._last is not None and self._last.values:
            number = self._values[-1]
            uncertainty = self._last.values[0].standard_uncertainty
            shown = "OL" if number is None else steady(number, self._unit, uncertainty)
            self.query_one("#reading", Display).update(shown)

    def _head(self) -> Content:
        return named(self.bench, self.role) + Content.styled(f"  {called(METER_FUNCTIONS, self._function)}", "bold")

    def _state(self) -> Content:
        if self.lease is None:
            return Content.styled(_("not under your control"), "$text-warning")
        if self._last is not None and self._last.fault:
            return Content.styled("✗ " + heard(self._last.fault), "$text-error")
        lines = []
        if self._frozen:
            lines.append(Content.styled(_("frozen: F7 to go on"), "bold $text-warning"))
        if self._last is not None and self._last.values:
            uncertainty = self._last.values[0].standard_uncertainty
            words = (
                _("uncertainty not known")
                if uncertainty is None
                else f"± {format_value(2 * uncertainty, self._unit, 2)} (k = 2)"
            )
            lines.append(Content.styled(words, "$text-muted"))
        if known := statistics([one for one in self._values if one is not None]):
            reach = self._last.values[0].standard_uncertainty if self._last is not None and self._last.values else None
            parts = [
                f"{_('smallest')} {steady(known.minimum, self._unit, reach)}",
                f"{_('mean')} {steady(known.mean, self._unit, reach)}",
                f"{_('largest')} {steady(known.maximum, self._unit, reach)}",
                f"σ {format_value(known.deviation, self._unit, 3)}",
                f"n {known.count}",
            ]
            lines.append(Content("   ".join(parts)))
        return Content("\n").join(lines)

    def _trend(self) -> Content:
        widget = self.query_one("#trend")
        last = self._last.values[0].standard_uncertainty if self._last is not None and self._last.values else None
        return trend(self._values, max(widget.size.width - 2, 10), max(widget.size.height, 1), 4 * (last or 0.0))

    # -- keys ----------------------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_function(self) -> None:
        """Choose what is measured."""
        rows = [Row(name, (_(title),)) for name, title in METER_FUNCTIONS.items()]
        dialog = ChooseDialog(N_("What is to be measured?"), rows, at=self._function)
        if chosen := await self.bench_app.push_screen_wait(dialog):
            self._function = chosen
            self.notice.clear()
            self.action_clear()
            self.take_control()

    def action_clear(self) -> None:
        """Begin anew."""
        self._values.clear()
        self._last = None
        self.query_one("#reading", Display).update("")
        self.draw({"instruments"})

    def action_freeze(self) -> None:
        """Hold the display, or go on."""
        self._frozen = not self._frozen
        self.draw({"instruments"})
