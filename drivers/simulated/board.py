"""What a board is made of, as numbers: one product's values, and what a fault changes about them.

    J1 ── leads ── U1 isolating push-pull converter 1:1 ──┬── main rail ── U2 LDO ──┬── logic rail
                                                          C5                        C6, MCU, flash
                                          output stage via Q1, C7

The physics in ``rails``, ``waves`` and ``heat`` is the same for every product; a product is a set of these numbers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class StageKind(StrEnum):
    """What hangs on the driver Q1, and so what its test point shows."""

    COIL = "coil"
    """A relay or valve coil with a flyback diode."""
    LAMP = "lamp"
    """A string of LEDs on a current-sense resistor: the test point shows the current as a voltage."""
    OUTPUT = "output"
    """The main rail, switched to a load outside."""
    AUDIO = "audio"
    """A bridge amplifier: the test point is the (capacitively coupled) output to the loudspeaker."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The output stage. It is driven ``duty`` of each ``period_s`` during the self test; a duty of 1 is always."""

    kind: StageKind = StageKind.COIL
    word: str = "relay"
    """What the console and the log call it."""
    says: str = "no mains, self test"
    load: str = "K1"
    """Reference designator of the load, and below of the driver."""
    driver: str = "Q1"
    load_ohm: float = 125.0
    forward_v: float = 0.0
    """Voltage that the load keeps before any current flows (a string of LEDs)."""
    driver_ohm: float = 2.0
    rise_tau_s: float = 10e-6
    fall_tau_s: float = 10e-6
    period_s: float = 0.5
    duty: float = 0.5
    stuck_on: bool = False
    """The driver conducts whatever the MCU wants."""
    sense_ohm: float = 1.0
    tone_hz: float = 1000.0
    tone_v: float = 0.0
    clip_v: float = 1e3
    """The amplifier's output cannot go beyond this, up or down."""
    hum_v: float = 0.0
    """Amplitude of 100 Hz on the output."""
    line_gain: float = 0.0
    """What the amplifier makes of its line input."""
    coupling_f: float = 100e-6
    """The coupling capacitor: with the load a high-pass of first order."""
    treble_hz: float = 22e3
    """Corner of the output filter, a low-pass of first order."""

    def passes(self, frequency_hz: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """Return the response (complex, 1 where all passes) of coupling capacitor and output filter."""
        turns = 1j * np.asarray(frequency_hz, np.float64)
        high = 2.0 * math.pi * self.load_ohm * self.coupling_f * turns
        return np.asarray(high / (1.0 + high) / (1.0 + turns / self.treble_hz))

    def current_a(self, rail_v: float) -> float:
        """Return the current through load and driver at a main rail of ``rail_v``."""
        return max(0.0, rail_v - self.forward_v) / (self.load_ohm + self.driver_ohm)


@dataclass(frozen=True, slots=True)
class Board:
    """A board's electrical values."""

    lead_ohm: float = 0.05
    converter_ohm: float = 0.6
    converter_idle_a: float = 0.012
    converter_starts_v: float = 2.25
    ripple_hz: float = 100e3
    """Twice the 50 kHz of the push-pull transformer."""
    oscillation_v: float = 0.0
    """Amplitude of a control loop that oscillates, on the main rail."""
    oscillation_hz: float = 8.7e3

    regulated_v: float = 3.300
    creep_v_per_h: float = 0.0
    """How the regulator's reference creeps under power; it recovers when switched off."""
    leakage_s: float = 0.0
    """Conductance of the leakage through U2."""
    dropout_v: float = 0.35
    ldo_ground_a: float = 0.005
    ldo_output_ohm: float = 0.05
    ldo_starts_v: float = 1.2
    ripple_feedthrough: float = 0.15
    """Ripple rejection of U2 at 100 kHz: 16.5 dB, a plain bipolar LDO."""
    logic_load_ohm: float = 66.0
    """MCU, SPI flash, sensor and LED together: 50 mA at 3.3 V."""
    joint_opens: bool = False
    """The solder joint at the regulator's output opens now and then."""

    c5_f: float = 220e-6
    c5_esr_ohm: float = 0.03
    c6_f: float = 22e-6
    short_s: float = 0.0
    """Conductance of a short circuit of the main rail (C7)."""
    unpowered_main_ohm: float = 22e3
    unpowered_logic_ohm: float = 10e3
    """What a meter sees between a rail and ground without power: the chips do not conduct at its test voltage."""

    crystal_hz: float = 8e6 * (1 + 12e-6)
    bus_stuck: bool = False
    ntc_ohm: float | None = None
    """Thermistor against 10 kΩ from the logic rail, ``None`` where there is none; infinite when it is open."""
    reference_v: float = 0.0
    resistor_ohm: float = 0.0
    stage: Stage = field(default_factory=Stage)

    def changed(self, changes: Mapping[str, Any]) -> "Board":
        """Return the board with other values; ``stage.word`` names a value of the output stage."""
        own = {name: value for name, value in changes.items() if "." not in name}
        staged = {name.removeprefix("stage."): value for name, value in changes.items() if name.startswith("stage.")}
        if staged:
            own["stage"] = replace(self.stage, **staged)
        return replace(self, **own)
