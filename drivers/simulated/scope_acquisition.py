"""The acquisition of an oscilloscope: memory, sample rate, arming, waiting for the trigger, freezing the record."""

import math
from collections.abc import Callable

from drivers.simulated.scope_record import DIVISIONS, Channel, Record, Trigger, find_trigger
from protocols.scpi import ScpiError

MAX_RATE_HZ = 1e9
DEPTHS = (12_000, 120_000, 1_200_000, 12_000_000, 24_000_000)
"""Memory depths with one channel on; two channels have half of it each, three or four a quarter."""
AUTO_DEPTH = 1_200_000
"""The most that automatic depth takes: it keeps the sample rate high (the manual leaves the choice to the scope)."""
LOOK_AHEAD_S = 0.6
"""When measurements take no time, how far beyond the present a trigger is looked for."""
_LONGEST_LOOK_S = 2.0
_OVERLAP_S = 1e-3


class Acquisition:
    """Settings and state. ``waits`` tells whether time passes while it waits for a trigger (else it looks ahead)."""

    def __init__(
        self, channels: list[Channel], *, now: Callable[[], float], waits: Callable[[], bool], clock_error: float
    ) -> None:
        self.channels = channels
        self.now = now
        self._waits = waits
        self.clock_error = clock_error
        self.scale_s, self.delay_s = 1e-6, 0.0
        self.trigger, self.sweep = Trigger(), "AUTO"
        self.depth: int | None = None
        """Which of ``DEPTHS`` was asked for; ``None`` is automatic."""
        self.state = "RUN"
        self.record: Record | None = None
        self.armed_s = now()

    def run(self) -> None:
        """Start anew."""
        self.state = "SINGLE" if self.sweep == "SING" else "RUN"
        self.armed_s = self.now()

    def halt(self) -> None:
        """Stop; what was on the screen stays."""
        if self.state == "RUN":
            self.fresh()
        self.state = "STOP"

    def single(self) -> None:
        """Arm for one record."""
        self.state, self.sweep, self.record = "SINGLE", "SING", None
        self.armed_s = self.now()

    def force(self) -> None:
        """Trigger now."""
        if self.state != "STOP":
            depth, rate = self.memory()
            self.record = self.take(self.now() + (0.0 if self._waits() else depth / rate / 2))
            self.state = "STOP" if self.state == "SINGLE" else self.state

    def share(self) -> int:
        """Return into how many parts the memory and the converters are divided."""
        shown = sum(channel.displayed for channel in self.channels)
        return 1 if shown <= 1 else 2 if shown == 2 else 4

    def memory(self) -> tuple[int, float]:
        """Return depth (points a channel) and sample rate (Hz)."""
        share = self.share()
        limit = MAX_RATE_HZ / share
        span = DIVISIONS * self.scale_s
        if self.depth is not None:
            chosen = DEPTHS[self.depth] // share
            return chosen, min(limit, chosen / span)
        depth = next(d for d in DEPTHS if d >= min(AUTO_DEPTH, limit * share * span * 0.999)) // share
        return depth, min(limit, depth / span)

    def take(self, trigger_s: float) -> Record:
        """Sample a record around ``trigger_s``."""
        depth, rate = self.memory()
        interval = (1.0 + self.clock_error) / rate
        start = trigger_s + self.delay_s - depth * interval / 2
        points = tuple(channel.probe.point for channel in self.channels)
        return Record(tuple(self.channels), points, start, trigger_s, interval, 1.0 / rate, depth)

    def look(self, ahead_s: float) -> tuple[float | None, float]:
        """Look for the trigger from the moment of arming until now and ``ahead_s`` beyond, a while at a time.

        Returns where it fired (``None``: nowhere), and until when was looked.
        """
        depth, rate = self.memory()
        begin = self.armed_s + depth / rate / 2 - self.delay_s
        until = max(begin, self.now()) + ahead_s if ahead_s else self.now()
        until = min(until, begin + _LONGEST_LOOK_S)
        channel = self.channels[self.trigger.channel - 1]
        return find_trigger(channel, self.trigger, begin, until, 1.0 / rate), until

    def advance(self) -> None:
        """Let the acquisition go on to the present."""
        if self.state != "SINGLE":
            return
        depth, rate = self.memory()
        half_s, now = depth / rate / 2, self.now()
        found, until = self.look(0.0 if self._waits() else LOOK_AHEAD_S)
        if found is None:  # what lies ahead may still change: look at it again
            self.armed_s = max(self.armed_s, min(until, now) - half_s + self.delay_s - _OVERLAP_S)
        elif not self._waits() or now >= found + half_s + self.delay_s:
            self.record = self.take(found)
            self.state = "STOP"

    def fresh(self) -> Record:
        """Return the record on the screen: the stopped one, or (running) one of just now."""
        self.advance()
        if self.state == "STOP" and self.record is not None:
            return self.record
        if self.state != "SINGLE":
            self.armed_s = self.now()
            found, _ = self.look(LOOK_AHEAD_S)
            if found is None and self.sweep == "AUTO":
                depth, rate = self.memory()
                found = self.armed_s + depth / rate / 2
            if found is not None:
                self.record = self.take(found)
        if self.record is None:
            raise ScpiError("nothing was acquired yet", -230)
        return self.record

    def status(self) -> str:
        """Return what the screen's corner shows: ``STOP``, ``WAIT``, ``RUN`` (filling), ``TD`` or ``AUTO``."""
        self.advance()
        if self.state == "STOP":
            return "STOP"
        if self.state == "SINGLE":
            return "WAIT"
        now = self.now()
        sweep_s = DIVISIONS * self.scale_s
        if math.fmod(now - self.armed_s, sweep_s + 0.01) < sweep_s / 2:
            return "RUN" if self.sweep == "AUTO" else "WAIT"
        channel = self.channels[self.trigger.channel - 1]
        if find_trigger(channel, self.trigger, now - 0.02, now, 1e-6) is not None:
            return "TD"
        return "AUTO" if self.sweep == "AUTO" else "WAIT"
