"""FeelTech and Juntek generators by their declaration: one line a command, settings by number."""

import math
import re
from dataclasses import dataclass

import numpy as np

from drivers.capabilities import Wave
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.simulated.endpoints import Session
from drivers.simulated.noise import Floats, band_noise
from drivers.simulated.wiring import Wiring

_WRAP = 1 << 32
_LONGEST = 64
_EDGE_SHARE = 1e-3
SERIAL_NUMBER = "0000000001"


@dataclass
class Channel:
    """One output; volts are into a high impedance."""

    wave: int = 0
    frequency_hz: float = 1000.0
    amplitude_vpp: float = 1.0
    offset_v: float = 0.0
    on: bool = False
    duty_percent: float = 50.0
    phase_deg: float = 0.0


class SerialGeneratorPersonality(Session):
    """Its outputs are sources that a probe can touch: ``<NAME>1`` and ``<NAME>2``."""

    def __init__(self, profile: SerialGeneratorProfile, wiring: Wiring, name: str = "generator") -> None:
        self.profile = profile
        self.baud = profile.serial.baud
        self.channels = (Channel(), Channel())
        self._held = b""
        self._juntek = profile.protocol == "juntek"
        for number in (1, 2):
            wiring.sources[f"{name.upper()}{number}"] = _Output(self, number)

    def receive(self, data: bytes) -> bytes:
        """Answer every whole line; what is no command is passed over."""
        *lines, self._held = (self._held + data).split(b"\n")
        self._held = self._held[-_LONGEST:]
        answer = self._answer_juntek if self._juntek else self._answer_feeltech
        end = "\r\n" if self._juntek else "\n"
        answers = [answer(line.decode("latin-1").strip()) for line in lines]
        return "".join(one + end for one in answers if one is not None).encode("latin-1")

    def voltage(self, number: int, times_s: Floats) -> Floats:
        """Return the volts at one output."""
        one = self.channels[number - 1]
        if not one.on:
            return np.zeros(times_s.shape)
        waves = {model.codes[number - 1]: wave for wave, model in self.profile.waves.items()}
        phase = np.mod(times_s * one.frequency_hz + one.phase_deg / 360, 1.0)
        shape: Floats
        match waves.get(one.wave):
            case Wave.SINE:
                shape = np.sin(2 * math.pi * phase)
            case Wave.SQUARE | Wave.PULSE:
                middle = one.duty_percent / 200
                shape = np.clip((middle - np.abs(phase - middle)) / _EDGE_SHARE, -1.0, 1.0)
            case Wave.RAMP:
                shape = 2 * phase - 1
            case Wave.NOISE:
                shape = band_noise(times_s, 30e6, 7) / 3
            case _:
                shape = np.zeros(times_s.shape)
        return one.amplitude_vpp / 2 * shape + one.offset_v

    # -- FeelTech: WMF00001000000000 sets, RMF asks ------------------------------------------------------------------

    def _answer_feeltech(self, line: str) -> str | None:
        if line in ("UMO", "UID"):
            return self.profile.models[0] if line == "UMO" else SERIAL_NUMBER
        match = re.fullmatch(r"([WR])([MF])([WFAONDP])([-+.\d]*)", line)
        if match is None:
            return None
        verb, letter, what, value = match.groups()
        channel = self.channels[0 if letter == "M" else 1]
        if verb == "R":
            return {
                "W": f"{channel.wave:010d}",
                "F": f"{channel.frequency_hz:015.6f}",
                "A": f"{round(channel.amplitude_vpp * 1e4)}",
                "O": f"{round(channel.offset_v * 1e3) % _WRAP}",
                "N": "255" if channel.on else "0",
                "D": f"{round(channel.duty_percent * 1e3)}",
                "P": f"{round(channel.phase_deg * 1e3)}",
            }[what]
        try:
            self._set(channel, what, float(value))
        except ValueError:
            return None
        return ""

    # -- Juntek: :w23=100000,0. sets, :r23=0. asks -------------------------------------------------------------------

    def _answer_juntek(self, line: str) -> str | None:
        match = re.fullmatch(r":([wr])(\d\d)=([-\d,]*)\.?", line)
        if match is None:
            return None
        verb, number, text = match[1], int(match[2]), match[3]
        values = [int(part) for part in text.split(",") if part.lstrip("-").isdigit()]
        if verb == "w":
            return ":ok" if self._write_juntek(number, values) else None
        told = self._read_juntek(number)
        return None if told is None else f":r{number:02d}={told}."

    def _read_juntek(self, number: int) -> str | None:
        if number == 0:
            highest = re.search(r"-(\d+)M", self.profile.models[0])
            return highest[1] if highest else "60"
        if number == 20:
            return ",".join(str(int(one.on)) for one in self.channels)
        if number in (29, 30):
            return f"{round(self.channels[number - 29].duty_percent * 10)}"
        if number == 31:
            return f"{round(self.channels[1].phase_deg * 10)}"
        if not 21 <= number <= 28:
            return None
        one = self.channels[(number - 21) % 2]
        return (
            f"{one.wave}",
            f"{round(one.frequency_hz * 100)},0",
            f"{round(one.amplitude_vpp * 1000)}",
            f"{round((one.offset_v + 10) * 100)}",
        )[(number - 21) // 2]

    def _write_juntek(self, number: int, values: list[int]) -> bool:
        if not values:
            return False
        if number == 20:
            for one, on in zip(self.channels, values, strict=False):
                one.on = bool(on)
            return True
        if number in (29, 30):
            self._set(self.channels[number - 29], "D", values[0] / 10)
            return True
        if number == 31:
            self._set(self.channels[1], "P", values[0] / 10)
            return True
        if not 21 <= number <= 28:
            return False
        what = "WFAO"[(number - 21) // 2]
        value = {"W": values[0], "F": values[0] / 100, "A": values[0] / 1000, "O": values[0] / 100 - 10}[what]
        self._set(self.channels[(number - 21) % 2], what, value)
        return True

    def _set(self, channel: Channel, what: str, value: float) -> None:
        match what:
            case "W":
                channel.wave = int(value)
            case "F":
                channel.frequency_hz = value
            case "A":
                channel.amplitude_vpp = value
            case "O":
                channel.offset_v = value
            case "D":
                channel.duty_percent = value
            case "P":
                channel.phase_deg = value
            case _:
                channel.on = value != 0


class _Output:
    def __init__(self, generator: SerialGeneratorPersonality, number: int) -> None:
        self._generator, self._number = generator, number

    def voltage(self, times_s: Floats) -> Floats:
        return self._generator.voltage(self._number, times_s)
