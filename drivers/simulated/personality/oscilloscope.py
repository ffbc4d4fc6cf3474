"""A SCPI oscilloscope by its declaration: settings, single records with a trigger, and the memory in its own form."""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drivers.scpi.oscilloscope_model import SAMPLE_BYTES, ScpiOscilloscopeProfile
from drivers.simulated.noise import band_noise, instants
from drivers.simulated.personality.base import ScpiPersonality, number
from drivers.simulated.personality.grammar import OUT_OF_RANGE
from drivers.simulated.personality.values import beginning
from drivers.simulated.scope_record import Channel as Input
from drivers.simulated.scope_record import Trigger, find_trigger
from drivers.simulated.scpi_device import Answer
from drivers.simulated.wiring import Probe, Wiring
from protocols.ieee488 import format_block
from protocols.scope_preamble import DESCRIPTOR_BYTES
from protocols.scpi import ScpiError
from protocols.scpi_program import Kind, parse_parameter

POINTS = 2500
"""Of a record whose depth was not asked for."""
PIECE_POINTS = 1000
POINT_NAMES = ("TP_3V3", "TP_5V", "TP_RELAY", "TP_XTAL")
LOOK_AHEAD_S = 0.6
NOISE_DIVISIONS = 0.01
_CODES_A_DIVISION = {"uint8": 25.0, "int8": 25.0, "uint16": 4096.0, "int16": 7680.0}
_ZERO_CODE = {"uint8": 128, "int8": 0, "uint16": 32768, "int16": 0}


@dataclass
class Channel:
    """One input; volts are at the probe's tip."""

    probe: Probe
    scale_v: float = 1.0
    offset_v: float = 0.0
    ratio: float = 1.0
    coupling: str = "DC"
    limited: bool = False

    def input(self) -> Input:
        """Return it as the simulated oscilloscopes see it."""
        return Input(
            self.probe, self.scale_v, self.offset_v, coupling=self.coupling, ratio=self.ratio, limited=self.limited
        )


class OscilloscopePersonality(ScpiPersonality[ScpiOscilloscopeProfile]):
    """Takes no time: a record is complete one question after it was armed, if its trigger is found or forced."""

    def __init__(self, profile: ScpiOscilloscopeProfile, wiring: Wiring, name: str = "scope") -> None:
        super().__init__(profile, wiring, name)
        self.channels = {
            index + 1: Channel(
                wiring.probe(name if not index else f"{name}.{index + 1}", beginning(wiring, POINT_NAMES[index % 4]))
            )
            for index in range(profile.channels)
        }
        self._scale_s = 1e-3
        self._trigger = Trigger()
        self._depth: int | None = None
        self._state = "running"
        self._asked = False
        self._start_s = 0.0
        self._source = 1
        self._window: tuple[int, int] | None = None

    # -- settings ----------------------------------------------------------------------------------------------------

    def on_channel_probe(self, channel: int, ratio: str) -> Answer:
        """Set the probe's ratio."""
        self._channel(channel).ratio = parse_parameter(ratio).number(minimum=1e-3, maximum=1e5)
        return None

    def on_channel_scale(self, channel: int, scale_v: float) -> Answer:
        """Set volts a division."""
        one, limits = self._channel(channel), self.profile.vertical
        if not limits.minimum_scale_v * 0.999 <= scale_v / one.ratio <= limits.maximum_scale_v * 1.001:
            raise ScpiError(f"{scale_v:g} V a division is out of range", OUT_OF_RANGE)
        one.scale_v = scale_v
        return None

    def on_channel_offset(
        self,
        channel: int,
        offset_v: float | None = None,
        centre_v: float | None = None,
        position_div: float | None = None,
    ) -> Answer:
        """Move the trace, in whichever way this make counts it."""
        one = self._channel(channel)
        if offset_v is not None:
            one.offset_v = offset_v
        elif centre_v is not None:
            one.offset_v = -centre_v
        elif position_div is not None:
            one.offset_v = position_div * one.scale_v
        return None

    def on_channel_coupling(self, channel: int, coupling: str) -> Answer:
        """Set the coupling."""
        self._channel(channel).coupling = coupling
        return None

    def on_channel_bandwidth(self, limit: str, channel: int = 1) -> Answer:
        """Set the bandwidth limit."""
        self._channel(channel).limited = limit == "on"
        return None

    def on_ask_channel_scale(self, channel: int) -> Answer:
        """Tell volts a division."""
        return number(self._channel(channel).scale_v)

    def on_ask_channel_offset(self, channel: int) -> Answer:
        """Tell the offset."""
        return number(self._channel(channel).offset_v)

    def on_time_scale(self, scale_s: float) -> Answer:
        """Set seconds a division."""
        limits = self.profile.horizontal
        if not limits.minimum_scale_s * 0.999 <= scale_s <= limits.maximum_scale_s * 1.001:
            raise ScpiError(f"{scale_s:g} s a division is out of range", OUT_OF_RANGE)
        self._scale_s = scale_s
        return None

    def on_ask_time_scale(self) -> Answer:
        """Tell seconds a division."""
        return number(self._scale_s)

    def on_memory_depth(self, points: str) -> Answer:
        """Set the depth, or let the oscilloscope choose."""
        given = parse_parameter(points)
        deepest = max(self.profile.depths_for(1), default=POINTS)
        self._depth = given.integer(minimum=1, maximum=deepest) if given.kind is Kind.NUMBER else None
        return None

    def on_trigger_source(self, channel: int) -> Answer:
        """Set the trigger's channel."""
        self._trigger = Trigger(channel, self._trigger.level_v, self._trigger.slope)
        return None

    def on_trigger_slope(self, slope: str, channel: int | None = None) -> Answer:
        """Set the trigger's slope."""
        source = channel if channel is not None else self._trigger.channel
        self._trigger = Trigger(source, self._trigger.level_v, "NEG" if slope == "falling" else "POS")
        return None

    def on_trigger_level(self, level_v: float, channel: int | None = None) -> Answer:
        """Set the trigger's level."""
        source = channel if channel is not None else self._trigger.channel
        self._trigger = Trigger(source, level_v, self._trigger.slope)
        return None

    # -- acquiring ---------------------------------------------------------------------------------------------------

    def on_run(self) -> Answer:
        """Run freely."""
        self._state = "running"
        return None

    def on_stop(self) -> Answer:
        """Stop."""
        self._state = "stopped"
        return None

    def on_single(self) -> Answer:
        """Arm for one record."""
        self._state, self._asked, self._window = "armed", False, None
        return None

    def on_force_trigger(self) -> Answer:
        """Take the record now."""
        if self._state == "armed":
            self._take(self._now())
        return None

    def on_trigger_status(self) -> Answer:
        """Tell the state; the trigger is looked for after the first question."""
        state = self._state
        if state == "armed" and self._asked:
            source = self._channel(self._trigger.channel).input()
            begin = self._now() + self._span_s / 2
            found = find_trigger(source, self._trigger, begin, begin + LOOK_AHEAD_S, self._interval_s)
            if found is not None:
                self._take(found)
                state = "stopped"
        self._asked = True
        profile = self.profile
        if profile.running_bit is not None:
            word = 0 if state == "stopped" else 1 << profile.running_bit
            if state == "armed" and profile.waiting_bit is not None:
                word |= 1 << profile.waiting_bit
            return str(word)
        return {"stopped": profile.stopped, "armed": profile.waiting}.get(state, ("TD",))[0]

    def _take(self, trigger_s: float) -> None:
        self._start_s = trigger_s - self._span_s / 2
        self._state = "stopped"

    # -- the memory --------------------------------------------------------------------------------------------------

    def on_wave_source(self, channel: int) -> Answer:
        """Choose whose memory is read."""
        self._channel(channel)
        self._source, self._window = channel, None
        return None

    def on_wave_start(self, start: int | None = None, first: int | None = None) -> Answer:
        """Choose the first point of a piece (counted from 1, or from 0)."""
        begin = first if first is not None else (start or 1) - 1
        self._window = (begin, self._window[1] if self._window else self._points)
        return None

    def on_wave_stop(self, stop: int) -> Answer:
        """Choose the last point of a piece."""
        self._window = (self._window[0] if self._window else 0, stop)
        return None

    def on_wave_count(self, count: int) -> Answer:
        """Choose how many points a piece has."""
        begin = self._window[0] if self._window else 0
        self._window = (begin, begin + count)
        return None

    def on_ask_sample_rate(self) -> Answer:
        """Tell the sample rate."""
        return f"{1.0 / self._interval_s:.9g}Sa/s"

    def on_ask_points(self) -> Answer:
        """Tell the length of the record."""
        return number(self._points)

    def on_ask_chunk_points(self) -> Answer:
        """Tell the longest piece."""
        return number(PIECE_POINTS)

    def on_wave_preamble(self) -> Answer:
        """Describe the record."""
        wave, one = self.profile.wave, self._channel(self._source)
        if wave.kind == "descriptor":
            return self._descriptor()
        increment = one.scale_v / self._codes_a_division
        origin = one.offset_v / increment if wave.y_origin_in == "codes" else -one.offset_v
        values = {
            "points": float(self._points),
            "x_increment": self._interval_s,
            "x_origin": -self._span_s / 2,
            "y_increment": increment,
            "y_origin": origin,
            "y_reference": float(_ZERO_CODE[wave.sample]),
            "count": 1.0,
        }
        return wave.separator.join(f"{values.get(name, 0.0):.9E}" for name in wave.preamble)

    def on_wave_data(self, channel: int | None = None) -> Answer:
        """Give the samples of the piece chosen, or all."""
        source = channel if channel is not None else self._source
        begin, end = self._window or (0, self._points)
        if not 0 <= begin < end <= self._points:
            raise ScpiError(f"no points {begin + 1} to {end}", OUT_OF_RANGE)
        return format_block(self._codes(source, begin, end).tobytes())

    def _codes(self, channel: int, begin: int, end: int) -> npt.NDArray[np.generic]:
        one, sample = self._channel(channel), self.profile.wave.sample
        times = instants(self._start_s, self._interval_s, end - begin, begin)
        source = one.input()
        mean = source.mean_v(self._start_s, self._span_s, one.probe.point)
        volts = source.input_v(times, one.probe.point, mean)
        volts = volts + NOISE_DIVISIONS * one.scale_v * band_noise(times, 50e6, 11 + channel)
        codes = np.rint((volts + one.offset_v) / one.scale_v * self._codes_a_division) + _ZERO_CODE[sample]
        limits = np.iinfo(sample)
        kept: npt.NDArray[np.generic] = np.clip(codes, limits.min, limits.max).astype(
            np.dtype(sample).newbyteorder("<")
        )
        return kept

    def _descriptor(self) -> bytes:
        """Return Siglent's binary description of the record (346 bytes, little-endian)."""
        one = self._channel(self._source)
        block = bytearray(DESCRIPTOR_BYTES)
        block[:8] = b"WAVEDESC"
        struct.pack_into("<hh", block, 32, int(SAMPLE_BYTES[self.profile.wave.sample] == 2), 0)
        struct.pack_into("<i", block, 116, self._points)
        settings = (one.scale_v / one.ratio, one.offset_v / one.ratio, self._codes_a_division)
        struct.pack_into("<fff", block, 156, *settings)
        struct.pack_into("<f", block, 176, self._interval_s)
        struct.pack_into("<f", block, 328, one.ratio)
        return format_block(bytes(block))

    @property
    def _codes_a_division(self) -> float:
        return self.profile.wave.codes_per_division or _CODES_A_DIVISION[self.profile.wave.sample]

    @property
    def _points(self) -> int:
        return self._depth or POINTS

    @property
    def _span_s(self) -> float:
        return self._scale_s * self.profile.horizontal.divisions

    @property
    def _interval_s(self) -> float:
        return self._span_s / self._points

    def _now(self) -> float:
        return self.wiring.device.now()

    def _channel(self, number: int) -> Channel:
        if number not in self.channels:
            raise ScpiError(f"no channel {number}", -114)
        return self.channels[number]
