"""The declaration of an MLX90640 thermal camera."""

from typing import Annotated, ClassVar

import msgspec

from drivers.profile_base import ProfileBase, SerialLine


class Mlx90640Profile(ProfileBase, tag="mlx90640", frozen=True, kw_only=True):
    """The sensor; ``serial`` is the line of a bridge that it may hang on."""

    capability: ClassVar[str] = "thermal_camera"

    address: Annotated[int, msgspec.Meta(ge=0x03, le=0x77)] = 0x33
    serial: SerialLine = SerialLine(baud=9600)
    accuracy_c: float | None = None
    """Limit of error of one pixel near room temperature, °C; ``None`` where it is not known."""
