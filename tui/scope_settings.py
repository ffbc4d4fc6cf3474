"""How an oscilloscope is set, and what of its record is looked at: plain values that the scope's screen changes."""

import math
from dataclasses import dataclass, field

from edge_agent.local_api.scope import (
    Decoding,
    ScopeChannel,
    ScopeFrame,
    ScopeSetup,
    ScopeTrigger,
    ScopeView,
    Trace,
)

CHANNELS = (1, 2, 3, 4)
DIVISIONS_UP = 8
FIT = 0.75
"""Part of the height that a fitted trace takes."""


def nice(value: float) -> float:
    """Return the next step of 1-2-5 that is not below ``value``."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 5) if step * power >= value * (1 - 1e-9)), 10 * power)


@dataclass
class Settings:
    """What the next record is taken with; ``channels`` holds those that are on and those that were."""

    channels: dict[int, ScopeChannel] = field(
        default_factory=lambda: {number: ScopeChannel(number, 1.0) for number in CHANNELS}
    )
    on: set[int] = field(default_factory=lambda: {1})
    span_s: float = 0.01
    trigger: ScopeTrigger = field(default_factory=ScopeTrigger)
    points: int | None = None

    def setup(self) -> ScopeSetup:
        """Return it as the agent wants it."""
        channels = tuple(self.channels[number] for number in sorted(self.on))
        trigger = self.trigger if self.trigger.channel in self.on else ScopeTrigger()
        return ScopeSetup(channels, self.span_s, trigger, self.points)

    def adopt(self, setup: ScopeSetup) -> None:
        """Take over how a record was taken that was there before this screen."""
        self.channels |= {one.channel: one for one in setup.channels}
        self.on = {one.channel for one in setup.channels}
        self.span_s, self.trigger, self.points = setup.span_s, setup.trigger, setup.points

    def edges(self, name: str) -> tuple[float, float]:
        """Return the values at the upper and lower edge for the trace ``name`` (``ch1`` …)."""
        one = self.channels.get(int(name.removeprefix("ch")) if name.removeprefix("ch").isdecimal() else 0)
        if one is None:
            return 4.0, -4.0
        return -one.offset_v + DIVISIONS_UP / 2 * one.scale_v, -one.offset_v - DIVISIONS_UP / 2 * one.scale_v

    def fit(self, traces: tuple[Trace, ...]) -> None:
        """Choose scale and offset so that each trace fills most of its share of the height, the first uppermost."""
        names = {trace.name.removeprefix("ch"): trace for trace in traces if trace.low}
        known = [(int(name), trace) for name, trace in names.items() if name.isdecimal() and int(name) in self.channels]
        share = DIVISIONS_UP / max(len(known), 1)
        for place, (name, trace) in enumerate(known):
            low, high = min(trace.low), max(trace.high)
            scale = nice((high - low) / (share * FIT) or abs(high) / DIVISIONS_UP or 0.01)
            was = self.channels[name]
            middle = DIVISIONS_UP / 2 - (place + 0.5) * share
            offset = round((middle - (low + high) / 2 / scale) * 2) / 2 * scale
            self.channels[name] = ScopeChannel(was.channel, scale, offset, was.coupling, was.probe, was.bandwidth_limit)


@dataclass
class Looking:
    """The window into the record, the cursors, and what else is shown. ``None`` edges mean the whole record."""

    start_s: float | None = None
    stop_s: float | None = None
    cursors: tuple[float, float] | None = None
    moves: str = "view"
    """What the arrow keys move: ``view``, ``a`` or ``b``."""
    mode: str = "time"
    overlay: str = "none"
    table: bool = True
    decoding: Decoding | None = None

    def view(self, width: int, height: int) -> ScopeView:
        """Return what to ask the agent for, for a field of so many cells."""
        return ScopeView(
            columns=max(2 * width, 2),
            rows=max(4 * height, 2),
            start_s=self.start_s,
            stop_s=self.stop_s,
            mode=self.mode,  # type: ignore[arg-type]
            overlay=self.overlay,  # type: ignore[arg-type]
            decoding=self.decoding,
            cursors=self.cursors,
            table=self.table,
        )

    def window(self, frame: ScopeFrame) -> tuple[float, float]:
        """Return what is looked at, of which ``frame`` may not tell yet: keys come faster than answers."""
        start = frame.record_start_s if self.start_s is None else self.start_s
        return start, frame.record_stop_s if self.stop_s is None else self.stop_s

    def pan(self, frame: ScopeFrame, part: float) -> None:
        """Move the window by a part of its length, no further than the record reaches."""
        begin, end = self.window(frame)
        length = end - begin
        start = min(max(begin + part * length, frame.record_start_s), frame.record_stop_s - length)
        self.start_s, self.stop_s = start, start + length

    def zoom(self, frame: ScopeFrame, factor: float) -> None:
        """Make the window shorter (``factor`` below 1) or longer about its middle or the cursor that is moved."""
        whole = frame.record_stop_s - frame.record_start_s
        begin, end = self.window(frame)
        length = max((end - begin) * factor, 4 / frame.sample_rate_hz)
        if length >= whole:
            self.whole()
            return
        middle = (begin + end) / 2
        if self.cursors is not None and self.moves != "view":
            middle = self.cursors[0 if self.moves == "a" else 1]
        start = min(max(middle - length / 2, frame.record_start_s), frame.record_stop_s - length)
        self.start_s, self.stop_s = start, start + length

    def whole(self) -> None:
        """Show all of the record."""
        self.start_s = self.stop_s = None

    def next_moved(self, frame: ScopeFrame) -> None:
        """Let the arrow keys move the next of view, cursor A and cursor B; after B the cursors go."""
        if self.moves == "view":
            begin, end = self.window(frame)
            quarter = (end - begin) / 4
            self.cursors = self.cursors or (begin + quarter, end - quarter)
            self.moves = "a"
        elif self.moves == "a":
            self.moves = "b"
        else:
            self.moves, self.cursors = "view", None

    def move_cursor(self, frame: ScopeFrame, seconds: float) -> None:
        """Move the cursor that the arrow keys move."""
        if self.cursors is None:
            return
        a, b = self.cursors
        if self.moves == "a":
            a = min(max(a + seconds, frame.record_start_s), frame.record_stop_s)
        else:
            b = min(max(b + seconds, frame.record_start_s), frame.record_stop_s)
        self.cursors = (a, b)
