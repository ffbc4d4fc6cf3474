"""Bench power supplies that are a Modbus register map."""

import math
from typing import Any

from drivers.capabilities import PowerSupply, SupplyReading
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange, WrongIdentity
from drivers.modbus_supply_model import ModbusSupplyProfile, SupplyModel
from drivers.transports.modbus import ModbusBus
from protocols.errors import ProtocolError
from protocols.modbus_map import Value, select
from protocols.quantity import Quantity

MEASURED = ("output_voltage", "output_current", "protection", "regulation", "output")


class ModbusSupply(PowerSupply):
    """A supply of the ``modbus-supply`` profiles; its model number gives scaling and limits."""

    def __init__(
        self, bus: ModbusBus, profile: ModbusSupplyProfile, *, ambient_c: float | None = None, **_: Any
    ) -> None:
        self.profile = profile
        self.guard = bus.guard
        self._bus = bus
        self._ambient_c = ambient_c
        self._map = profile.map()
        self._model: SupplyModel | None = None

    def identify(self) -> str:
        """Read model, serial number and firmware."""
        values = self._read("model_id", "serial_number", "firmware")
        number = int(values["model_id"])
        models = self.profile.supply_models
        model = models.get(number) or models.get(number // self.profile.model_id_divisor)
        if model is None:
            raise WrongIdentity(
                f"{self._bus.label} says model {number}, which is not a {self.profile.title['en']}; "
                f"correct profile or address in bench.toml"
            )
        self._model = model
        return f"{self.profile.maker},{model.name},{int(values['serial_number'])},{float(values['firmware']):.2f}"

    def safe_state(self) -> None:
        """Switch the output off."""
        self._write("output", "off")

    def close(self) -> None:
        """Release the port."""
        self._bus.close()

    def configure(self, channel: int, *, voltage_v: float, current_limit_a: float) -> None:
        """Set current limit and voltage, in that order, and read both back."""
        self._check_channel(channel)
        model = self._known_model()
        self._check("voltage_v", voltage_v, model.maximum_v, "V", "set_voltage")
        self._check("current_limit_a", current_limit_a, model.maximum_a, "A", "set_current")
        self._write("set_current", current_limit_a)
        self._write("set_voltage", voltage_v)
        told = self._read("set_voltage", "set_current")
        for name, wanted, unit in (("set_voltage", voltage_v, "V"), ("set_current", current_limit_a, "A")):
            if not math.isclose(float(told[name]), wanted, abs_tol=self._step(name) / 2 * 1.001):
                raise InstrumentRefused(f"{self._bus.label} took {told[name]:g} {unit} instead of {wanted:g} {unit}")

    def output(self, channel: int, on: bool) -> None:
        """Switch the output, and make sure that it did."""
        self._check_channel(channel)
        self._known_model()
        self._write("output", "on" if on else "off")
        values = self._read("output", "protection")
        if values["output"] != ("on" if on else "off"):
            raise InstrumentRefused(
                f"{self._bus.label} left its output {values['output']} (protection: {values['protection']}); "
                f"check the load, then clear the protection on its panel"
            )

    def read(self, channel: int = 1) -> SupplyReading:
        """Read back voltage and current; a tripped protection shows as an output that is off."""
        self._check_channel(channel)
        model = self._known_model()
        values = self._read(*MEASURED)
        voltage, current = float(values["output_voltage"]), float(values["output_current"])
        profile, ambient_c = self.profile, self._ambient_c
        return SupplyReading(
            Quantity(voltage, "V", profile.voltage_accuracy.standard_uncertainty(voltage, model.maximum_v, ambient_c)),
            Quantity(current, "A", profile.current_accuracy.standard_uncertainty(current, model.maximum_a, ambient_c)),
            output_on=values["output"] == "on",
            current_limited=values["regulation"] == "constant_current",
        )

    def _known_model(self) -> SupplyModel:
        if self._model is None:
            self.identify()
        assert self._model is not None  # noqa: S101 - identify sets it or raises
        return self._model

    def _check_channel(self, channel: int) -> None:
        if channel != 1:
            raise OutOfRange(f"{self._bus.label} has one channel, 1, not {channel}")

    def _step(self, name: str) -> float:
        model = self._known_model()
        return self._map[name].scale_for(model.name)

    def _check(self, argument: str, value: float, maximum: float, unit: str, register: str) -> None:
        if not 0 <= value <= maximum:
            raise OutOfRange(
                f"{self._bus.label}: {argument} must be from 0 to {maximum:g} {unit}, not {value:g} {unit}"
            )
        step = self._step(register)
        if not math.isclose(value / step, round(value / step), abs_tol=1e-6):
            raise OutOfRange(
                f"{self._bus.label}: {argument} must be a multiple of {step:g} {unit}, not {value:g} {unit}"
            )

    def _read(self, *names: str) -> dict[str, Value]:
        words: dict[int, int] = {}
        for block in self._map.blocks(names):
            words.update(self._bus.read(block))
        model = None if self._model is None else self._model.name
        try:
            return {name: self._map.decode(name, select(words, self._map[name]), model) for name in names}
        except ProtocolError as error:
            raise BadResponse(f"{self._bus.label}: {error}; check that the profile fits the instrument") from error

    def _write(self, name: str, value: Value) -> None:
        register = self._map[name]
        model = None if self._model is None else self._model.name
        try:
            words = self._map.encode(name, value, model)
        except ProtocolError as error:
            raise OutOfRange(f"{self._bus.label}: {error}") from error
        self._bus.write(register.table, register.address, words)
