"""The declaration of a thermal camera that sends raw video frames."""

from typing import Annotated, ClassVar, Literal

import msgspec

from drivers.profile_base import Positive, ProfileBase


class UvcCameraProfile(ProfileBase, tag="uvc-camera", frozen=True, kw_only=True):
    """A camera of the Video4Linux class; ``layout`` is one of ``protocols.thermal.uvc``."""

    capability: ClassVar[str] = "thermal_camera"

    layout: Literal["y16", "dual"]
    width: Annotated[int, msgspec.Meta(ge=8, le=2048)]
    height: Annotated[int, msgspec.Meta(ge=8, le=2048)]
    """Of the thermal picture, without telemetry and without the visible half."""
    telemetry_rows: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    pixel_format: Annotated[str, msgspec.Meta(min_length=3, max_length=4)]
    """Four letters of Video4Linux, such as Y16 or YUYV."""
    kelvin_per_count: Positive = 0.01
    camera_emissivity: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    """What the camera is set to when it is delivered; an option of the same name says what yours is set to."""
    card: str
    """A regular expression that the name of the video device matches."""
    skip_frames: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2
    """The first frames after a start, in which the camera is not yet itself."""
    timeout_s: Positive = 3.0
    """Longest wait for a frame; the shutter of a camera may stop it for a second or two."""
    accuracy_c: Positive | None = None
    """Limit of error of one pixel near room temperature, °C."""
    accuracy_percent: Positive | None = None
    """Limit in percent of the reading in °C, where that is larger."""
