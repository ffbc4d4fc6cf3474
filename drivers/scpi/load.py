"""Any SCPI electronic load, driven by its declaration."""

import math
from typing import Any

from drivers.accuracy import Accuracy
from drivers.capabilities import ElectronicLoad, LoadMode, LoadReading
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange
from drivers.scpi.instrument import ScpiInstrument
from drivers.scpi.link import ScpiLink
from drivers.scpi.load_model import UNITS, LoadModeModel, ScpiLoadProfile
from protocols.quantity import Quantity


class ScpiElectronicLoad(ScpiInstrument[ScpiLoadProfile], ElectronicLoad):
    """A load of the ``scpi-load`` profiles."""

    def __init__(self, link: ScpiLink, *, ambient_c: float | None = None, **_: Any) -> None:
        super().__init__(link)
        self._ambient_c = ambient_c

    def modes(self) -> frozenset[LoadMode]:
        """Return what the profile declares."""
        return frozenset(self.profile.modes)

    def configure(self, mode: LoadMode, level: float) -> None:
        """Set the level, then the mode, so that the load never stands in a mode at an old level; read both back."""
        model, unit, link = self._mode(mode), UNITS[mode], self.link
        if not model.minimum <= level <= model.maximum:
            raise OutOfRange(
                f"{link.label}: the level of {mode} must be from {model.minimum:g} to {model.maximum:g} {unit}, "
                f"not {level:g} {unit}"
            )
        if not math.isclose(level / model.step, round(level / model.step), abs_tol=1e-6):
            raise OutOfRange(
                f"{link.label}: the level of {mode} must be a multiple of {model.step:g} {unit}, not {level:g} {unit}"
            )
        changed = not self._stands_in(model)
        if changed:
            self.input(on=False)
        for name in self.profile.prepare:
            self._send_for(name, mode)
        link.send("set_level", mode=mode, level=level)
        if changed:
            link.send("set_mode", mode=mode)
        link.check_errors()
        if changed and not self._stands_in(model):
            raise InstrumentRefused(f"{link.label} did not change to {mode}; look at its display")
        told = link.ask_number("ask_level", mode=mode)
        if not math.isclose(told, level, abs_tol=model.step / 2 * 1.001):
            raise InstrumentRefused(f"{link.label} took {told:g} {unit} instead of {level:g} {unit}")

    def input(self, on: bool) -> None:
        """Switch the input, and make sure that it did."""
        self.link.send("input", on=on)
        self.link.check_errors()
        is_on = self.link.ask_boolean("ask_input")
        if is_on is not on:
            raise InstrumentRefused(
                f"{self.link.label} left its input {'on' if is_on else 'off'}; look whether its display shows a "
                f"protection"
            )

    def read(self) -> LoadReading:
        """Read voltage, current and power, then whether the input is on (a tripped protection shows as off)."""
        profile = self.profile
        return LoadReading(
            self._measured("measure_voltage", "V", profile.voltage_accuracy, profile.maximum_v),
            self._measured("measure_current", "A", profile.current_accuracy, profile.maximum_a),
            self._measured("measure_power", "W", profile.power_accuracy, profile.maximum_w),
            input_on=self.link.ask_boolean("ask_input"),
        )

    def _mode(self, mode: LoadMode) -> LoadModeModel:
        if mode not in self.profile.modes:
            raise OutOfRange(f"{self.link.label} has no {mode}; it has {', '.join(self.profile.modes)}")
        return self.profile.modes[mode]

    def _stands_in(self, model: LoadModeModel) -> bool:
        return self.link.ask("ask_mode").strip().upper() == model.told.upper()

    def _send_for(self, name: str, mode: LoadMode) -> None:
        if self.profile.commands[name].arguments:
            self.link.send(name, mode=mode)
        else:
            self.link.send(name)

    def _measured(self, name: str, unit: str, accuracy: Accuracy | None, full_scale: float) -> Quantity:
        value = self.link.ask_number(name)
        if not math.isfinite(value):
            raise BadResponse(f"{self.link.label}, asked for its {name.removeprefix('measure_')}, tells no number")
        if accuracy is None:
            return Quantity(value, unit)
        return Quantity(value, unit, accuracy.standard_uncertainty(value, full_scale, self._ambient_c))
