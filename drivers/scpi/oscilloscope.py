"""SCPI oscilloscopes with preamble and piecewise memory reading, driven by their declaration."""

import math
import re
import time
from collections.abc import Sequence
from typing import Any

from drivers.capabilities import ChannelSetup, Coupling, Oscilloscope, RecordLimits, Slope, TriggerSetup
from drivers.errors import InstrumentRefused, NoResponse, OutOfRange
from drivers.scpi.instrument import ScpiInstrument
from drivers.scpi.link import ScpiLink
from drivers.scpi.model import Value
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.scpi.oscilloscope_record import read_record
from protocols.waveform import Waveform

POLL_STATUS_S = 0.02
ARM_S = 0.3
"""Time within which an armed oscilloscope has left its stopped state; a shorter record may be over before we look."""
FORCE_EVERY_S = 0.1
STEPS = {"1-2-5": (1.0, 2.0, 5.0, 10.0), "1-2.5-5": (1.0, 2.5, 5.0, 10.0)}
IMMEDIATE = TriggerSetup()


class ScpiOscilloscope(ScpiInstrument[ScpiOscilloscopeProfile], Oscilloscope):
    """An oscilloscope of the ``scpi-oscilloscope`` profiles.

    ``trigger_timeout_s`` is how long a record may wait for its trigger, beside the length of the record itself.
    """

    def __init__(self, link: ScpiLink, *, trigger_timeout_s: float = 10.0, **_: Any) -> None:
        super().__init__(link)
        self._trigger_timeout_s = trigger_timeout_s
        self._channels = self.profile.channels

    def identify(self) -> str:
        """Return the ``*IDN?`` answer, which also tells how many channels this model has."""
        answer = super().identify()
        found = re.search(self.profile.channel_count, answer) if self.profile.channel_count else None
        if found is not None:
            self._channels = int(found[1])
        return answer

    def limits_of_error(self, setup: ChannelSetup) -> RecordLimits | None:
        """Return the limits of the profile's accuracy specification for one channel's settings."""
        stated = self.profile.vertical_accuracy
        if stated is None or self.profile.clock_tolerance_ppm is None:
            return None
        offset_v = stated.offset_divisions * setup.scale_v + stated.offset_v * setup.probe_ratio
        offset_v += stated.offset_percent / 100 * abs(setup.offset_v)
        return RecordLimits(stated.gain_percent / 100, offset_v, self.profile.clock_tolerance_ppm * 1e-6)

    def capture(
        self,
        channels: Sequence[ChannelSetup],
        *,
        span_s: float,
        trigger: TriggerSetup = IMMEDIATE,
        points: int | None = None,
    ) -> tuple[Waveform, ...]:
        """Take one record: set up, arm, wait, read every channel's memory in pieces."""
        scale_s = self._time_scale(span_s)
        self._check(channels, trigger, points)
        self._set_up(channels, scale_s, trigger, points)
        record_s = scale_s * self.profile.horizontal.divisions
        self._acquire(record_s, forced=trigger.channel == 0)
        return tuple(read_record(self.link, self.profile, setup, record_s) for setup in channels)

    def _time_scale(self, span_s: float) -> float:
        limits = self.profile.horizontal
        wanted = span_s / limits.divisions
        if not (math.isfinite(wanted) and 0 < wanted <= limits.maximum_scale_s * (1 + 1e-9)):
            longest = limits.maximum_scale_s * limits.divisions
            raise OutOfRange(f"{self.link.label}: span_s must be above 0 and at most {longest:g} s, not {span_s:g} s")
        return max(_next_step(wanted, STEPS[limits.steps]), limits.minimum_scale_s)

    def _check(self, channels: Sequence[ChannelSetup], trigger: TriggerSetup, points: int | None) -> None:
        label, profile = self.link.label, self.profile
        numbers = [setup.channel for setup in channels]
        if not numbers or len(set(numbers)) != len(numbers) or not set(numbers) <= set(range(1, self._channels + 1)):
            raise OutOfRange(f"{label}: channels must be different numbers from 1 to {self._channels}, not {numbers}")
        for setup in channels:
            self._check_channel(setup)
        depths = profile.depths_for(len(channels))
        if points is not None and points not in depths:
            allowed = f"must be one of {', '.join(map(str, depths))}" if depths else "cannot be chosen"
            raise OutOfRange(f"{label}: with {len(channels)} channels the memory depth {allowed}, not {points}")
        if trigger.channel:
            by_number = {setup.channel: setup for setup in channels}
            if trigger.channel not in by_number:
                raise OutOfRange(f"{label}: the trigger channel {trigger.channel} is not among the channels captured")
            source = by_number[trigger.channel]
            half = source.scale_v * profile.vertical.divisions / 2 * 1.25
            if not -half <= trigger.level_v + source.offset_v <= half:
                raise OutOfRange(
                    f"{label}: the trigger level must be from {-half - source.offset_v:g} to "
                    f"{half - source.offset_v:g} V on this scale, not {trigger.level_v:g} V"
                )

    def _check_channel(self, setup: ChannelSetup) -> None:
        limits = self.profile.vertical
        at_input_v = setup.scale_v / setup.probe_ratio if setup.probe_ratio > 0 else math.nan
        where = f"{self.link.label}, channel {setup.channel}"
        self.link.check("channel_probe", channel=setup.channel, ratio=f"{setup.probe_ratio:g}")
        if not limits.minimum_scale_v * (1 - 1e-9) <= at_input_v <= limits.maximum_scale_v * (1 + 1e-9):
            raise OutOfRange(
                f"{where}: scale_v must be from {limits.minimum_scale_v * setup.probe_ratio:g} to "
                f"{limits.maximum_scale_v * setup.probe_ratio:g} V with this probe, not {setup.scale_v:g} V"
            )
        if not limits.fine and not math.isclose(_next_step(at_input_v, STEPS["1-2-5"]), at_input_v, rel_tol=1e-6):
            raise OutOfRange(f"{where}: scale_v must be a 1-2-5 step, not {setup.scale_v:g} V")
        largest = limits.largest_offset_v(at_input_v) * setup.probe_ratio
        if not abs(setup.offset_v) <= largest:
            raise OutOfRange(f"{where}: offset_v must be within ±{largest:g} V, not {setup.offset_v:g} V")

    def _set_up(
        self, channels: Sequence[ChannelSetup], scale_s: float, trigger: TriggerSetup, points: int | None
    ) -> None:
        link, profile = self.link, self.profile
        link.send_if_declared("prepare")
        link.send("run")  # the depth can be set only while running
        used = {setup.channel for setup in channels}
        for number in range(1, self._channels + 1):
            link.send("channel_display", channel=number, on=number in used)
        for setup in channels:
            self._set_up_channel(setup)
        link.send_if_declared("time_mode")
        link.send("time_scale", scale_s=scale_s)
        link.send("time_offset", offset_s=0)
        depth = str(points) if points else profile.automatic_depth
        if depth is not None and link.has("memory_depth"):
            link.send("memory_depth", points=depth)
        link.send_if_declared("trigger_mode")
        source = trigger.channel or channels[0].channel
        self._send_used("trigger_source", channel=source)
        slope = "falling" if trigger.slope is Slope.FALLING else "rising"
        self._send_used("trigger_slope", channel=source, slope=slope)
        if trigger.channel:
            self._send_used("trigger_level", channel=source, level_v=trigger.level_v)
        link.check_errors()
        for setup in channels:
            told = link.ask_number("ask_channel_scale", channel=setup.channel)
            self._compare(f"channel {setup.channel} scale", setup.scale_v, told, "V")
        self._compare("time base", scale_s, link.ask_number("ask_time_scale"), "s")

    def _set_up_channel(self, setup: ChannelSetup) -> None:
        link, number = self.link, setup.channel
        link.send("channel_probe", channel=number, ratio=f"{setup.probe_ratio:g}")
        link.send_if_declared("channel_fine", channel=number, on=True)
        link.send("channel_scale", channel=number, scale_v=setup.scale_v)
        self._send_used(
            "channel_offset",
            channel=number,
            offset_v=setup.offset_v,
            centre_v=-setup.offset_v if setup.offset_v else 0.0,
            position_div=setup.offset_v / setup.scale_v,
        )
        coupling = "AC" if setup.coupling is Coupling.AC else "DC"
        link.send("channel_coupling", channel=number, coupling=coupling)
        link.send("channel_bandwidth", channel=number, limit="on" if setup.bandwidth_limit else "off")

    def _send_used(self, name: str, **values: Value) -> None:
        """Send a command with those of ``values`` that it has arguments for: dialects need different ones."""
        used = self.profile.commands[name].arguments
        self.link.send(name, **{key: value for key, value in values.items() if key in used})

    def _compare(self, what: str, wanted: float, told: float, unit: str) -> None:
        if not math.isclose(wanted, told, rel_tol=1e-3):
            raise InstrumentRefused(f"{self.link.label} took {told:g} {unit} as {what} instead of {wanted:g} {unit}")

    def _acquire(self, record_s: float, *, forced: bool) -> None:
        link = self.link
        link.send("single")
        began = time.monotonic()
        armed = False
        forced_at = began - FORCE_EVERY_S
        while True:
            status, stopped, waiting = self._status()
            now = time.monotonic()
            armed = armed or not stopped or now - began > ARM_S + record_s
            if armed and stopped:
                return
            if forced and waiting and now - forced_at >= FORCE_EVERY_S:
                link.send("force_trigger")
                forced_at = now
            if now - began > self._trigger_timeout_s + 2 * record_s:
                link.send("stop")
                raise NoResponse(
                    f"{link.label} did not trigger within {self._trigger_timeout_s:g} s (status {status}); "
                    f"check probe, trigger channel and level"
                )
            link.pause(POLL_STATUS_S)

    def _status(self) -> tuple[str, bool, bool]:
        """Return the state as told, whether the record is complete, and whether it waits for a trigger."""
        profile = self.profile
        if profile.running_bit is None:
            status = self.link.ask("trigger_status").upper()
            return status, status in profile.stopped, status in profile.waiting
        bits = self.link.ask_integer("trigger_status")
        waiting = profile.waiting_bit is not None and bool(bits >> profile.waiting_bit & 1)
        return str(bits), not bits >> profile.running_bit & 1, waiting


def _next_step(value: float, factors: Sequence[float]) -> float:
    """Return the smallest of ``factors`` times a power of ten that is not below ``value``."""
    decade = 10.0 ** math.floor(math.log10(value))
    for factor in factors:
        if value <= factor * decade * (1 + 1e-9):
            return float(f"{factor * decade:.6g}")
    return 10.0 * decade
