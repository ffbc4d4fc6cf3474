"""The MLX90640 behind an SC18IM700 bridge: real frames on a pseudo-terminal, the chip's side by the protocol rooms."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from captures import require_capture
from scripted_server import PtyInstrument

from drivers.capabilities import ThermalCamera
from drivers.errors import (
    BadResponse,
    Cancelled,
    ConnectionLost,
    InstrumentRefused,
    Misconfigured,
    NoResponse,
    OutOfRange,
    WrongIdentity,
)
from drivers.guard import Guard
from drivers.registry import open_instrument
from protocols.sc18im700 import Bridge, I2cMessage, I2cNack
from protocols.thermal.mlx90640 import MLX90640Calibration, default_eeprom, encode_frame

Words = npt.NDArray[np.uint16]


class Sensor:
    """The sensor's registers on the I²C bus at 0x33; each acknowledged subpage is followed by the other."""

    def __init__(self, eeprom: Words, subframes: Sequence[Words]) -> None:
        self.memory: dict[int, int] = {0x2400 + i: int(word) for i, word in enumerate(eeprom)}
        self.subframes = list(subframes)
        self.number = -1
        self.absent = False
        self.asleep = False
        self._pointer = 0
        self.memory[0x800D] = 0x1901
        self.next()

    def next(self) -> None:
        self.number += 1
        words = self.subframes[self.number % len(self.subframes)]
        self.memory.update({0x0400 + i: int(word) for i, word in enumerate(words[:832])})
        self.memory[0x8000] = 0x0008 | int(words[833])

    def transfer(self, messages: Sequence[I2cMessage]) -> list[bytes]:
        answers = []
        for message in messages:
            if message.address != 0x33 or self.absent:
                raise I2cNack
            if message.is_read:
                assert message.count is not None
                words = range(self._pointer, self._pointer + message.count // 2)
                answers.append(b"".join(self.memory.get(word, 0).to_bytes(2, "big") for word in words))
                continue
            self._pointer = int.from_bytes(message.data[:2], "big")
            if len(message.data) == 4:
                value = int.from_bytes(message.data[2:], "big")
                if self._pointer == 0x8000:
                    self.memory[0x8000] &= ~0x0008
                    if not self.asleep:
                        self.next()
                else:
                    self.memory[self._pointer] = value
        return answers


class BridgePort(PtyInstrument):
    """A pseudo-terminal with the bridge behind it."""

    def __init__(self, sensor: Sensor) -> None:
        super().__init__([])
        self.bridge = Bridge(sensor)
        self.mute = False

    def _play(self, pending: bytearray) -> bool:
        answer = self.bridge.feed(bytes(pending))
        pending.clear()
        if not self.mute:
            self._send(answer)
        return True

    @property
    def address(self) -> str:
        return f"sc18im700:{self.device}?address=0x33"


def scene() -> npt.NDArray[np.float64]:
    picture = np.full((24, 32), 25.0)
    picture[10:13, 20:24] = 60.0
    return picture


def a_sensor(scale: float = 1.0) -> Sensor:
    eeprom = default_eeprom(3)
    calibration = MLX90640Calibration.from_eeprom(eeprom.tolist())
    halves = [encode_frame(calibration, scene() * scale, ambient_c=30, subpage=n, emissivity=0.95) for n in (0, 1)]
    return Sensor(eeprom, halves)


def opened(port: BridgePort, guard: Guard | None = None, **options: object) -> ThermalCamera:
    camera = open_instrument("mlx90640", port.address, guard, **options)
    assert isinstance(camera, ThermalCamera)
    return camera


def test_a_picture_of_a_scene_with_a_hot_spot() -> None:
    with BridgePort(a_sensor()) as port:
        camera = opened(port)
        image = camera.capture(emissivity=0.95, frames=3)
        assert image.temperatures_c.shape == (24, 32)
        assert image.temperatures_c.dtype == np.float32
        assert image.emissivity == 0.95
        assert np.abs(image.temperatures_c - scene()).max() < 0.15
        assert "MLX90640" in camera.identify()
        camera.close()


def test_the_makers_sample_frame() -> None:
    eeprom = np.frombuffer(require_capture("thermal/mlx90640/eeprom.bin").read_bytes(), "<u2").astype(np.uint16)
    frame = np.frombuffer(require_capture("thermal/mlx90640/frame0.bin").read_bytes(), "<u2").astype(np.uint16)
    truth = np.loadtxt(require_capture("thermal/mlx90640/to0.csv"), delimiter=",")
    other = frame.copy()
    other[833] ^= 1
    sensor = Sensor(eeprom, [frame, other])
    sensor.memory[0x800D] = int(frame[832])
    with BridgePort(sensor) as port:
        refresh = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)[int(frame[832]) >> 7 & 7]
        camera = opened(port, refresh_hz=refresh)
        image = camera.capture(emissivity=1.0)
        measured = truth != 0
        assert measured.sum() == 384
        assert np.abs(image.temperatures_c - truth)[measured].max() < 0.01
        camera.close()


def test_what_can_go_wrong_on_the_bus() -> None:
    sensor = a_sensor()
    with BridgePort(sensor) as port:
        camera = opened(port)
        sensor.absent = True
        with pytest.raises(InstrumentRefused, match="nothing answers at I²C address 0x33"):
            camera.capture()
        sensor.absent = False
        sensor.asleep = True
        guard = camera.guard
        guard.arm(0.5)
        with pytest.raises(Cancelled):
            camera.capture()
        guard.arm()
        sensor.asleep = False
        port.mute = True
        with pytest.raises(NoResponse, match="check port and baud rate"):
            camera.capture()
        port.mute = False
        assert camera.capture().temperatures_c.max() > 50
        sensor.subframes = sensor.subframes[:1]
        with pytest.raises(BadResponse, match="same subpage again and again"):
            camera.capture()
        camera.close()


def test_requests_out_of_range_and_other_sensors_are_refused() -> None:
    sensor = a_sensor()
    with BridgePort(sensor) as port:
        camera = opened(port)
        for emissivity, frames, match in ((0.0, 1, "emissivity"), (1.1, 1, "emissivity"), (0.9, 0, "frames")):
            with pytest.raises(OutOfRange, match=match):
                camera.capture(emissivity=emissivity, frames=frames)
        camera.close()
        with pytest.raises(OutOfRange, match="refresh_hz must be one of"):
            opened(port, refresh_hz=3.0)
        sensor.memory.update({0x2400 + i: 0 for i in range(832)})
        with pytest.raises(WrongIdentity, match="is no MLX90640"):
            opened(port)
        with pytest.raises(Misconfigured, match="from 0x03 to 0x77, not 0x99"):
            open_instrument("mlx90640", f"sc18im700:{port.device}?address=0x99")


def test_a_bus_that_is_not_there() -> None:
    with pytest.raises(ConnectionLost, match="there is no such bus"):
        open_instrument("mlx90640", "i2c:/dev/i2c-99?address=0x33")
