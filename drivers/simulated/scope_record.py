"""What an oscilloscope does with its inputs: finds the trigger, and samples a record in 8 bits with clipping."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from drivers.simulated.noise import Floats, band_noise, instants
from drivers.simulated.wiring import Probe

CODES_A_DIVISION = 25
REFERENCE_CODE = 127
DIVISIONS = 12
"""Horizontal divisions of the screen."""
LIMITED_BANDWIDTH_HZ = 20e6
INPUT_NOISE_V = 0.12e-3
"""Noise of the input at the connector; a 10:1 probe makes it ten times as much at the tip."""
NOISE_CODES = 0.3
HYSTERESIS_DIVISIONS = 0.3
_AC_WINDOW_S = 0.2
_SEARCH_POINTS = 60_000
_COARSEST_SEARCH_S = 2e-6


@dataclass(frozen=True)
class Channel:
    """Vertical settings of one channel, with this specimen's errors. Volts are at the probe's tip."""

    probe: Probe
    scale_v: float = 1.0
    offset_v: float = 0.0
    coupling: str = "DC"
    ratio: float = 10.0
    limited: bool = False
    displayed: bool = False
    inverted: bool = False
    vernier: bool = False
    bandwidth_hz: float = 50e6
    gain_error: float = 0.0
    offset_error_divisions: float = 0.0
    noise_key: int = 0

    @property
    def step_v(self) -> float:
        """Volts of one code."""
        return self.scale_v / CODES_A_DIVISION

    @property
    def origin_code(self) -> int:
        """The offset, in codes."""
        return round(self.offset_v / self.step_v)

    def input_v(self, times_s: Floats, point: str, mean_v: float) -> Floats:
        """Return the volts behind coupling and bandwidth limit; ``mean_v`` is what AC coupling takes away."""
        if self.coupling == "GND":
            return np.zeros(times_s.shape)
        bandwidth = min(self.bandwidth_hz, LIMITED_BANDWIDTH_HZ) if self.limited else self.bandwidth_hz
        volts = self.probe.voltage(times_s, bandwidth, point) - mean_v
        return -volts if self.inverted else volts

    def mean_v(self, start_s: float, length_s: float, point: str) -> float:
        """Return what the coupling capacitor has charged to around this time (0 for DC)."""
        if self.coupling != "AC":
            return 0.0
        window = max(length_s, _AC_WINDOW_S)
        times = start_s + length_s / 2 + (np.arange(4096) / 4096 - 0.5) * window
        return float(np.mean(self.probe.voltage(times, 1e9, point)))

    def codes(self, times_s: Floats, point: str, mean_v: float) -> npt.NDArray[np.uint8]:
        """Return what the converter makes of the input at ``times_s``: 0 … 255, clipped at both ends."""
        volts = self.input_v(times_s, point, mean_v) * (1.0 + self.gain_error)
        noise = float(np.hypot(NOISE_CODES, INPUT_NOISE_V * self.ratio / self.step_v))
        level = (volts + self.offset_v) / self.step_v + REFERENCE_CODE
        level += self.offset_error_divisions * CODES_A_DIVISION
        level += noise * band_noise(times_s, 50e6, self.noise_key)
        return np.clip(np.rint(level), 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Trigger:
    """Edge trigger."""

    channel: int = 1
    level_v: float = 0.0
    slope: str = "POS"


@dataclass(frozen=True)
class Record:
    """One acquisition: where every probe was, how every channel stood, and when the samples were taken."""

    channels: tuple[Channel, ...]
    points: tuple[str, ...]
    start_s: float
    trigger_s: float
    interval_s: float
    """True time between samples on the device's axis; the scope believes ``nominal_interval_s``."""
    nominal_interval_s: float
    depth: int
    means_v: dict[int, float] = field(default_factory=dict)

    def codes(self, number: int, first: int, count: int) -> npt.NDArray[np.uint8]:
        """Return ``count`` samples of channel ``number`` (1 …) from sample ``first`` of the memory."""
        times = instants(self.start_s, self.interval_s, count, first)
        return self.at(number, times)

    def at(self, number: int, times_s: Floats) -> npt.NDArray[np.uint8]:
        """Return the codes of channel ``number`` at any instants of the record."""
        channel, point = self.channels[number - 1], self.points[number - 1]
        if number not in self.means_v:
            self.means_v[number] = channel.mean_v(self.start_s, self.depth * self.interval_s, point)
        return channel.codes(times_s, point, self.means_v[number])


def find_trigger(channel: Channel, trigger: Trigger, start_s: float, end_s: float, interval_s: float) -> float | None:
    """Return the first instant in ``start_s`` … ``end_s`` at which the trigger fires, ``None`` if it does not.

    Looks closely at the beginning and ever more coarsely after it, never coarser than 2 µs, with hysteresis.
    """
    margin = HYSTERESIS_DIVISIONS * channel.scale_v
    point = channel.probe.point
    mean = channel.mean_v(start_s, 0.0, point)
    at, step = start_s, min(interval_s, _COARSEST_SEARCH_S)
    armed = False
    while at < end_s:
        count = max(2, min(_SEARCH_POINTS, int((end_s - at) / step) + 2))
        times = instants(at, step, count)
        volts = channel.input_v(times, point, mean)
        if trigger.slope == "NEG":
            volts, level = -volts, -trigger.level_v
        else:
            level = trigger.level_v
        fired, armed = _first_rise(volts, level, margin, armed)
        if fired is not None:
            low, high = volts[fired - 1], volts[fired]
            share = (level - low) / (high - low) if high > low else 0.0
            instant = float(times[fired - 1] + share * step)
            return instant if instant <= end_s else None
        at = float(times[-1])
        step = min(step * 30, _COARSEST_SEARCH_S)
    return None


def _first_rise(volts: Floats, level: float, margin: float, armed: bool) -> tuple[int | None, bool]:
    """Return the first sample above ``level`` after one below ``level - margin``, and whether it is armed at the
    end."""
    below = np.flatnonzero(volts < level - margin)
    if not armed:
        if below.size == 0:
            return None, False
        first = int(below[0])
    else:
        first = 0
    above = np.flatnonzero(volts[first:] >= level)
    above = above[above + first > 0]
    return (first + int(above[0]), False) if above.size else (None, True)
