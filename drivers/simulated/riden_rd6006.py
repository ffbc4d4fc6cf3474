"""Riden RD6006 bench supply: its Modbus registers (github.com/ShayBox/Riden, register.py), feeding the device at J1.

Voltages are in 10 mV, currents in 1 mA, power in 10 mW. Registers of measured values cannot be written.
"""

import math
from collections.abc import Sequence

import numpy as np

from drivers.simulated.device import Device
from drivers.simulated.modbus_server import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Refused, Registers
from drivers.simulated.noise import draw, key, normal
from drivers.simulated.rails import Feed

UNIT = 1
BAUD = 115200
MODEL_ID = 60062
_IMPOSTOR_ID = 5005
REGISTERS = 120
_SERIAL = 2871
_FIRMWARE = 128
_INPUT_V = 54.0
_NO_PROBE_C = 191
"""The external temperature probe is absent: the unit shows -191 °C."""
_VOLTS, _AMPS = 100.0, 1000.0
_HIGHEST = {8: 6100, 9: 6100, 15: 1, 18: 1, 19: 9, 48: 2099, 49: 12, 50: 31, 51: 23, 52: 59, 53: 59,
            66: 1, 67: 1, 68: 1, 69: 1, 70: 1, 71: 3, 72: 5}  # fmt: skip
"""Registers that can be written, with the highest value that each takes; memories M0 … M9 are at 80 … 119."""


class Rd6006(Registers):
    """The supply. Reading any register brings measured values and protection up to date."""

    def __init__(self, device: Device, *, seed: int = 1) -> None:
        self._device = device
        self._key = key(seed, "supply")
        self._count = 0
        self.impostor = False
        self._gain = {name: 1.0 + (draw(self._key, index) - 0.5) * 1e-3 for index, name in enumerate("vi")}
        self._words = [0] * REGISTERS
        self._words[:4] = [MODEL_ID, 0, _SERIAL, _FIRMWARE]
        self._words[8:10] = [500, 500]
        self._words[14] = round(_INPUT_V * 100)
        self._words[34:38] = [1, _NO_PROBE_C, 1, 312]
        self._words[48:54] = [2026, 1, 1, 8, 0, 0]
        self._words[66:73] = [0, 0, 0, 1, 1, 0, 4]
        for memory in range(10):
            self._words[80 + 4 * memory : 84 + 4 * memory] = [500, 6100, 6200, 6200]

    def read(self, address: int, count: int) -> Sequence[int]:
        """Return holding registers; beyond the map is an illegal address."""
        if address + count > REGISTERS:
            raise Refused(ILLEGAL_ADDRESS)
        self._measure()
        words = list(self._words)
        if self.impostor:
            words[0] = _IMPOSTOR_ID
        return words[address : address + count]

    def write(self, address: int, words: Sequence[int]) -> None:
        """Write registers; all of them or none."""
        for offset, word in enumerate(words):
            place = address + offset
            highest = 6200 if 80 <= place < REGISTERS else _HIGHEST.get(place)
            if highest is None:
                raise Refused(ILLEGAL_ADDRESS)
            if word > highest:
                raise Refused(ILLEGAL_VALUE)
        self._words[address : address + len(words)] = words
        if address <= 19 < address + len(words):
            memory = 80 + 4 * self._words[19]
            self._words[8:10] = self._words[memory : memory + 2]
            self._words[82:84] = self._words[memory + 2 : memory + 4]
        if address <= 18 < address + len(words) and self._words[18]:
            self._words[16] = 0  # switching on forgets an earlier trip
        self._apply()
        self._measure()

    def _apply(self) -> None:
        volts, amps = self._words[8] / _VOLTS, self._words[9] / _AMPS
        self._device.power(Feed(volts, amps, bool(self._words[18])))

    def _measure(self) -> None:
        terminal, current, limited = self._device.supply_reading(self._device.now())
        if self._words[18]:
            tripped = 1 if terminal * _VOLTS > self._words[82] else 2 if current * _AMPS > self._words[83] else 0
            if tripped:
                self._words[16], self._words[18] = tripped, 0
                self._apply()
                terminal, current, limited = 0.0, 0.0, False
        self._count += 1
        noise = normal(np.array([2 * self._count, 2 * self._count + 1], dtype=np.int64), self._key)
        shown_v = max(0.0, terminal * self._gain["v"] * _VOLTS + 0.3 * float(noise[0])) if terminal else 0.0
        shown_a = max(0.0, current * self._gain["i"] * _AMPS + 0.3 * float(noise[1])) if current else 0.0
        power = round(shown_v) / _VOLTS * round(shown_a) / _AMPS * 100.0
        warmth = 27.0 + math.floor(terminal * current * 0.05)
        self._words[4:8] = [0, round(warmth), 0, round(warmth * 1.8 + 32)]
        self._words[10:14] = [round(shown_v), round(shown_a), 0, round(power)]
        self._words[17] = 1 if limited else 0
