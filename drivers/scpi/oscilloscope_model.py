"""The declaration of a SCPI oscilloscope: limits, memory depths and how its samples are read."""

from typing import Annotated, ClassVar, Literal

import msgspec

from drivers.profile_base import Positive, Struct
from drivers.scpi.model import ScpiProfile

PreambleField = Literal[
    "format", "type", "points", "count", "x_increment", "x_origin", "x_reference",
    "y_increment", "y_origin", "y_reference",
]  # fmt: skip

REQUIRED = (
    "run", "stop", "single", "force_trigger",
    "channel_display", "channel_probe", "channel_scale", "channel_offset", "channel_coupling", "channel_bandwidth",
    "time_scale", "time_offset", "memory_depth",
    "trigger_source", "trigger_slope", "trigger_level",
    "wave_source", "wave_start", "wave_stop",
)  # fmt: skip
QUERIES = {
    "trigger_status": "text",
    "ask_channel_scale": "number",
    "ask_time_scale": "number",
    "wave_preamble": "text",
    "wave_data": "block",
}


class Vertical(Struct, frozen=True, kw_only=True):
    """Vertical limits at the input (probe 1×). ``fine`` scales are any between the ends, else only 1-2-5 steps."""

    minimum_scale_v: Positive
    maximum_scale_v: Positive
    fine: bool
    divisions: Positive
    offsets: dict[str, Positive]
    """Scale (V a division, as text) up to which the largest offset, V, holds."""

    def __post_init__(self) -> None:
        for scale in self.offsets:
            float(scale)

    def largest_offset_v(self, scale_v: float) -> float:
        """Return the largest offset at ``scale_v``."""
        limits = sorted((float(scale), offset) for scale, offset in self.offsets.items())
        return next((offset for scale, offset in limits if scale_v <= scale * (1 + 1e-9)), limits[-1][1])


class VerticalAccuracy(Struct, frozen=True, kw_only=True):
    """Limits of error of a level: gain, and offset in divisions, volts at the input, and percent of its setting."""

    gain_percent: Positive
    offset_divisions: float = 0.0
    offset_v: float = 0.0
    offset_percent: float = 0.0


class Horizontal(Struct, frozen=True, kw_only=True):
    """Time base: 1-2-5 steps of seconds a division between the ends."""

    minimum_scale_s: Positive
    maximum_scale_s: Positive
    divisions: Positive


class WaveReading(Struct, frozen=True, kw_only=True):
    """How the memory is read: order of the preamble, what its y origin counts in, and the largest piece."""

    preamble: tuple[PreambleField, ...]
    y_origin_in: Literal["codes", "volts"]
    chunk_points: Annotated[int, msgspec.Meta(gt=0)]
    settings: tuple[str, ...]
    """Commands (by name, without arguments) that choose mode and format before the preamble is asked."""


class ScpiOscilloscopeProfile(ScpiProfile, tag="scpi-oscilloscope", frozen=True, kw_only=True):
    """An oscilloscope whose waveforms are described by a preamble and read in pieces (Rigol, Keysight, UNI-T)."""

    capability: ClassVar[str] = "oscilloscope"

    channels: Annotated[int, msgspec.Meta(ge=1, le=16)]
    vertical: Vertical
    horizontal: Horizontal
    depths: dict[str, tuple[int, ...]]
    """Number of channels in use (up to which) → memory depths that can be asked for."""
    automatic_depth: str = "AUTO"
    stopped: tuple[str, ...]
    """Answers of ``trigger_status`` that mean: the record is complete."""
    waiting: tuple[str, ...]
    """Answers that mean: armed, no trigger yet."""
    wave: WaveReading
    vertical_accuracy: VerticalAccuracy | None = None
    clock_tolerance_ppm: float | None = None
    """Limit of error of the sample clock, in parts per million."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in REQUIRED:
            self.require(name, None)
        for name, reply in QUERIES.items():
            self.require(name, reply)
        for name in self.wave.settings:
            self.require(name, None)
        for field in ("points", "x_increment", "x_origin", "y_increment", "y_origin", "y_reference"):
            if field not in self.wave.preamble:
                raise ValueError(f"wave.preamble must contain {field}")

    def depths_for(self, channels: int) -> tuple[int, ...]:
        """Return the depths that can be chosen with this many channels in use."""
        limits = sorted((int(count), depths) for count, depths in self.depths.items())
        return next((depths for count, depths in limits if channels <= count), ())
