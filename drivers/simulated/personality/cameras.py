"""Thermal cameras by their declarations, looking at the device."""

import numpy as np
import numpy.typing as npt

from drivers.mlx90640_model import Mlx90640Profile
from drivers.simulated.mlx90640 import EMISSIVITY, CameraSession, Mlx90640
from drivers.simulated.noise import key, normal
from drivers.simulated.wiring import Wiring
from drivers.uvc_camera_model import UvcCameraProfile
from protocols.thermal import uvc

ROOM_C = 23.0
NOISE_K = 0.05


class Mlx90640Personality(CameraSession):
    """The sensor behind its bridge."""

    def __init__(self, profile: Mlx90640Profile, wiring: Wiring, name: str = "camera") -> None:
        super().__init__(Mlx90640(wiring.device))
        self.profile = profile
        self.name = name


class UvcCameraPersonality:
    """A camera that sends raw frames: what the profile's camera, set as delivered, shows of the board."""

    def __init__(self, profile: UvcCameraProfile, wiring: Wiring, name: str = "camera") -> None:
        self.profile = profile
        self.name = name
        self._device = wiring.device
        self._key = key(1, name)
        self._count = 0

    def frame(self) -> bytes:
        """Return the frame of now."""
        profile = self.profile
        board = self._enlarged(self._device.temperatures_c(self._device.now()))
        shown = uvc.for_emissivity(
            board.astype(np.float32),
            emissivity=profile.camera_emissivity,
            camera_emissivity=EMISSIVITY,
            reflected_c=ROOM_C,
        )
        index = np.arange(shown.size, dtype=np.int64) + shown.size * self._count
        self._count += 1
        noisy = shown + NOISE_K * normal(index, self._key).reshape(shown.shape)
        return uvc.encode(
            profile.layout, noisy, kelvin_per_count=profile.kelvin_per_count, telemetry_rows=profile.telemetry_rows
        )

    def _enlarged(self, field: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the board's map in the camera's pixels, interpolated along both sides."""
        rows = np.linspace(0, field.shape[0] - 1, self.profile.height)
        columns = np.linspace(0, field.shape[1] - 1, self.profile.width)
        wide = np.array([np.interp(columns, np.arange(field.shape[1]), row) for row in field])
        return np.array([np.interp(rows, np.arange(field.shape[0]), column) for column in wide.T]).T
