"""The declaration of a function generator with a serial protocol of its own."""

import re
from typing import Annotated, ClassVar, Literal

import msgspec

from drivers.capabilities import Wave
from drivers.profile_base import Positive, ProfileBase, SerialLine, Struct


class SerialWave(Struct, frozen=True, kw_only=True):
    """One shape: its number in the protocol for each channel, and its highest frequency.

    ``maximum_hz`` ``None`` is the highest of the model, which its name tells; ``codes`` has ``None`` for a channel that
    does not have the shape.
    """

    codes: tuple[Annotated[int, msgspec.Meta(ge=0, le=99)] | None, ...]
    maximum_hz: Positive | None = None


class Level(Struct, frozen=True, kw_only=True):
    """The largest amplitude up to a frequency, V peak to peak into an open output."""

    to_hz: Positive
    maximum_vpp: Positive


class SerialGeneratorProfile(ProfileBase, tag="serial-generator", frozen=True, kw_only=True):
    """A generator whose levels are set for an open output. ``levels`` are in order of their frequencies."""

    capability: ClassVar[str] = "signal_generator"

    protocol: Literal["feeltech", "juntek"]
    """A module of ``protocols.generators``."""
    serial: SerialLine
    identity: str
    """Regular expression that the whole name must match."""
    timeout_s: Positive = 1.0
    waves: dict[Wave, SerialWave]
    levels: Annotated[tuple[Level, ...], msgspec.Meta(min_length=1)]
    maximum_offset_v: Positive
    minimum_hz: Positive
    step_hz: Positive
    step_vpp: Positive
    step_offset_v: Positive

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            re.compile(self.identity)
        except re.error as error:
            raise ValueError(f"identity is no regular expression ({error})") from error
        if [level.to_hz for level in self.levels] != sorted(level.to_hz for level in self.levels):
            raise ValueError("levels must be in order of to_hz")

    def largest_vpp(self, frequency_hz: float) -> float | None:
        """Return the largest amplitude at a frequency; ``None`` above all levels."""
        return next((one.maximum_vpp for one in self.levels if frequency_hz <= one.to_hz * (1 + 1e-9)), None)
