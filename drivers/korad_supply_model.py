"""The declaration of a power supply that speaks Korad's serial protocol."""

import re
from typing import Annotated, ClassVar

import msgspec

from drivers.accuracy import Accuracy
from drivers.profile_base import Positive, ProfileBase, SerialLine


class KoradSupplyProfile(ProfileBase, tag="korad-supply", frozen=True, kw_only=True):
    """A single-channel supply; ``identity`` is a regular expression that its whole identity must match."""

    capability: ClassVar[str] = "power_supply"

    serial: SerialLine = SerialLine()
    identity: str
    timeout_s: Positive = 1.0
    pause_s: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.08
    """Rest that it needs after a command before it listens again."""
    maximum_v: Positive
    maximum_a: Positive
    voltage_accuracy: Accuracy | None = None
    current_accuracy: Accuracy | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            re.compile(self.identity)
        except re.error as error:
            raise ValueError(f"identity is no regular expression ({error})") from error
