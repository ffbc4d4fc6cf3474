"""What a frame of an oscilloscope says in words: settings, measurements, cursors."""

from collections.abc import Iterable

from textual.content import Content

from edge_agent.local_api.scope import Measured, ScopeFrame, Trace
from edge_agent.local_api.views import Quantity
from protocols.quantity import format_value
from tui.heard import heard
from tui.i18n import _
from tui.scope_settings import Looking, Settings
from tui.words import MEASURES, called

STYLES = {"ch1": "accent", "ch2": "primary", "ch3": "error", "ch4": "success"}
"""Colours of channels as theme variables; the name stands beside wherever one is used."""
SPECTRUM_DB = 120.0
"""What the height of a spectrum is."""
_COUPLINGS = {"dc": "DC", "ac": "AC"}


def settings_line(settings: Settings, frame: ScopeFrame | None) -> Content:
    """Return channels, trigger and time base."""
    parts = []
    for number in sorted(settings.on):
        one = settings.channels[number]
        words = f"CH{number} {format_value(one.scale_v, 'V', 3)}/{_('div')} {_COUPLINGS[one.coupling]}"
        if one.offset_v:
            words += f" {format_value(one.offset_v, 'V', 3)}"
        parts.append(Content.styled(words, f"bold $text-{STYLES[f'ch{number}']}"))
    trigger = settings.trigger
    words = _("no trigger")
    if trigger.channel in settings.on:
        arrow = "↑" if trigger.slope == "rising" else "↓"
        words = f"T CH{trigger.channel} {arrow} {format_value(trigger.level_v, 'V', 3)}"
    parts.append(Content(words))
    if frame is not None:
        parts.append(Content(_scales(frame)))
    return Content("  ").join(parts)


def _scales(frame: ScopeFrame) -> str:
    """Return what a division is, or what the edges of an X-Y picture are."""
    if frame.xy is not None:
        edges = ((frame.xy.x, frame.xy.x_range), (frame.xy.y, frame.xy.y_range))
        return "  ".join(
            f"{axis} {name.upper()} {format_value(low, 'V', 3)} … {format_value(high, 'V', 3)}"
            for axis, (name, (low, high)) in zip("XY", edges, strict=True)
        )
    if is_spectrum(frame):
        return f"{format_value(_reach(frame) / 10, 'Hz', 3)}/{_('div')}  {SPECTRUM_DB / 8:g} dB/{_('div')}"
    return f"{format_value((frame.stop_s - frame.start_s) / 10, 's', 3)}/{_('div')}"


def is_spectrum(frame: ScopeFrame) -> bool:
    """Whether the traces are spectra."""
    return bool(frame.traces) and frame.traces[0].axis == "Hz"


def _reach(frame: ScopeFrame) -> float:
    return max(trace.step * len(trace.low) for trace in frame.traces)


def _peak(trace: Trace) -> str:
    """Return the highest line of a spectrum beside the constant part, and where it is."""
    levels = trace.high[1:] or trace.high
    level = max(levels)
    at = (trace.high.index(level, min(1, len(trace.high) - 1)) + 0.5) * trace.step
    return f"{level:.1f} {trace.unit} @ {format_value(at, 'Hz', 3)}"


def record_line(frame: ScopeFrame, looking: Looking) -> Content:
    """Return what the record is, and what is shown of it."""
    words = [
        _("record {number}").format(number=frame.number),
        _("{count} samples").format(count=f"{frame.samples:,}"),
        format_value(frame.sample_rate_hz, "Hz", 3).replace("Hz", "Sa/s"),
    ]
    if looking.start_s is not None:
        whole = frame.record_stop_s - frame.record_start_s
        words.append(f"×{whole / max(frame.stop_s - frame.start_s, 1e-15):.3g}")
    if is_spectrum(frame):
        peaks = (f"{trace.name.upper()} {_('peak')} {_peak(trace)}" for trace in frame.traces if trace.high)
        words.append(f"0 … {format_value(_reach(frame), 'Hz', 3)}, {', '.join(peaks)}")
    if looking.mode != "time":
        words.append({"spectrum": _("spectrum"), "xy": "X-Y"}[looking.mode])
    if looking.overlay != "none":
        words.append({"golden": _("golden"), "mask": _("mask")}[looking.overlay])
    return Content.styled("  ".join(words), "$text-muted")


def readout(frame: ScopeFrame, looking: Looking, width: int, lines: int) -> Content:
    """Return measurements, cursors and notes in at most ``lines`` lines of ``width`` cells."""
    found: list[Content] = []
    if looking.cursors is not None:
        a, b = looking.cursors
        apart = b - a
        words = f"A {format_value(a, 's', 4)}   B {format_value(b, 's', 4)}   Δ {format_value(apart, 's', 4)}"
        words += f" ({format_value(1 / abs(apart), 'Hz', 4)})" if apart else ""
        moved = {"a": _("← → move A"), "b": _("← → move B")}.get(looking.moves, "")
        found.append(Content.assemble((words, "bold"), (f"   {moved}", "$text-muted")))
        found += _lines(frame.between, width)
    found += _lines(frame.measured, width)
    found += [Content.styled("! " + heard(note), "$text-warning") for note in frame.notes]
    return Content("\n").join(found[:lines])


def _lines(measured: Iterable[Measured], width: int) -> list[Content]:
    lines = []
    for one in measured:
        line = Content.styled(one.name.upper(), f"bold $text-{STYLES.get(one.name, 'muted')}")
        for quantity in one.quantities:
            part = Content(f"  {called(MEASURES, quantity.name)} {_value(quantity)}")
            if line.cell_length + part.cell_length > width:
                break
            line = line + part
        if not one.quantities and one.note:
            line = line + Content.styled("  " + heard(one.note), "$text-warning")
        lines.append(line)
    return lines


def _value(quantity: Quantity) -> str:
    if isinstance(quantity.value, bool):
        return "✓ " + _("yes") if quantity.value else "✗ " + _("no")
    if quantity.value is None or isinstance(quantity.value, str):
        return str(quantity.value or "–")
    return format_value(quantity.value, quantity.unit, 4)
