"""UNI-T UT61E hand-held meter: no commands, it sends its display about twice a second over its optical RS-232 cable."""

import math

import numpy as np

from drivers.simulated.endpoints import Session
from drivers.simulated.noise import draw, instants, key, normal
from drivers.simulated.wiring import Probe, edge_frequency, rms
from protocols.dmm.es51922 import BAUD_RATE, encode
from protocols.dmm.reading import Flag

POSITIONS = ("off", "dc_voltage", "ac_voltage", "resistance", "continuity", "diode", "capacitance", "frequency",
             "dc_current", "ac_current")  # fmt: skip
"""Where the knob and the blue button can stand."""
FRAMES_A_SECOND = 2.0
_AC_BANDWIDTH_HZ = 10e3
_COUNTER_BANDWIDTH_HZ = 220e6


class Ut61e(Session):
    """The meter on its cable. ``position`` is the knob's; ``frames_a_second`` may be raised for tests."""

    baud = BAUD_RATE

    def __init__(self, probe: Probe, *, seed: int = 1, frames_a_second: float = FRAMES_A_SECOND) -> None:
        self._probe = probe
        self._key = key(seed, f"meter {probe.name}")
        self._interval_s = 1.0 / frames_a_second
        self._next_s = probe.now()
        self._count = 0
        self._position = "dc_voltage"

    @property
    def position(self) -> str:
        """Where the knob stands."""
        return self._position

    def turn(self, position: str) -> None:
        """Turn the knob; raise ``ValueError`` when there is no such position."""
        if position not in POSITIONS:
            raise ValueError(f"no knob position {position!r}; there are {', '.join(POSITIONS)}")
        self._position = position

    def receive(self, data: bytes) -> bytes:  # noqa: ARG002 - it has no receiver
        """Hear nothing: the cable has one direction."""
        return b""

    def poll(self) -> bytes:
        """Return the next frame when its time has come."""
        now = self._probe.now()
        if now < self._next_s or self._position == "off":
            return b""
        self._next_s = max(self._next_s + self._interval_s, now)
        return self.frame()

    def frame(self) -> bytes:
        """Return the frame that shows a reading of now."""
        self._count += 1
        function = self._position
        value = self._value(function, self._probe.now())
        index = POSITIONS.index(function)
        value *= 1.0 + (draw(self._key, index) - 0.5) * 1e-3
        if value and function.endswith(("voltage", "current")):
            noise = float(normal(np.array([self._count], dtype=np.int64), self._key)[0])
            value += 0.4 * noise * 10.0 ** (math.ceil(math.log10(abs(value) / 2.2)) - 4)
        return encode(function, value, flags=(Flag.AUTO,))

    def _value(self, function: str, start: float) -> float:
        slow = instants(start, 0.31e-3, 600)
        match function:
            case "dc_voltage":
                return float(np.mean(self._probe.voltage(slow, 1e9)))
            case "ac_voltage":
                return rms(self._probe.voltage(instants(start, 9.7e-6, 20_000), _AC_BANDWIDTH_HZ))
            case "dc_current":
                return float(np.mean(self._probe.current(slow[::20])))
            case "ac_current":
                return rms(self._probe.current(slow[::6]))
            case "capacitance":
                return self._probe.capacitance_f(start)
            case "frequency":
                return edge_frequency(lambda times: self._probe.voltage(times, _COUNTER_BANDWIDTH_HZ), start)
        volts = float(np.mean(self._probe.voltage(slow, 1e9)))
        ohm = self._probe.source_ohm(start)
        if function == "diode":
            return volts + 0.5e-3 * ohm
        current = 0.5e-3 if ohm < 3e3 else 1e-6
        return (volts + current * ohm) / current
