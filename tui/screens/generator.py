"""A signal generator by hand: shape, frequency, amplitude and output of its channels."""

from collections.abc import Mapping
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from edge_agent.local_api.manual import Manual, SafeState, SetGenerator, SwitchOutput
from protocols.quantity import format_value
from tui.bench_state import Topic
from tui.formatting import parse_number
from tui.i18n import N_, _
from tui.keys import Key, bindings
from tui.screens.by_hand import ByHandScreen, named
from tui.screens.confirm import ConfirmDialog
from tui.screens.form import Field, choices_of, fill_in, one_of
from tui.widgets.reading import Reading
from tui.widgets.said import Said
from tui.words import WAVES, called

CHANNELS = (1, 2)


class GeneratorScreen(ByHandScreen):
    """Shows what this panel has set: generators are not read back."""

    TITLE_ID = N_("Signal generator by hand")
    KEYS = (
        Key("f5", "settings", N_("Set"), N_("Set shape, frequency, amplitude and offset of the channel.")),
        Key("f6", "output", N_("Output"), N_("Switch the channel's output on or off.")),
        Key("f7", "channel", N_("Channel"), N_("Go to the next channel.")),
        Key("f8", "safe_state", N_("Safe state"), N_("Switch all outputs off at once.")),
        Key("escape", "back", N_("Back"), N_("Give control back and leave; the outputs stay as they are.")),
    )
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self._channel = 1
        self._set: dict[int, SetGenerator] = {}
        self._on: dict[int, bool] = {}

    def body(self) -> ComposeResult:
        """Lay out name, frequency, amplitude and state."""
        yield Said(self._head, id="facts")
        yield Reading(id="reading")
        yield Reading(id="current")
        yield Said(self._state, id="reading-state")

    def draw(self, changed: set[Topic]) -> None:
        """Show what was set."""
        if not changed & {"instruments", "connection"}:
            return
        was = self._set.get(self._channel)
        shown = ("", "") if was is None else (format_value(was.frequency_hz, "Hz", 7), f"{was.amplitude_vpp:g} Vpp")
        for text, widget in zip(shown, ("#reading", "#current"), strict=True):
            self.query_one(widget, Reading).update(text)
        for said in self.query(Said):
            said.localise()

    def _head(self) -> Content:
        channel = _("channel {number}").format(number=self._channel)
        return named(self.bench, self.role) + Content.styled(f"  {channel}", "bold")

    def _state(self) -> Content:
        if self.lease is None:
            return Content.styled(_("not under your control"), "$text-warning")
        lines = []
        match self._on.get(self._channel):
            case True:
                lines.append(Content.styled(" " + _("OUTPUT ON") + " ", "bold $background on $warning"))
            case False:
                lines.append(Content.styled("○ " + _("output off"), "$text-muted"))
            case _:
                lines.append(
                    Content.styled("? " + _("output not known: F8 switches it off for certain"), "$text-muted")
                )
        was = self._set.get(self._channel)
        if was is None:
            lines.append(Content.styled(_("Nothing has been set from here yet: F5."), "$text-muted"))
        else:
            lines.append(Content(f"{called(WAVES, was.wave)}  {_('offset')} {format_value(was.offset_v, 'V', 4)}"))
        return Content("\n").join(lines)

    # -- keys ----------------------------------------------------------------------------------------------------

    @work(group="dialog", exclusive=True)
    async def action_settings(self) -> None:
        """Ask for the shape and set it."""
        was = self._set.get(self._channel) or SetGenerator("sine", 1000.0, 1.0, 0.0, self._channel)
        fields = (
            Field("wave", N_("Shape"), required=True, value=called(WAVES, was.wave), choices=choices_of(WAVES)),
            Field("frequency", N_("Frequency in Hz"), N_("e.g. 8M"), required=True, value=f"{was.frequency_hz:.10g}"),
            Field("amplitude", N_("Amplitude in V, peak to peak"), required=True, value=f"{was.amplitude_vpp:g}"),
            Field("offset", N_("Offset in V"), value=f"{was.offset_v:g}"),
        )

        def wanted(values: Mapping[str, str]) -> SetGenerator | str:
            wave, frequency = one_of(values["wave"], WAVES), parse_number(values["frequency"], "Hz")
            amplitude, offset = (parse_number(values[name] or "0", "V") for name in ("amplitude", "offset"))
            if wave is None or frequency is None or amplitude is None or offset is None:
                shapes = ", ".join(_(title) for title in WAVES.values())
                return _("Give one of {shapes}, and the others as numbers.").format(shapes=shapes)
            return SetGenerator(wave, frequency, amplitude, offset, self._channel)

        found = await fill_in(self.bench_app, N_("Set the generator"), fields, N_("Set"), wanted, about=self.role)
        if found is not None:
            self.operate(found)

    @work(group="dialog", exclusive=True)
    async def action_output(self) -> None:
        """Switch the output off at once, or on once it is confirmed."""
        if self._on.get(self._channel):
            self.operate(SwitchOutput(on=False, channel=self._channel), _("The output is off."))
            return
        if self._channel not in self._set:
            self.notice.say(_("Set the shape first (F5): what the generator would give is not known."))
            return
        question = N_("Switch the output on?")
        consequence = N_("What is connected gets the signal: check the wires, amplitude and offset first.")
        if await self.bench_app.push_screen_wait(ConfirmDialog(question, consequence, N_("Switch on"))):
            self.operate(SwitchOutput(on=True, channel=self._channel), _("The output is on."))

    def action_channel(self) -> None:
        """Go to the next channel."""
        self._channel = CHANNELS[(CHANNELS.index(self._channel) + 1) % len(CHANNELS)]
        self.draw({"instruments"})

    def action_safe_state(self) -> None:
        """Switch all outputs off."""
        self.operate(SafeState(), _("All outputs are off."))

    def bench_changed(self, changed: set[Topic]) -> None:
        """Forget what the outputs were once the agent is away: somebody else may have switched them since."""
        if "connection" in changed and not self.bench.connected:
            self._on.clear()
        super().bench_changed(changed)

    def operated(self, manual: Manual) -> None:
        """Remember what was set."""
        match manual:
            case SetGenerator():
                self._set[manual.channel] = manual
            case SwitchOutput():
                self._on[manual.channel] = manual.on
            case SafeState():
                self._on = dict.fromkeys(CHANNELS, False)
            case _:
                pass
        self.draw({"instruments"})
