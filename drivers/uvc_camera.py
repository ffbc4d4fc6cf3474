"""Thermal cameras that send raw video frames."""

import re
from typing import Any

import numpy as np

from drivers.accuracy import beyond_calibration_c
from drivers.capabilities import ThermalCamera
from drivers.errors import BadResponse, OutOfRange, WrongIdentity
from drivers.guard import Guard
from drivers.transports.video import FrameSource
from drivers.uvc_camera_model import UvcCameraProfile
from protocols.thermal import uvc
from protocols.waveform import ThermalImage

MAX_FRAMES = 64
ROOM_C = 23.0


class UvcCamera(ThermalCamera):
    """A camera of the ``uvc-camera`` profiles.

    ``reflected_c`` is the temperature of what the object mirrors; ``camera_emissivity`` what the camera is set to.
    """

    def __init__(
        self,
        target: str,
        label: str,
        profile: UvcCameraProfile,
        guard: Guard,
        *,
        reflected_c: float = ROOM_C,
        camera_emissivity: float | None = None,
        ambient_c: float | None = None,
        **_: Any,
    ) -> None:
        self.profile = profile
        self.guard = guard
        self._label = label
        self._ambient_c = ambient_c
        self._reflected_c = reflected_c
        self._camera_emissivity = camera_emissivity or profile.camera_emissivity
        if not 0 < self._camera_emissivity <= 1 or not -100 <= reflected_c <= 1000:
            raise OutOfRange(f"{label}: camera_emissivity is above 0 to 1, reflected_c from -100 to 1000 °C")
        size = uvc.frame_bytes(profile.layout, profile.width, profile.height)
        size += profile.telemetry_rows * profile.width * 2
        self._source = FrameSource(target, label, guard, size=size, timeout_s=profile.timeout_s)

    def identify(self) -> str:
        """Return the video device's name; raise ``WrongIdentity`` for another camera's."""
        card = self._source.card()
        if self._source.is_device and not re.fullmatch(self.profile.card, card):
            raise WrongIdentity(
                f"{self._label} is called {card!r}, which is not a {self.profile.title['en']}; correct bench.toml"
            )
        return f"{self.profile.maker},{card}"

    def limit_of_error_k(self, temperature_c: float = 25.0) -> float | None:
        """Return the larger of the profile's two limits at a temperature, as makers state them; none on a hot bench."""
        profile = self.profile
        if profile.accuracy_c is None or beyond_calibration_c(self._ambient_c):
            return None
        return max(profile.accuracy_c, abs(temperature_c) * (profile.accuracy_percent or 0.0) / 100.0)

    def close(self) -> None:
        """Release the camera."""
        self._source.close()

    def capture(self, *, emissivity: float = 0.95, frames: int = 1) -> ThermalImage:
        """Return the mean of ``frames`` frames, °C, for the emissivity given."""
        if not 0 < emissivity <= 1:
            raise OutOfRange(f"{self._label}: emissivity must be above 0 and at most 1, not {emissivity:g}")
        if not 1 <= frames <= MAX_FRAMES:
            raise OutOfRange(f"{self._label}: frames must be from 1 to {MAX_FRAMES}, not {frames}")
        profile = self.profile
        total = np.zeros((profile.height, profile.width), dtype=np.float64)
        rows = profile.height * (2 if profile.layout == "dual" else 1) + profile.telemetry_rows
        pictures = self._source.frames(
            frames, skip=profile.skip_frames, pixel_format=profile.pixel_format, width=profile.width, height=rows
        )
        for frame in pictures:
            try:
                if profile.layout == "dual":
                    total += uvc.dual_temperatures(frame, profile.width, profile.height)
                else:
                    total += uvc.y16_temperatures(
                        frame, profile.width, profile.height, kelvin_per_count=profile.kelvin_per_count
                    )
            except uvc.UvcFrameError as error:
                raise BadResponse(f"{self._label}: {error}") from error
        corrected = uvc.for_emissivity(
            (total / frames).astype(np.float32),
            emissivity=emissivity,
            camera_emissivity=self._camera_emissivity,
            reflected_c=self._reflected_c,
        )
        return ThermalImage(corrected, emissivity, self._reflected_c)
