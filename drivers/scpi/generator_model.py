"""The declaration of a SCPI signal generator: shapes, limits, and how settings are read back."""

import re
from typing import Annotated, ClassVar

import msgspec

from drivers.capabilities import Wave
from drivers.profile_base import Positive, Struct
from drivers.scpi.model import ScpiProfile


class WaveModel(Struct, frozen=True, kw_only=True):
    """One shape: the command that sets it, and the frequencies it can have (``None``: it has none)."""

    apply: str
    minimum_hz: Positive | None = None
    maximum_hz: Positive | None = None


class Amplitude(Struct, frozen=True, kw_only=True):
    """Limits into 50 Ω; into a high impedance they are twice as large."""

    minimum_vpp: Positive
    maximum_vpp: Positive
    peak_v: Positive
    """Largest offset + half amplitude."""
    reduced_above_hz: Positive | None = None
    reduced_maximum_vpp: Positive | None = None


class ScpiGeneratorProfile(ScpiProfile, tag="scpi-generator", frozen=True, kw_only=True):
    """A function generator.

    ``readback`` matches the answer of ``ask_settings``, with the named groups frequency, amplitude and offset where
    the shape has them; ``load`` matches the answer of ``ask_load``, with one group: a number of ohms, or a word (or
    9.9E37) for high impedance.
    """

    capability: ClassVar[str] = "signal_generator"

    channels: Annotated[int, msgspec.Meta(ge=1, le=8)]
    waves: dict[Wave, WaveModel]
    amplitude: Amplitude
    readback: str
    load: str

    def __post_init__(self) -> None:
        super().__post_init__()
        for model in self.waves.values():
            self.require(model.apply, None)
        self.require("output", None)
        for name in ("ask_settings", "ask_output", "ask_load"):
            self.require(name, "text")
        for name, pattern in (("readback", self.readback), ("load", self.load)):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{name} is no regular expression ({error})") from error
