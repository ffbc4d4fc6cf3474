"""A V-I signature adapter: the generator's first output drives a part of the unpowered board through a resistor.

    generator ── 1 kΩ ── test point ── part ── board's ground ── 10 Ω ── generator's ground

``SIG_V`` shows the voltage across the part, ``SIG_I`` that across the 10 Ω, buffered and against ground. The part is
what the board has between the test point and ground, as resistance beside capacitance, in the steady state of a sine.
"""

import math

import numpy as np

from drivers.simulated.device import Device
from drivers.simulated.noise import Floats
from drivers.simulated.siglent_sdg1032x import Sdg1032x
from drivers.simulated.wiring import Probe

SERIES_OHM, SHUNT_OHM, GENERATOR_OHM = 1000.0, 10.0, 50.0
_LOOP_OHM = SERIES_OHM + SHUNT_OHM + GENERATOR_OHM


class SignatureAdapter:
    """One adapter; ``tip`` is the probe that it drives through."""

    def __init__(self, device: Device, generator: Sdg1032x, tip: Probe) -> None:
        self._device = device
        self._generator = generator
        self._tip = tip

    def terminal(self, *, current: bool) -> "Terminal":
        """Return the terminal that shows the current (as the voltage of the shunt), or the voltage."""
        return Terminal(self, current=current)

    def volts(self, times_s: Floats, *, current: bool) -> Floats:
        """Return the volts at a terminal."""
        drive = self._generator.open_circuit_v(1, times_s)
        if self._tip.point not in self._device.product.points:
            return np.zeros(times_s.shape) if current else drive
        if self._device.state.feed.on:
            part = self._device.voltage(self._tip.point, times_s)
            return (drive - part) * (SHUNT_OHM / _LOOP_OHM) if current else part
        part_ohm = self._part_ohm(float(times_s.min()))
        share: complex = (SHUNT_OHM if current else part_ohm) / (part_ohm + _LOOP_OHM)
        quarter_s = 0.25 / self._generator.frequency_hz(1)
        ahead = self._generator.open_circuit_v(1, times_s + quarter_s)
        result: Floats = share.real * drive + share.imag * ahead
        return result

    def _part_ohm(self, at_s: float) -> complex:
        """Return the impedance from the test point to ground at the generator's frequency."""
        point, omega = self._tip.point, 2.0 * math.pi * self._generator.frequency_hz(1)
        resistance = self._device.source_ohm(point, at_s)
        capacitor = self._device.capacitor_esr_ohm(point) + 1.0 / (1j * omega * self._device.capacitance_f(point, at_s))
        return resistance * capacitor / (resistance + capacitor)


class Terminal:
    """One terminal of the adapter."""

    def __init__(self, adapter: SignatureAdapter, *, current: bool) -> None:
        self._adapter = adapter
        self._current = current

    def voltage(self, times_s: Floats) -> Floats:
        """Return volts at ``times_s``."""
        return self._adapter.volts(times_s, current=self._current)
