"""A SCPI function generator by its declaration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from drivers.capabilities import Wave
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.model import Value
from drivers.simulated.noise import Floats, band_noise
from drivers.simulated.personality.base import ScpiPersonality, text_matching
from drivers.simulated.personality.grammar import OUT_OF_RANGE, Call
from drivers.simulated.personality.instrument_classes import CommonCommands, GeneratorCommands
from drivers.simulated.scpi_device import Answer
from drivers.simulated.wiring import Wiring
from protocols.scpi import ScpiError

EDGE_SHARE = 1e-3


@dataclass(frozen=True)
class Setting:
    """One channel; volts are into a high impedance."""

    wave: Wave = Wave.SINE
    frequency_hz: float = 1000.0
    amplitude_vpp: float = 1.0
    offset_v: float = 0.0
    on: bool = False


class GeneratorPersonality(ScpiPersonality[ScpiGeneratorProfile]):
    """Its outputs are sources that a probe can touch: ``<NAME>1``, ``<NAME>2`` …"""

    def __init__(self, profile: ScpiGeneratorProfile, wiring: Wiring, name: str = "generator") -> None:
        super().__init__(profile, wiring, name)
        self.channels = {number: Setting() for number in range(1, profile.channels + 1)}
        for number in self.channels:
            wiring.sources[f"{name.upper()}{number}"] = _Output(self, number)

    def _carry_out(self, call: Call) -> Answer:
        for wave, model in self.profile.waves.items():
            if call.name == model.apply:
                self._apply(wave, call.values)
                return None
        return super()._carry_out(call)

    def _apply(self, wave: Wave, values: Mapping[str, Value]) -> None:
        channel = self._channel(values)
        model, limits = self.profile.waves[wave], self.profile.amplitude
        frequency, amplitude, offset = (
            float(values.get(name, default))
            for name, default in (("frequency_hz", 0.0), ("amplitude_vpp", 0.0), ("offset_v", 0.0))
        )
        low, high = model.minimum_hz, model.maximum_hz
        if low is not None and high is not None and not low <= frequency <= high:
            raise ScpiError(f"{frequency:g} Hz is out of range", OUT_OF_RANGE)
        if amplitude > 2 * limits.maximum_vpp * (1 + 1e-9) or abs(offset) + amplitude / 2 > 2 * limits.peak_v * 1.0001:
            raise ScpiError("amplitude and offset are out of range", OUT_OF_RANGE)
        self.channels[channel] = Setting(wave, frequency, amplitude, offset, self.channels[channel].on)

    def common_commands(self) -> CommonCommands:
        """Return those of a generator."""
        return GeneratorCommands(self, self.switch_off)

    def switch_off(self) -> None:
        """Switch every output off."""
        for number, old in self.channels.items():
            self.channels[number] = replace(old, on=False)

    def change(self, channel: int, **changes: Wave | float) -> None:
        """Change some of a channel's settings; the others stay."""
        number = self._channel({"channel": channel})
        wanted = replace(self.channels[number], **changes)  # type: ignore[arg-type] # fields by name
        if wanted.wave not in self.profile.waves:
            raise ScpiError(f"no shape {wanted.wave}", -224)
        values = {
            "channel": number,
            "frequency_hz": wanted.frequency_hz,
            "amplitude_vpp": wanted.amplitude_vpp,
            "offset_v": wanted.offset_v,
        }
        self._apply(wanted.wave, values)

    def channel_setting(self, channel: int) -> Setting:
        """Return a channel's settings."""
        return self.channels[self._channel({"channel": channel})]

    def on_output(self, on: bool, channel: int = 1) -> Answer:
        """Switch one output."""
        number = self._channel({"channel": channel})
        self.channels[number] = replace(self.channels[number], on=on)
        return None

    def on_ask_output(self, channel: int = 1) -> Answer:
        """Tell whether an output is on, in the words of this make (the load stands behind it in some)."""
        on = self.channels[self._channel({"channel": channel})].on
        state = str(int(on)) if "Keysight" in self.profile.maker else "ON" if on else "OFF"
        same = self.profile.commands["ask_output"].send == self.profile.commands["ask_load"].send
        return f"{state},{self._load()}" if same else state

    def on_ask_load(self, channel: int = 1) -> Answer:
        """Tell the load that levels are for: a high impedance."""
        return self.on_ask_output(channel) if "LOAD," in self._load() else self._load()

    def on_ask_settings(self, channel: int = 1) -> Answer:
        """Tell a channel's settings in the form that the profile reads back."""
        one = self.channels[self._channel({"channel": channel})]
        values = {
            "frequency": f"{one.frequency_hz:.9E}",
            "amplitude": f"{one.amplitude_vpp:.6E}",
            "offset": f"{one.offset_v:.6E}",
        }
        return text_matching(self.profile.readback, values)

    def voltage(self, number: int, times_s: Floats) -> Floats:
        """Return the volts at one output."""
        one = self.channels[number]
        if not one.on:
            return np.zeros(times_s.shape)
        phase = np.mod(times_s * one.frequency_hz, 1.0)
        half = one.amplitude_vpp / 2
        shape: Floats
        match one.wave:
            case Wave.SINE:
                shape = np.sin(2 * math.pi * phase)
            case Wave.RAMP:
                shape = 2 * phase - 1
            case Wave.SQUARE | Wave.PULSE:
                shape = np.clip((0.25 - np.abs(phase - 0.25)) / EDGE_SHARE, -1.0, 1.0)
            case Wave.NOISE:
                shape = band_noise(times_s, 30e6, 7) / 3
            case _:
                shape = np.zeros(times_s.shape)
        return half * shape + one.offset_v

    def _load(self) -> str:
        return text_matching(self.profile.load, {1: "HZ" if "LOAD" in self.profile.load else "9.9E37"})

    def _channel(self, values: Mapping[str, Value]) -> int:
        number = int(values.get("channel", 1))
        if number not in self.channels:
            raise ScpiError(f"no channel {number}", -114)
        return number


class _Output:
    def __init__(self, generator: GeneratorPersonality, number: int) -> None:
        self._generator, self._number = generator, number

    def voltage(self, times_s: Floats) -> Floats:
        return self._generator.voltage(self._number, times_s)
