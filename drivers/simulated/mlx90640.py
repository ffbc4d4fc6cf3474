"""A Melexis MLX90640 behind an NXP SC18IM700 bridge: the board's heat map as raw frames with calibration.

Register map of the data sheet (3901090640), section 10.5: EEPROM from 0x2400, RAM from 0x0400, status 0x8000 (bit 3:
new data, bits 2:0: subpage), control 0x800D (bits 9:7: refresh rate 2^(n-1) Hz).
"""

from collections.abc import Callable, Sequence

import numpy as np

from drivers.simulated.device import Device
from drivers.simulated.endpoints import Session
from drivers.simulated.heat import AMBIENT_C
from drivers.simulated.noise import Floats, key, normal
from protocols.sc18im700 import Bridge, I2cMessage, I2cNack
from protocols.thermal.mlx90640 import MLX90640Calibration, default_eeprom, encode_frame

ADDRESS = 0x33
BRIDGE_BAUD = 9600
EEPROM, RAM, STATUS, CONTROL = 0x2400, 0x0400, 0x8000, 0x800D
NEW_DATA = 0x0008
EMISSIVITY = 0.95
"""Emissivity of the board's solder mask."""
NOISE_K = 0.1
_NOISE_PER_S = 1e6
"""Noise is new so often: counted by pictures, it would be the same in each unit's tenth one."""
_RAM_WORDS = 832
_DIE_ABOVE_AMBIENT_K = 5.0


class Mlx90640:
    """The sensor on its I²C bus, looking at the board.

    ``waits`` tells whether a subpage takes its time at the refresh rate (else the next one is ready at once).
    """

    def __init__(self, device: Device, *, seed: int = 1, waits: Callable[[], bool] = lambda: True) -> None:
        self._waits = waits
        self._device = device
        self._key = key(seed, "camera")
        self._eeprom = default_eeprom(seed)
        self._calibration = MLX90640Calibration.from_eeprom(self._eeprom.tolist())
        self.impostor = False
        self._control = int(self._eeprom[12])
        self._status = 0
        self._ram = np.zeros(_RAM_WORDS, dtype=np.uint16)
        self._began_s = device.now()
        self._subframe = -1

    def transfer(self, messages: Sequence[I2cMessage]) -> Sequence[bytes]:
        """Carry out one I²C transaction: a register address, then words read from it or written to it."""
        pointer = 0
        found: list[bytes] = []
        for message in messages:
            if message.address != ADDRESS or self.impostor:
                raise I2cNack
            if message.count is not None:
                words = [self._read(pointer + index) for index in range((message.count + 1) // 2)]
                found.append(b"".join(word.to_bytes(2, "big") for word in words)[: message.count])
            elif len(message.data) >= 2:
                pointer = int.from_bytes(message.data[:2], "big")
                for index in range(2, len(message.data) - 1, 2):
                    self._write(pointer + index // 2 - 1, int.from_bytes(message.data[index : index + 2], "big"))
        return found

    def _read(self, register: int) -> int:
        if register == STATUS:
            self._refresh()
            return self._status
        if register == CONTROL:
            return self._control
        if EEPROM <= register < EEPROM + self._eeprom.size:
            return int(self._eeprom[register - EEPROM])
        if RAM <= register < RAM + _RAM_WORDS:
            return int(self._ram[register - RAM])
        return 0

    def _write(self, register: int, word: int) -> None:
        if register == CONTROL:
            self._control = word
        elif register == STATUS:
            self._status = (self._status & ~0x0038) | (word & 0x0038)

    def _refresh(self) -> None:
        """Measure the next subpage when its time has come."""
        rate_hz = 2.0 ** (((self._control >> 7) & 7) - 1)
        now = self._device.now()
        subframe = int((now - self._began_s) * rate_hz) if self._waits() else self._subframe + 1
        if subframe <= self._subframe or self._status & NEW_DATA:
            return
        self._subframe = subframe
        subpage = subframe & 1
        words = encode_frame(
            self._calibration,
            self._scene(now),
            ambient_c=AMBIENT_C + _DIE_ABOVE_AMBIENT_K,
            subpage=subpage,
            emissivity=EMISSIVITY,
            reflected_c=AMBIENT_C,
            control=self._control,
        )
        self._ram[:] = words[:_RAM_WORDS]
        self._status = NEW_DATA | subpage

    def _scene(self, at_s: float) -> Floats:
        field = self._device.temperatures_c(at_s)
        index = np.arange(field.size, dtype=np.int64) + field.size * int(at_s * _NOISE_PER_S)
        return field + NOISE_K * normal(index, self._key).reshape(field.shape)


class CameraSession(Session):
    """The bridge's serial port."""

    cut_above = 16
    baud = BRIDGE_BAUD

    def __init__(self, sensor: Mlx90640) -> None:
        self._bridge = Bridge(sensor)

    def receive(self, data: bytes) -> bytes:
        """Carry out the bridge's commands."""
        return self._bridge.feed(data)

    def opened(self) -> None:
        """Forget an unfinished command of an earlier client."""
        self._bridge.reset()
