"""Siglent SDG1032X generator (SDG Series Programming Guide PG02): two channels, settings as name and value pairs."""

import math
import re
from dataclasses import dataclass, replace

import numpy as np

from drivers.simulated.noise import Floats, band_noise, draw, key
from drivers.simulated.scpi_device import Answer, ScpiDevice, parameter_texts, scpi
from protocols.scpi import ScpiError
from protocols.scpi_program import Command

CHANNELS = 2
_TOP_HZ = {"SINE": 30e6, "SQUARE": 30e6, "PULSE": 12.5e6, "RAMP": 500e3, "NOISE": 30e6, "DC": 30e6}
_LOWEST_HZ = 1e-6
_HIGHEST_PEAK_V = 10.0
_EDGE_S = 4.2e-9
_NUMBER = re.compile(r"([+-]?[\d.]+(?:E[+-]?\d+)?)([A-Z%]*)")
_UNITS = {"": 1.0, "HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6, "V": 1.0, "MV": 1e-3, "S": 1.0, "MS": 1e-3, "US": 1e-6, "%": 1.0,
          "UHZ": 1e-6, "NS": 1e-9}  # fmt: skip


_SPANS = {
    "PHSE": (-360.0, 360.0),
    "DUTY": (0.01, 99.99),
    "SYM": (0.0, 100.0),
    "STDEV": (1e-3, 3.2),
    "MEAN": (-10.0, 10.0),
}


@dataclass(frozen=True)
class Output:
    """One channel. Volts are into ``load_ohm`` (infinite: high impedance)."""

    shape: str = "SINE"
    frequency_hz: float = 1000.0
    amplitude_vpp: float = 4.0
    offset_v: float = 0.0
    phase_deg: float = 0.0
    duty_percent: float = 50.0
    symmetry_percent: float = 50.0
    deviation_v: float = 0.5
    mean_v: float = 0.0
    on: bool = False
    load_ohm: float = math.inf
    inverted: bool = False


class Sdg1032x(ScpiDevice):
    """The generator; `channel` is what a probe at its output sees."""

    identity = "Siglent Technologies,SDG1032X,SDG1XCAX2R0001,1.01.01.33R8"

    def __init__(self, *, seed: int = 1) -> None:
        self._key = key(seed, "generator")
        self.reset()
        super().__init__()

    def reset(self) -> None:
        """1 kHz sine of 4 V on both channels, outputs off."""
        self._outputs = [Output() for _ in range(CHANNELS)]
        self._with_headers = True

    def channel(self, number: int) -> "OutputVoltage":
        """Return the voltage source at output ``number`` (1, 2)."""
        return OutputVoltage(self, number)

    def frequency_hz(self, number: int) -> float:
        """Return what an output is set to."""
        return self._outputs[number - 1].frequency_hz

    def runs_at_hz(self, number: int) -> float | None:
        """Return how often an output's wave comes by the generator's own clock, ``None`` for one that has no period."""
        output = self._outputs[number - 1]
        return None if output.shape in {"NOISE", "DC"} else output.frequency_hz * (1.0 + self._clock_error())

    def _clock_error(self) -> float:
        return (draw(self._key, 0) - 0.5) * 2e-6

    def open_circuit_v(self, number: int, times_s: Floats) -> Floats:
        """Return the volts at an output with nothing (1 MΩ) on it."""
        output = self._outputs[number - 1]
        if not output.on:
            return np.zeros(times_s.shape)
        doubled = 1.0 if math.isinf(output.load_ohm) else (50.0 + output.load_ohm) / output.load_ohm
        cycles = times_s * (output.frequency_hz * (1.0 + self._clock_error())) + output.phase_deg / 360.0
        wave = _shape(output, cycles - np.floor(cycles), times_s, self._key + number)
        return doubled * (-wave if output.inverted else wave)

    @scpi("C<n>:BSWV", "C<n>:BaSic_WaVe")
    def _set_wave(self, command: Command, number: int) -> Answer:
        index = self._index(number)
        changed = self._outputs[index]
        texts = parameter_texts(command)
        if len(texts) % 2:
            raise ScpiError("settings come as name and value", -109)
        for name, value in zip(texts[::2], texts[1::2], strict=True):
            changed = _with(changed, name, value)
        if not _LOWEST_HZ <= changed.frequency_hz <= _TOP_HZ[changed.shape]:
            raise ScpiError(f"{changed.frequency_hz:g} Hz is out of range", -222)
        highest = _HIGHEST_PEAK_V * (
            1.0 if math.isinf(changed.load_ohm) else changed.load_ohm / (50 + changed.load_ohm)
        )
        if changed.amplitude_vpp / 2 + abs(changed.offset_v) > highest * 1.0001 or changed.amplitude_vpp < 0.002:
            raise ScpiError("amplitude and offset are out of range", -222)
        self._outputs[index] = changed
        return None

    @scpi("C<n>:BSWV?", "C<n>:BaSic_WaVe?")
    def _get_wave(self, _command: Command, number: int) -> Answer:
        output = self._outputs[self._index(number)]
        pairs = [f"WVTP,{output.shape}"]
        half = output.amplitude_vpp / 2
        if output.shape == "NOISE":
            pairs += [f"STDEV,{output.deviation_v:g}V", f"MEAN,{output.mean_v:g}V"]
        elif output.shape == "DC":
            pairs += [f"OFST,{output.offset_v:g}V"]
        else:
            pairs += [f"FRQ,{_plain(output.frequency_hz)}HZ", f"PERI,{_plain(1 / output.frequency_hz)}S"]
            pairs += [f"AMP,{output.amplitude_vpp:g}V", f"OFST,{output.offset_v:g}V"]
            pairs += [f"HLEV,{output.offset_v + half:g}V", f"LLEV,{output.offset_v - half:g}V"]
            pairs += [f"PHSE,{output.phase_deg:g}"]
            if output.shape in {"SQUARE", "PULSE"}:
                pairs.append(f"DUTY,{output.duty_percent:g}")
            if output.shape == "RAMP":
                pairs.append(f"SYM,{output.symmetry_percent:g}")
        return self._headed(f"C{number}:BSWV ", ",".join(pairs))

    @scpi("C<n>:OUTP", "C<n>:OUTPut")
    def _set_output(self, command: Command, number: int) -> Answer:
        index = self._index(number)
        texts = parameter_texts(command)
        changed = self._outputs[index]
        if texts and texts[0] in {"ON", "OFF"}:
            changed = replace(changed, on=texts.pop(0) == "ON")
        for name, value in zip(texts[::2], texts[1::2], strict=False):
            if name == "LOAD":
                changed = replace(changed, load_ohm=_load(value))
            elif name == "PLRT" and value in {"NOR", "INVT"}:
                changed = replace(changed, inverted=value == "INVT")
            else:
                raise ScpiError(f"no output setting {name},{value}", -224)
        self._outputs[index] = changed
        return None

    @scpi("C<n>:OUTP?", "C<n>:OUTPut?")
    def _get_output(self, _command: Command, number: int) -> Answer:
        output = self._outputs[self._index(number)]
        load = "HZ" if math.isinf(output.load_ohm) else f"{output.load_ohm:g}"
        body = f"{'ON' if output.on else 'OFF'},LOAD,{load},PLRT,{'INVT' if output.inverted else 'NOR'}"
        return self._headed(f"C{number}:OUTP ", body)

    @scpi("CHDR", "COMM_HEADER")
    def _set_headers(self, command: Command) -> Answer:
        self._with_headers = command.take(1)[0].choice(("SHORT", "LONG", "OFF")) != "OFF"
        return None

    def _headed(self, header: str, body: str) -> str:
        return header + body if self._with_headers else body

    def _index(self, number: int) -> int:
        if not 1 <= number <= CHANNELS:
            raise ScpiError(f"no channel {number}", -114)
        return number - 1


class OutputVoltage:
    """The voltage at one output."""

    def __init__(self, generator: Sdg1032x, number: int) -> None:
        self._generator = generator
        self._number = number

    def voltage(self, times_s: Floats) -> Floats:
        """Return volts at ``times_s``."""
        return self._generator.open_circuit_v(self._number, times_s)


def _shape(output: Output, phase: Floats, times_s: Floats, noise_key: int) -> Floats:
    """Return volts for ``phase`` (0 … 1) of the period."""
    half, offset = output.amplitude_vpp / 2, output.offset_v
    result: Floats
    match output.shape:
        case "DC":
            return np.full(phase.shape, offset)
        case "NOISE":
            return output.mean_v + output.deviation_v * band_noise(times_s, 30e6, noise_key)
        case "SINE":
            result = offset + half * np.sin(2.0 * math.pi * phase)
        case "RAMP":
            rising = max(1e-9, output.symmetry_percent / 100.0)
            falling = max(1e-9, 1.0 - rising)
            result = offset + half * np.where(
                phase < rising, 2 * phase / rising - 1, 1 - 2 * (phase - rising) / falling
            )
        case _:
            edge = _EDGE_S * output.frequency_hz
            width = output.duty_percent / 100.0
            up = np.clip(phase / edge, 0.0, 1.0)
            down = np.clip((phase - width) / edge, 0.0, 1.0)
            result = offset + half * (2.0 * (up - down) - 1.0)
    return result


def _value(text: str) -> float:
    match = _NUMBER.fullmatch(text)
    if not match or match[2] not in _UNITS:
        raise ScpiError(f"expected a number, found {text}", -104)
    return float(match[1]) * _UNITS[match[2]]


def _load(text: str) -> float:
    if text == "HZ":
        return math.inf
    ohm = _value(text)
    if not 50.0 <= ohm <= 1e5:
        raise ScpiError(f"no load of {ohm:g} ohm", -222)
    return ohm


def _with(output: Output, name: str, value: str) -> Output:
    """Return the channel with one setting changed."""
    if name == "WVTP":
        if value not in _TOP_HZ:
            raise ScpiError(f"no shape {value}", -224)
        return replace(output, shape=value)
    number = _value(value)
    fields = {"FRQ": "frequency_hz", "AMP": "amplitude_vpp", "OFST": "offset_v", "PHSE": "phase_deg",
              "DUTY": "duty_percent", "SYM": "symmetry_percent", "STDEV": "deviation_v", "MEAN": "mean_v"}  # fmt: skip
    if name in _SPANS and not _SPANS[name][0] <= number <= _SPANS[name][1]:
        raise ScpiError(f"{name} of {number:g} is out of range", -222)
    if name in fields:
        return replace(output, **{fields[name]: number})  # type: ignore[arg-type]
    if name == "PERI" and number > 0:
        return replace(output, frequency_hz=1.0 / number)
    low, high = output.offset_v - output.amplitude_vpp / 2, output.offset_v + output.amplitude_vpp / 2
    if name == "HLEV":
        high = number
    elif name == "LLEV":
        low = number
    else:
        raise ScpiError(f"no setting {name}", -224)
    return replace(output, amplitude_vpp=high - low, offset_v=(high + low) / 2)


def _plain(value: float) -> str:
    return f"{value:.10g}"
