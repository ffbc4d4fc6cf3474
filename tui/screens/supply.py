"""A power supply by hand: what it is set to, what it delivers, and its output."""

from collections.abc import Mapping
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.events import Reading
from edge_agent.local_api.manual import Manual, ReadSupply, SafeState, SetSupply, SwitchOutput
from edge_agent.local_api.views import Quantity
from protocols.quantity import format_value
from tui.bench_state import Topic
from tui.formatting import parse_number, steady
from tui.heard import heard
from tui.i18n import N_, _
from tui.keys import Key, bindings
from tui.screens.by_hand import ByHandScreen, named
from tui.screens.confirm import ConfirmDialog
from tui.screens.form import Field, fill_in, refilled
from tui.widgets.reading import Reading as Display
from tui.widgets.said import Said


class SupplyScreen(ByHandScreen):
    """Reads back voltage and current while it is open."""

    TITLE_ID = N_("Power supply by hand")
    KEYS = (
        Key("f5", "settings", N_("Set"), N_("Set voltage and current limit.")),
        Key("f6", "output", N_("Output"), N_("Switch the output on or off.")),
        Key("f8", "safe_state", N_("Safe state"), N_("Switch the output off at once.")),
        Key("escape", "back", N_("Back"), N_("Give control back and leave; the output stays as it is.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self._set: SetSupply | None = None

    def body(self) -> ComposeResult:
        """Lay out name, readings and state."""
        yield Said(self._head, id="facts")
        yield Display(id="reading")
        yield Display(id="current")
        yield Said(self._state, id="reading-state")

    def watched(self) -> ReadSupply:
        """Return what is read back."""
        return ReadSupply()

    @property
    def _reading(self) -> Reading | None:
        kept = self.bench.readings.get(self.role)
        return kept[-1] if kept and self.lease is not None else None

    def _value(self, name: str) -> Quantity | None:
        values = () if self._reading is None else self._reading.values
        return next((one for one in values if one.name == name), None)

    def draw(self, changed: set[Topic]) -> None:
        """Show the newest reading."""
        if not changed & {"readings", "instruments", "connection"}:
            return
        for name, widget in (("voltage", "#reading"), ("current", "#current")):
            quantity = self._value(name)
            shown = ""
            if quantity is not None:
                shown = steady(float(quantity.value or 0.0), quantity.unit, quantity.standard_uncertainty)
            self.query_one(widget, Display).update(shown)
        for said in self.query(Said):
            said.localise()

    def _head(self) -> Content:
        return named(self.bench, self.role)

    def _state(self) -> Content:
        if self.lease is None:
            return Content.styled(_("not under your control"), "$text-warning")
        if self._reading is not None and self._reading.fault:
            return Content.styled("✗ " + heard(self._reading.fault), "$text-error")
        lines = []
        if (output := self._value("output_on")) is not None:
            lines.append(
                Content.styled(" " + _("OUTPUT ON") + " ", "bold $background on $warning")
                if output.value
                else Content.styled("○ " + _("output off"), "$text-muted")
            )
        if (limited := self._value("current_limited")) is not None and limited.value:
            lines.append(Content.styled("! " + _("at the current limit"), "bold $text-error"))
        if self._set is not None:
            words = _("set to {voltage}, at most {current}").format(
                voltage=format_value(self._set.voltage_v, "V"), current=format_value(self._set.current_limit_a, "A")
            )
            lines.append(Content(words))
        return Content("\n").join(lines)

    # -- keys ----------------------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_settings(self) -> None:
        """Ask for voltage and current limit, and set both."""
        was = self._set
        fields: tuple[Field, ...] = (
            Field("voltage", N_("Voltage in V"), required=True, value="" if was is None else f"{was.voltage_v:g}"),
            Field(
                "current",
                N_("Current limit in A"),
                N_("e.g. 0.3 or 300m"),
                required=True,
                value="" if was is None else f"{was.current_limit_a:g}",
            ),
        )
        app, title, fault = self.bench_app, N_("Set the supply"), ""
        while wanted := await fill_in(app, title, fields, N_("Set"), _wanted, about=self.role, error=fault):
            if not (fault := await self.attempt(wanted)):
                return
            fields = refilled(fields, {"voltage": f"{wanted.voltage_v:g}", "current": f"{wanted.current_limit_a:g}"})

    @work(group="dialog", exclusive=True)
    async def action_output(self) -> None:
        """Switch the output off at once, or on once it is confirmed."""
        output = self._value("output_on")
        if output is None:
            self.notice.say(_("The state of the output is not known yet."))
            return
        if output.value:
            self.operate(SwitchOutput(on=False), _("The output is off."))
            return
        question = N_("Switch the output on?")
        consequence = N_("What is connected gets power: check the wires, voltage and current limit first.")
        if await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Switch on"))):
            self.operate(SwitchOutput(on=True), _("The output is on."))

    def action_safe_state(self) -> None:
        """Switch the output off at once."""
        self.operate(SafeState(), _("The output is off."))

    def operated(self, manual: Manual) -> None:
        """Remember what was set."""
        if isinstance(manual, SetSupply):
            self._set = manual
        self.draw({"instruments"})


def _wanted(values: Mapping[str, str]) -> SetSupply | str:
    voltage, current = parse_number(values["voltage"], "V"), parse_number(values["current"], "A")
    if voltage is None or current is None:
        return _("Give both as numbers, e.g. 5 and 0.3.")
    return SetSupply(voltage, current)
