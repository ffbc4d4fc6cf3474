"""Instruments that are Modbus registers or coils, by their declarations."""

from collections.abc import Sequence

import numpy as np

from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.simulated.modbus_server import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Refused, Registers
from drivers.simulated.noise import Floats
from drivers.simulated.rails import Feed
from drivers.simulated.wiring import Wiring
from protocols.modbus_map import Access, Value, decode, words_of
from protocols.modbus_rtu import ModbusError

OVER_RATING = 1.02
"""A supply lets itself be set a little above what it is sold for."""


class ModbusSupplyPersonality(Registers):
    """A supply of the first model that the profile declares, on the device's input.

    Reading brings measured values up to date; only registers that the profile declares to be writable can be written.
    """

    def __init__(self, profile: ModbusSupplyProfile, wiring: Wiring, name: str = "supply") -> None:
        self.profile = profile
        self.name = name
        self._device = wiring.device
        self._map = profile.map()
        number, self._model = next(iter(profile.supply_models.items()))
        whole = number * profile.model_id_divisor
        self._values: dict[str, Value] = {
            "model_id": number if whole in profile.supply_models else whole,
            "serial_number": 1,
            "firmware": 1.0,
            "set_voltage": 0.0,
            "set_current": 0.0,
            "protection": "none",
            "output": "off",
        }

    def read(self, address: int, count: int) -> Sequence[int]:
        """Return holding registers; between declared ones there are zeros, beyond them is an illegal address."""
        on = self._values["output"] == "on"
        volts, amperes, limited = self._device.supply_reading(self._device.now()) if on else (0.0, 0.0, False)
        measured: dict[str, Value] = {
            "output_voltage": volts,
            "output_current": amperes,
            "regulation": "constant_current" if limited else "constant_voltage",
        }
        words: dict[int, int] = {}
        for register in self._map.registers:
            value = measured.get(register.name, self._values.get(register.name, 0))
            held = words_of(register, value, self._model.name)
            words.update(zip(range(register.address, register.address + register.words), held, strict=True))
        if address + count > max(words) + 1:
            raise Refused(ILLEGAL_ADDRESS)
        return [words.get(place, 0) for place in range(address, address + count)]

    def write(self, address: int, words: Sequence[int]) -> None:
        """Write registers; all of them or none."""
        left = dict(enumerate(words, start=address))
        taken: dict[str, Value] = {}
        for register in self._map.registers:
            places = range(register.address, register.address + register.words)
            if register.access is not Access.READ_WRITE or not all(place in left for place in places):
                continue
            try:
                value = decode(register, [left.pop(place) for place in places], self._model.name)
            except ModbusError:
                raise Refused(ILLEGAL_VALUE) from None
            highest = {"set_voltage": self._model.maximum_v, "set_current": self._model.maximum_a}.get(register.name)
            if highest is not None and float(value) > highest * OVER_RATING:
                raise Refused(ILLEGAL_VALUE)
            taken[register.name] = value
        if left:
            raise Refused(ILLEGAL_ADDRESS)
        self._values |= taken
        volts, amperes = float(self._values["set_voltage"]), float(self._values["set_current"])
        self._device.power(Feed(volts, amperes, self._values["output"] == "on"))


class ModbusRelayPersonality(Registers):
    """A board whose contacts join the device's test points to one common wire, in the order of the points.

    The common wire is a point that a probe can touch, by the board's name in capitals. With two contacts closed it has
    the mean of both points.
    """

    def __init__(self, profile: ModbusRelayProfile, wiring: Wiring, name: str = "scanner") -> None:
        self.profile = profile
        self.name = name
        self._wiring = wiring
        self.closed = [False] * profile.channels
        wiring.sources[name.upper()] = self

    def read_coils(self, address: int, count: int) -> Sequence[bool]:
        """Tell which contacts are closed."""
        first = self._index(address, count)
        return self.closed[first : first + count]

    def write_coils(self, address: int, bits: Sequence[bool]) -> None:
        """Close and open contacts."""
        first = self._index(address, len(bits))
        self.closed[first : first + len(bits)] = bits

    def voltage(self, times_s: Floats) -> Floats:
        """Return the volts on the common wire."""
        device = self._wiring.device
        points = [point for point, closed in zip(device.product.points, self.closed, strict=False) if closed]
        if not points:
            return np.zeros(times_s.shape)
        volts: Floats = np.mean([device.voltage(point, times_s) for point in points], axis=0)
        return volts

    def _index(self, address: int, count: int) -> int:
        first = address - self.profile.first_coil
        if first < 0 or first + count > self.profile.channels:
            raise Refused(ILLEGAL_ADDRESS)
        return first
