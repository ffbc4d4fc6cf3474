"""What the keys of the oscilloscope's panel do."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace as changed_looking
from typing import Any

from textual import work

from edge_agent.local_api.scope import Decoding, ScopeChannel, ScopeFrame, ScopeTrigger, ScopeView
from tui.formatting import parse_number
from tui.i18n import N_, _
from tui.keys import Key
from tui.scope_settings import CHANNELS, Looking, Settings
from tui.screens.choose import ChooseDialog
from tui.screens.form import Field, FormDialog, choices_of, fill_in, one_of
from tui.screens.record_panel import RecordPanel
from tui.widgets.plot import Plot
from tui.widgets.rows import Column, Row

SCOPE_KEYS = (
    Key("f5", "channel", N_("Channel"), N_("Switch a channel on or off, set its scale, offset, coupling and probe.")),
    Key("f6", "timing", N_("Time"), N_("Set the length of the record and the trigger.")),
    Key("f7", "run_stop", N_("Run/Stop"), N_("Take records again and again, or stop and keep the last one.")),
    Key("f8", "single", N_("Single"), N_("Take one record.")),
    Key("f9", "show", N_("Show"), N_("Spectrum, X-Y, golden record, mask, decoded bus, measurements.")),
    Key("f12", "save", N_("Save"), N_("Save the record as a picture, for sigrok, as a table or for numpy.")),
    Key("ctrl+f", "fit", N_("Fit"), N_("Choose scale and offset so that the traces fill the screen.")),
    Key("ctrl+b", "cursors", N_("Cursors"), N_("Let the arrow keys move cursor A, then B, then the view again.")),
    Key("left", "shift(-1)", N_("Left"), N_("Move the view or the cursor to the left."), in_bar=False),
    Key("right", "shift(1)", N_("Right"), N_("Move the view or the cursor to the right."), in_bar=False),
    Key("ctrl+left", "shift(-10)", N_("Far left"), N_("Ten steps to the left."), in_bar=False),
    Key("ctrl+right", "shift(10)", N_("Far right"), N_("Ten steps to the right."), in_bar=False),
    Key("up", "zoom(-1)", N_("Zoom in"), N_("Show half as much time."), in_bar=False),
    Key("down", "zoom(1)", N_("Zoom out"), N_("Show twice as much time."), in_bar=False),
    Key("home", "whole", N_("All"), N_("Show the whole record."), in_bar=False),
)
_SHOW = (
    ("time", N_("Traces over time")),
    ("spectrum", N_("Spectrum of the window")),
    ("xy", N_("X-Y: the second channel over the first")),
    ("table", N_("Table of measurements on or off")),
    ("uart", N_("Decode a serial line (UART)")),
    ("i2c", N_("Decode I²C")),
    ("spi", N_("Decode SPI")),
    ("no-bus", N_("Decode nothing")),
    ("golden", N_("Compare with the golden record")),
    ("mask", N_("Mask about the golden records")),
    ("none", N_("Compare with nothing")),
    ("keep", N_("Keep this record as golden")),
    ("forget", N_("Forget all golden records of this instrument")),
)
_SLOPES = {"rising": N_("rising"), "falling": N_("falling")}
_YES = {"y", "yes", "on", "1", "是", "开"}


class ScopeActions(RecordPanel):
    """Mixed into the panel, which takes and shows records."""

    settings: Settings
    looking: Looking
    frame: ScopeFrame | None
    running: bool
    FILES = (
        ("png", N_("Picture (PNG)")),
        ("sr", N_("sigrok session, for PulseView")),
        ("csv", N_("Table (CSV)")),
        ("npz", N_("Arrays for numpy (npz)")),
    )

    def take(self) -> Any:
        """Take one record."""
        raise NotImplementedError

    def view(self) -> ScopeView:
        """Return what to ask for at the present size."""
        size = self.query_one(Plot).size
        return self.looking.view(size.width or 80, size.height or 16)

    def _set_anew(self) -> None:
        """Let new settings count: at once for what is drawn, and for the next record."""
        self.redraw()
        if self.running:
            self.take_control()

    # -- taking records ------------------------------------------------------------------------------------------

    def action_run_stop(self) -> None:
        """Run, or stop and keep the last record."""
        if self.running:
            self.running = False
            self.stop()
            return
        self.running = True
        self.notice.clear()
        self.take_control()
        self.redraw()

    def action_single(self) -> None:
        """Take one record."""
        self.notice.clear()
        self.take()

    @work(group="dialog", exclusive=True)
    async def action_channel(self) -> None:
        """Choose a channel, then how it is set."""
        rows = [
            Row(str(number), (f"CH{number}", _("on") if number in self.settings.on else _("off")))
            for number in CHANNELS
        ]
        columns = (Column(N_("Channel"), 10), Column(N_("State")))
        chosen = await self.bench_app.push_screen_wait(ChooseDialog(N_("Which channel?"), rows, columns))
        if chosen is None:
            return
        was = self.settings.channels[int(chosen)]
        fields = (
            Field("on", N_("On"), N_("y / n"), value="y"),
            Field("scale", N_("Volts a division"), required=True, value=f"{was.scale_v:g}"),
            Field("offset", N_("Offset in V"), value=f"{was.offset_v:g}"),
            Field("coupling", N_("Coupling"), N_("dc / ac"), value=was.coupling, suggestions=("dc", "ac")),
            Field("probe", N_("Probe"), N_("10 for ×10"), value=f"{was.probe:g}"),
        )
        title, about = N_("Set the channel"), f"CH{chosen}"
        made = await fill_in(self.bench_app, title, fields, N_("Set"), _channel_of(int(chosen)), about=about)
        if made is None:
            return
        channel, on = made
        self.settings.channels[channel.channel] = channel
        if on:
            self.settings.on.add(channel.channel)
        elif len(self.settings.on) > 1:
            self.settings.on.discard(channel.channel)
        else:
            self.notice.say(_("One channel stays on."), "info")
        self._set_anew()

    @work(group="dialog", exclusive=True)
    async def action_timing(self) -> None:
        """Set length of the record and trigger."""
        was = self.settings.trigger
        fields = (
            Field("span", N_("Length of the record in s"), required=True, value=f"{self.settings.span_s:g}"),
            Field("trigger", N_("Trigger channel"), N_("empty: take a record at once"), value=str(was.channel or "")),
            Field("level", N_("Trigger level in V"), value=f"{was.level_v:g}"),
            Field("slope", N_("Edge"), value=_(_SLOPES[was.slope]), choices=choices_of(_SLOPES)),
        )
        title, check = N_("Set the time base"), _timing_of(self.settings.on)
        made = await fill_in(self.bench_app, title, fields, N_("Set"), check, about=self.role)
        if made is None:
            return
        self.settings.span_s, self.settings.trigger = made
        self.looking.whole()
        self._set_anew()

    # -- looking ---------------------------------------------------------------------------------------------------

    def action_fit(self) -> None:
        """Let the traces fill the screen."""
        if self.frame is not None and self.frame.traces and self.frame.traces[0].axis == "s":
            self.settings.fit(self.frame.traces)
            self._set_anew()

    def action_cursors(self) -> None:
        """Move the next one."""
        if self.frame is not None:
            self.looking.next_moved(self.frame)
            self.look()

    def action_shift(self, cells: int) -> None:
        """Move the view, or a cursor by cells."""
        if self.frame is None:
            return
        if self.looking.moves == "view":
            self.looking.pan(self.frame, cells / 10)
        else:
            width = max(self.query_one(Plot).size.width, 1)
            begin, end = self.looking.window(self.frame)
            self.looking.move_cursor(self.frame, cells * (end - begin) / width)
            self.redraw()
        self.look()

    def action_zoom(self, steps: int) -> None:
        """Show less or more time."""
        if self.frame is not None:
            self.looking.zoom(self.frame, 2.0**steps)
            self.look()

    def action_whole(self) -> None:
        """Show all of it."""
        self.looking.whole()
        self.look()

    @work(group="dialog", exclusive=True)
    async def action_show(self) -> None:
        """Choose what else is shown."""
        rows = [Row(name, (_(title),)) for name, title in _SHOW]
        dialog = ChooseDialog(N_("What is to be shown?"), rows, at=self.looking.mode)
        match await self.bench_app.push_screen_wait(dialog):
            case "time" | "spectrum" | "xy" as mode:
                self.looking = changed_looking(self.looking, mode=mode)
            case "golden" | "mask" | "none" as overlay:
                self.looking = changed_looking(self.looking, overlay=overlay, mode="time")
            case "table":
                self.looking.table = not self.looking.table
            case "no-bus":
                self.looking.decoding = None
            case "uart" | "i2c" | "spi" as protocol:
                if (decoding := await self._ask_lines(protocol)) is not None:
                    self.looking.decoding, self.looking.mode = decoding, "time"
            case "keep" | "forget" as act:
                words = N_("{count} golden records are kept; three or more give a verdict.")
                await self.keep_golden(words, forget=act == "forget")
        self.look()

    async def _ask_lines(self, protocol: str) -> Decoding | None:
        on = [f"ch{number}" for number in sorted(self.settings.on)]
        ask = {
            "uart": (("data", N_("Data line")),),
            "i2c": (("clock", N_("Clock line")), ("data", N_("Data line"))),
            "spi": (("clock", N_("Clock line")), ("data", N_("Data line")), ("select", N_("Select line (or none)"))),
        }[protocol]
        fields = [
            Field(name, label, required=name != "select", value=on[index] if index < len(on) else "")
            for index, (name, label) in enumerate(ask)
        ]
        if protocol == "uart":
            fields.append(Field("baud", N_("Baud rate"), N_("empty: found from the signal")))
        dialog = FormDialog(N_("Which lines?"), fields, N_("Decode"), about=protocol.upper())
        values = await self.bench_app.push_screen_wait(dialog)
        if values is None:
            return None
        lines = tuple(values[name].casefold() for name, _label in ask if values[name])
        baud = parse_number(values.get("baud", ""))
        return Decoding(protocol, lines, baud if baud and baud > 0 else None)  # type: ignore[arg-type]


def _channel_of(number: int) -> Callable[[Mapping[str, str]], tuple[ScopeChannel, bool] | str]:
    """Return what makes a channel of what was filled in, and whether it is on."""

    def check(values: Mapping[str, str]) -> tuple[ScopeChannel, bool] | str:
        scale, offset = (parse_number(values[name] or "0", "V") for name in ("scale", "offset"))
        probe, coupling = parse_number(values["probe"] or "0"), values["coupling"].casefold()
        if not scale or scale < 0 or offset is None or not probe or probe < 0 or coupling not in {"dc", "ac"}:
            return _("Give scale and probe as numbers above zero, and dc or ac.")
        channel = ScopeChannel(number, scale, offset, coupling, probe)  # type: ignore[arg-type]
        return channel, values["on"].casefold() in _YES

    return check


def _timing_of(on: Collection[int]) -> Callable[[Mapping[str, str]], tuple[float, ScopeTrigger] | str]:
    """Return what makes length and trigger of what was filled in; ``on`` are the channels that can trigger."""

    def check(values: Mapping[str, str]) -> tuple[float, ScopeTrigger] | str:
        span, level = parse_number(values["span"], "s"), parse_number(values["level"] or "0", "V")
        channel = values["trigger"].casefold().removeprefix("ch") or "0"
        slope = one_of(values["slope"] or "rising", _SLOPES)
        known = channel.isdecimal() and int(channel) in {0, *on}
        if not span or span < 0 or level is None or slope is None or not known:
            return _("Give length and level as numbers, a channel that is on, and rising or falling.")
        return span, ScopeTrigger(int(channel), level, slope)  # type: ignore[arg-type]

    return check
