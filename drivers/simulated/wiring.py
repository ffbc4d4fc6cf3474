"""Which probe touches what: the bench's wires, which a technician moves from test point to test point."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from drivers.simulated.device import Device
from drivers.simulated.noise import Floats
from drivers.simulated.points import PointKind

OPEN = "open"
OPEN_OHM = 1e12


class Source(Protocol):
    """Something else than the device that has a voltage: a generator's output."""

    def voltage(self, times_s: Floats) -> Floats:
        """Return volts at ``times_s``."""
        ...


class Wiring:
    """All probes of a bench by name, and what they touch."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.sources: dict[str, Source] = {}
        self.probes: dict[str, Probe] = {}

    def probe(self, name: str, point: str) -> "Probe":
        """Make a probe that begins at ``point``."""
        self.probes[name] = Probe(self, name, point)
        return self.probes[name]

    def points(self) -> tuple[str, ...]:
        """Return everything that a probe can touch."""
        return (*self.device.product.points, *self.sources, OPEN)

    def connect(self, name: str, point: str) -> None:
        """Move one probe; raise ``ValueError`` when there is no such probe or point."""
        if name not in self.probes:
            raise ValueError(f"{name!r} has no probe to move; these have: {', '.join(self.probes)}")
        if point not in self.points():
            raise ValueError(f"no test point {point!r}; a probe can go to {', '.join(self.points())}")
        self.probes[name].point = point


class Probe:
    """The tip of one instrument's lead."""

    def __init__(self, wiring: Wiring, name: str, point: str) -> None:
        self._wiring = wiring
        self.name = name
        self.point = point

    def now(self) -> float:
        """Return the present instant on the device's time axis, in seconds."""
        return self._wiring.device.now()

    def voltage(self, times_s: Floats, bandwidth_hz: float, point: str | None = None) -> Floats:
        """Return the volts at the tip (or at ``point``) through an input of ``bandwidth_hz``."""
        touched = self.point if point is None else point
        if touched in self._wiring.sources:
            return self._wiring.sources[touched].voltage(times_s)
        if touched == OPEN:
            return np.zeros(times_s.shape)
        return self._wiring.device.voltage(touched, times_s, bandwidth_hz=bandwidth_hz)

    def touches(self, kind: PointKind) -> bool:
        """Whether the tip is at a test point of the device of this kind."""
        return self._wiring.device.product.points.get(self.point) is kind

    def source_ohm(self, at_s: float) -> float:
        """Return the resistance that an ohmmeter's current meets at the tip."""
        if self.point == OPEN:
            return OPEN_OHM
        return 50.0 if self.point in self._wiring.sources else self._wiring.device.source_ohm(self.point, at_s)

    def capacitance_f(self, at_s: float) -> float:
        """Return the capacitance at the tip, in farad."""
        if self.point == OPEN or self.point in self._wiring.sources:
            return 0.0
        return self._wiring.device.capacitance_f(self.point, at_s)

    def current(self, times_s: Floats) -> Floats:
        """Return the current through the meter when it lies in the lead to J1; elsewhere nothing flows through it."""
        if self.point != "J1":
            return np.zeros(times_s.shape)
        return np.array([self._wiring.device.supply_reading(float(instant))[1] for instant in times_s])


def edge_frequency(voltage: Callable[[Floats], Floats], start_s: float) -> float:
    """Count a signal's frequency as a counter does: rising crossings of its middle, with hysteresis.

    Looks at it ever slower until 20 crossings fit into the gate. Returns 0 when nothing moves.
    """
    for rate_hz in (64e6, 4e6, 250e3, 16e3, 2e3):
        count = 40_000 if rate_hz > 2e3 else 4_000
        times = start_s + np.arange(count) / rate_hz
        volts = voltage(times)
        low, high = np.percentile(volts, [2, 98])
        if high - low < 0.05:
            continue
        middle, margin = (low + high) / 2, (high - low) / 5
        state = np.where(volts > middle + margin, 1, np.where(volts < middle - margin, -1, 0))
        settled = np.flatnonzero(state)
        rising = np.flatnonzero(np.diff(state[settled]) > 0)
        if rising.size < 3:
            continue
        instants = [_crossing(times, volts, middle, settled[i], settled[i + 1]) for i in (rising[0], rising[-1])]
        return (rising.size - 1) / (instants[1] - instants[0])
    return 0.0


def _crossing(times: Floats, volts: Floats, level: float, before: int, after: int) -> float:
    """Return the instant between two samples' numbers at which the signal rises through ``level``."""
    index = before + int(np.argmax(volts[before : after + 1] > level))
    step = volts[index] - volts[index - 1]
    share = (level - volts[index - 1]) / step if step else 0.0
    return float(times[index - 1] + share * (times[index] - times[index - 1]))


def rms(values: Floats) -> float:
    """Return the root mean square about the mean (AC coupled)."""
    return math.sqrt(float(np.var(values)))
