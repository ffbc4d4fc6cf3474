"""Any SCPI function generator, driven by its declaration."""

import math
import re

from drivers.capabilities import SignalGenerator, Wave
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange
from drivers.scpi.generator_model import ScpiGeneratorProfile, WaveModel
from drivers.scpi.instrument import ScpiInstrument

SOURCE_OHM = 50.0
READBACK_TOLERANCE = 2e-3


class ScpiSignalGenerator(ScpiInstrument[ScpiGeneratorProfile], SignalGenerator):
    """A generator of the ``scpi-generator`` profiles."""

    def configure(
        self, channel: int, wave: Wave, *, frequency_hz: float, amplitude_vpp: float, offset_v: float = 0.0
    ) -> None:
        """Set one channel's shape, and make sure by reading back that the generator took exactly that.

        ``frequency_hz`` has no meaning for noise and DC, ``amplitude_vpp`` none for DC.
        """
        self._check_channel(channel)
        model = self.profile.waves.get(wave)
        if model is None:
            raise OutOfRange(f"{self.link.label} has no {wave}; it has {', '.join(self.profile.waves)}")
        self._check_frequency(wave, model, frequency_hz)
        amplitude = 0.0 if wave is Wave.DC else amplitude_vpp
        largest = self._largest_vpp(model, frequency_hz)
        # What no load allows is refused before even the load is asked.
        self._check_level(0.0, largest, amplitude, offset_v, math.inf)
        smallest = 0.0 if wave is Wave.DC else self.profile.amplitude.minimum_vpp
        self._check_level(smallest, largest, amplitude, offset_v, self._load_ohm(channel))
        values = {
            "channel": channel,
            "frequency_hz": frequency_hz,
            "amplitude_vpp": amplitude_vpp,
            "offset_v": offset_v,
        }
        used = self.profile.commands[model.apply].arguments
        self.link.send(model.apply, **{name: value for name, value in values.items() if name in used})
        self.link.check_errors()
        self._read_back(channel, model, values)

    def output(self, channel: int, on: bool) -> None:
        """Switch one channel's output, and make sure that it did."""
        self._check_channel(channel)
        self.link.send("output", channel=channel, on=on)
        self.link.check_errors()
        answer = self.link.ask("ask_output", channel=channel)
        is_on = re.search(r"\bON\b|^1$", answer.upper()) is not None
        if is_on is not on:
            raise InstrumentRefused(
                f"{self.link.label} left output {channel} {'on' if is_on else 'off'}; look at its display"
            )

    def _check_channel(self, channel: int) -> None:
        if not 1 <= channel <= self.profile.channels:
            raise OutOfRange(f"{self.link.label}: channel must be from 1 to {self.profile.channels}, not {channel}")

    def _check_frequency(self, wave: Wave, model: WaveModel, frequency_hz: float) -> None:
        if model.maximum_hz is None or model.minimum_hz is None:
            return
        if not model.minimum_hz <= frequency_hz <= model.maximum_hz:
            raise OutOfRange(
                f"{self.link.label}: frequency_hz of a {wave} must be from {model.minimum_hz:g} to "
                f"{model.maximum_hz:g} Hz, not {frequency_hz:g} Hz"
            )

    def _largest_vpp(self, model: WaveModel, frequency_hz: float) -> float:
        limits = self.profile.amplitude
        above, reduced = limits.reduced_above_hz, limits.reduced_maximum_vpp
        if model.maximum_hz is None or above is None or reduced is None or frequency_hz <= above:
            return limits.maximum_vpp
        return reduced

    def _check_level(
        self, smallest_vpp: float, largest_vpp: float, amplitude_vpp: float, offset_v: float, load_ohm: float
    ) -> None:
        limits = self.profile.amplitude
        factor = 2.0 if math.isinf(load_ohm) else 2.0 * load_ohm / (load_ohm + SOURCE_OHM)
        load = "an open output" if math.isinf(load_ohm) else f"{load_ohm:g} Ω"
        if not smallest_vpp * factor <= amplitude_vpp <= largest_vpp * factor * (1 + 1e-9):
            raise OutOfRange(
                f"{self.link.label}: amplitude_vpp must be from {limits.minimum_vpp * factor:g} to "
                f"{largest_vpp * factor:g} V into {load}, not {amplitude_vpp:g} V"
            )
        peak = abs(offset_v) + amplitude_vpp / 2
        if not peak <= limits.peak_v * factor * (1 + 1e-9):
            raise OutOfRange(
                f"{self.link.label}: offset and half the amplitude together must be at most "
                f"{limits.peak_v * factor:g} V into {load}, not {peak:g} V"
            )

    def _load_ohm(self, channel: int) -> float:
        answer = self.link.ask("ask_load", channel=channel)
        match = re.search(self.profile.load, answer)
        if match is None:
            raise BadResponse(
                f"{self.link.label}: {answer[:60]!r} does not tell the load that it is set for; ask again"
            )
        try:
            ohm = float(match[1])
        except ValueError:
            return math.inf
        return ohm if 0 < ohm < 1e6 else math.inf

    def _read_back(self, channel: int, model: WaveModel, values: dict[str, float]) -> None:
        answer = self.link.ask("ask_settings", channel=channel)
        match = re.search(self.profile.readback, answer)
        if match is None:
            raise BadResponse(f"{self.link.label}: {answer[:80]!r} does not tell the settings of channel {channel}")
        used = self.profile.commands[model.apply].arguments
        for group, name in (("frequency", "frequency_hz"), ("amplitude", "amplitude_vpp"), ("offset", "offset_v")):
            told = match.groupdict().get(group)
            if told is None or name not in used:
                continue
            try:
                value = float(told)
            except ValueError:
                continue  # DEF: the shape has no such setting
            if not math.isclose(value, values[name], rel_tol=READBACK_TOLERANCE, abs_tol=1e-3):
                raise InstrumentRefused(
                    f"{self.link.label} took {value:g} as {name} of channel {channel} instead of {values[name]:g}"
                )
