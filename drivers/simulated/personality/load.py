"""A SCPI electronic load by its declaration, on a test point of the device."""

import math

import numpy as np

from drivers.capabilities import LoadMode
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.simulated.noise import instants
from drivers.simulated.personality.base import ScpiPersonality, number
from drivers.simulated.personality.grammar import OUT_OF_RANGE
from drivers.simulated.personality.values import beginning
from drivers.simulated.scpi_device import Answer
from drivers.simulated.wiring import Wiring
from protocols.scpi import ScpiError

SOURCE_OHM = 0.05
"""Of the rail and the leads; the device itself does not feel the load."""


class LoadPersonality(ScpiPersonality[ScpiLoadProfile]):
    """Draws from what its leads touch, as a source with a small resistance would give it."""

    def __init__(self, profile: ScpiLoadProfile, wiring: Wiring, name: str = "load") -> None:
        super().__init__(profile, wiring, name)
        self._probe = wiring.probe(name, beginning(wiring))
        self._mode = next(iter(profile.modes))
        self._levels = {mode: model.minimum for mode, model in profile.modes.items()}
        self._on = False

    def on_set_mode(self, mode: str) -> Answer:
        """Choose what is kept constant."""
        self._mode = LoadMode(mode)
        return None

    def on_ask_mode(self) -> Answer:
        """Tell the mode in the profile's word."""
        return self.profile.modes[self._mode].told

    def on_set_level(self, level: float, mode: str | None = None) -> Answer:
        """Set the level of a mode."""
        chosen = LoadMode(mode) if mode else self._mode
        limits = self.profile.modes[chosen]
        if not limits.minimum <= level <= limits.maximum:
            raise ScpiError(f"{level:g} is out of range", OUT_OF_RANGE)
        self._levels[chosen] = level
        return None

    def on_ask_level(self, mode: str | None = None) -> Answer:
        """Tell the level of a mode."""
        return number(self._levels[LoadMode(mode) if mode else self._mode])

    def switch_off(self) -> None:
        """Switch the input off."""
        self._on = False

    def on_input(self, on: bool) -> Answer:
        """Switch the input."""
        self._on = on
        return None

    def on_ask_input(self) -> Answer:
        """Tell whether the input is on."""
        return "1" if self._on else "0"

    def on_measure_voltage(self) -> Answer:
        """Measure the volts at the terminals."""
        return number(self._point()[0])

    def on_measure_current(self) -> Answer:
        """Measure the current."""
        return number(self._point()[1])

    def on_measure_power(self) -> Answer:
        """Measure the power."""
        volts, amperes = self._point()
        return number(volts * amperes)

    def _point(self) -> tuple[float, float]:
        """Return volts and amperes at which source and load agree."""
        open_v = max(0.0, float(np.mean(self._probe.voltage(instants(self._probe.now(), 0.31e-3, 200), 1e9))))
        if not self._on:
            return open_v, 0.0
        level, most_a = self._levels[self._mode], open_v / SOURCE_OHM
        match self._mode:
            case LoadMode.CONSTANT_CURRENT:
                amperes = level
            case LoadMode.CONSTANT_VOLTAGE:
                amperes = (open_v - level) / SOURCE_OHM
            case LoadMode.CONSTANT_RESISTANCE:
                amperes = open_v / (level + SOURCE_OHM)
            case LoadMode.CONSTANT_POWER:
                root = open_v**2 - 4 * SOURCE_OHM * level
                amperes = (open_v - math.sqrt(max(0.0, root))) / (2 * SOURCE_OHM)
        amperes = min(max(0.0, amperes), most_a, self.profile.maximum_a)
        return open_v - amperes * SOURCE_OHM, amperes
