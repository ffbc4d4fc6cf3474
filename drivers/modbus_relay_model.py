"""The declaration of a relay board or scanner that is a block of Modbus coils."""

from typing import Annotated, ClassVar

import msgspec

from drivers.profile_base import Positive, ProfileBase, SerialLine


class ModbusRelayProfile(ProfileBase, tag="modbus-relay", frozen=True, kw_only=True):
    """Channel 1 is the coil at ``first_coil``; the coils follow one another."""

    capability: ClassVar[str] = "scanner"

    serial: SerialLine
    unit: Annotated[int, msgspec.Meta(ge=1, le=247)] = 1
    timeout_s: Positive = 1.0
    channels: Annotated[int, msgspec.Meta(ge=1, le=256)]
    first_coil: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.02
    """Time that a contact needs to move and to stop bouncing."""
