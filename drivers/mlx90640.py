"""The MLX90640 thermal camera on an I²C bus."""

import time
from typing import Any

import numpy as np

from drivers.accuracy import beyond_calibration_c
from drivers.capabilities import ThermalCamera
from drivers.errors import BadResponse, NoResponse, OutOfRange, WrongIdentity
from drivers.guard import POLL_S
from drivers.mlx90640_model import Mlx90640Profile
from drivers.transports.i2c import I2cDevice
from protocols.thermal.mlx90640 import MLX90640Calibration, Mlx90640Error, fill_defective, temperatures
from protocols.thermal.mlx90640.layout import CONTROL_REGISTER, EEPROM_WORDS, FRAME_WORDS, SUBPAGE, Words
from protocols.waveform import ThermalImage

EEPROM = 0x2400
RAM = 0x0400
RAM_WORDS = 832
DEVICE_ID = 0x2407
STATUS = 0x8000
CONTROL = 0x800D
NEW_DATA = 0x0008
KEEP_UNTIL_READ = 0x0000
"""Clears "new data", and (bit 4) forbids the sensor to overwrite its memory until that is done again: a slow bus then
never reads a mixture of two subpages."""
REFRESH_SHIFT = 7
REFRESH_HZ = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Subpages a second, by the refresh field of the control register."""
MAX_FRAMES = 64


class Mlx90640Camera(ThermalCamera):
    """A camera of 32 × 24 pixels. ``refresh_hz`` is subpages a second; two subpages make a picture."""

    def __init__(
        self,
        device: I2cDevice,
        profile: Mlx90640Profile,
        *,
        refresh_hz: float = 4.0,
        ambient_c: float | None = None,
        **_: Any,
    ) -> None:
        if refresh_hz not in REFRESH_HZ:
            raise OutOfRange(f"{device.label}: refresh_hz must be one of {REFRESH_HZ}, not {refresh_hz:g}")
        self.profile = profile
        self.guard = device.guard
        self._device = device
        self._refresh_hz = refresh_hz
        self._ambient_c = ambient_c
        self._calibration: MLX90640Calibration | None = None

    def identify(self) -> str:
        """Read the device's number and its calibration."""
        words = self._read(EEPROM, EEPROM_WORDS)
        try:
            self._calibration = MLX90640Calibration.from_eeprom(words.tolist())
        except Mlx90640Error as error:
            raise WrongIdentity(
                f"{self._device.label} is no MLX90640 ({error}); correct profile or address in bench.toml"
            ) from error
        number = "-".join(f"{int(word):04X}" for word in words[DEVICE_ID - EEPROM : DEVICE_ID - EEPROM + 3])
        self._set_refresh()
        return f"Melexis,MLX90640,{number}"

    def limit_of_error_k(self, temperature_c: float = 25.0) -> float | None:  # noqa: ARG002 - the same everywhere
        """Return the limit of the profile; none on a bench that is hotter or colder than it is stated for."""
        return None if beyond_calibration_c(self._ambient_c) else self.profile.accuracy_c

    def close(self) -> None:
        """Release the bus."""
        self._device.close()

    def capture(self, *, emissivity: float = 0.95, frames: int = 1) -> ThermalImage:
        """Return the mean of ``frames`` pictures, shape (24, 32), °C, each of both subpages measured after the call.

        Broken pixels are replaced by the median of their neighbours, as the data sheet (section 9) advises.
        """
        if not 0 < emissivity <= 1:
            raise OutOfRange(f"{self._device.label}: emissivity must be above 0 and at most 1, not {emissivity:g}")
        if not 1 <= frames <= MAX_FRAMES:
            raise OutOfRange(f"{self._device.label}: frames must be from 1 to {MAX_FRAMES}, not {frames}")
        if self._calibration is None:
            self.identify()
        calibration = self._calibration
        assert calibration is not None  # noqa: S101 - identify sets it or raises
        self._write(STATUS, KEEP_UNTIL_READ)  # what is in the memory now is older than this call
        total = np.zeros((24, 32), dtype=np.float64)
        reflected: float | None = None
        for _ in range(frames):
            picture = self._picture(calibration, emissivity)
            reflected = picture.reflected_c
            total += picture.temperatures_c
        return ThermalImage((total / frames).astype(np.float32), emissivity, reflected)

    def _picture(self, calibration: MLX90640Calibration, emissivity: float) -> ThermalImage:
        halves: dict[int, ThermalImage] = {}
        for _ in range(6):
            words = self._subframe()
            try:
                halves[int(words[SUBPAGE])] = temperatures(words.tolist(), calibration, emissivity)
            except Mlx90640Error as error:
                raise BadResponse(f"{self._device.label}: {error}; check the I²C lines") from error
            if len(halves) == 2:
                first, second = halves[0], halves[1]
                joined = np.where(np.isnan(first.temperatures_c), second.temperatures_c, first.temperatures_c)
                whole = ThermalImage(joined.astype(np.float32), emissivity, second.reflected_c)
                return fill_defective(whole, calibration)
        raise BadResponse(f"{self._device.label} gives the same subpage again and again; switch it off and on")

    def _subframe(self) -> Words:
        """Wait for new data and read it: 832 words of RAM, the control register, the subpage."""
        deadline = time.monotonic() + 2.0 + 4.0 / self._refresh_hz
        while True:
            status = int(self._read(STATUS, 1)[0])
            if status & NEW_DATA:
                break
            if time.monotonic() >= deadline:
                raise NoResponse(f"{self._device.label} measures nothing new; check its supply and control register")
            self.guard.check()
            time.sleep(self.guard.remaining_s(POLL_S / 2))
        words = np.empty(FRAME_WORDS, dtype=np.uint16)
        words[:RAM_WORDS] = self._read(RAM, RAM_WORDS)
        words[CONTROL_REGISTER] = self._read(CONTROL, 1)[0]
        words[SUBPAGE] = status & 1
        if int(self._read(STATUS, 1)[0]) & 1 != status & 1:
            raise BadResponse(f"{self._device.label} overwrote the picture while it was read; lower refresh_hz")
        self._write(STATUS, KEEP_UNTIL_READ)
        return words

    def _set_refresh(self) -> None:
        control = int(self._read(CONTROL, 1)[0])
        wanted = (control & ~(7 << REFRESH_SHIFT)) | REFRESH_HZ.index(self._refresh_hz) << REFRESH_SHIFT
        if wanted != control:
            self._write(CONTROL, wanted)
            if int(self._read(CONTROL, 1)[0]) != wanted:
                raise BadResponse(f"{self._device.label} does not keep its refresh rate; check the I²C lines")

    def _read(self, register: int, count: int) -> Words:
        words = np.empty(count, dtype=np.uint16)
        largest = self._device.max_bytes // 2
        for first in range(0, count, largest):
            length = min(largest, count - first)
            data = self._device.write_read((register + first).to_bytes(2, "big"), 2 * length)
            words[first : first + length] = np.frombuffer(data, dtype=">u2")
        return words

    def _write(self, register: int, value: int) -> None:
        self._device.write(register.to_bytes(2, "big") + value.to_bytes(2, "big"))
