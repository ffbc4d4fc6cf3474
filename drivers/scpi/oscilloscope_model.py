"""The declaration of a SCPI oscilloscope: limits, memory depths and how its samples are read."""

import re
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
    "time_scale", "time_offset",
    "trigger_source", "trigger_slope", "trigger_level",
)  # fmt: skip
QUERIES = {
    "ask_channel_scale": "number",
    "ask_time_scale": "number",
    "wave_data": "block",
}
PREAMBLE_QUERIES: dict[str, dict[str, str]] = {
    "fields": {"wave_preamble": "text"},
    "descriptor": {"wave_preamble": "block", "ask_points": "text"},
    "settings": {"ask_channel_offset": "number", "ask_sample_rate": "text"},
}
SAMPLE_BYTES = {"uint8": 1, "int8": 1, "uint16": 2, "int16": 2}


Bit = Annotated[int, msgspec.Meta(ge=0, le=31)]


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
    """Time base: steps of seconds a division between the ends."""

    minimum_scale_s: Positive
    maximum_scale_s: Positive
    divisions: Positive
    steps: Literal["1-2-5", "1-2.5-5"] = "1-2-5"


class WaveReading(Struct, frozen=True, kw_only=True):
    """How the memory is read.

    ``kind`` is how a record is described (``protocols.scope_preamble``): ``fields`` are numbers in the order of
    ``preamble``, ``descriptor`` is Siglent's binary block (then ``ask_points`` tells the length of the record), and
    with ``settings`` it is worked out from the settings (``codes_per_division``), the data telling how many they are.
    """

    kind: Literal["fields", "descriptor", "settings"] = "fields"
    preamble: tuple[PreambleField, ...] = ()
    separator: Literal[",", ";"] = ","
    y_origin_in: Literal["codes", "volts"] = "codes"
    codes_per_division: Positive | None = None
    sample: Literal["uint8", "int8", "uint16", "int16"] = "uint8"
    """Type of a sample; two bytes come least significant first."""
    resolution_codes: Positive | None = 1.0
    """Size of the converter's step in codes, which is larger where its bits are spread over a wider sample; ``None``
    where it is not known."""
    chunk_points: Annotated[int, msgspec.Meta(gt=0)] | None = None
    """Largest piece; ``None`` where ``ask_chunk_points`` tells it, or else the whole record comes at once."""
    piece: tuple[str, ...] = ()
    """Commands that choose a piece; their arguments are ``start`` and ``stop`` (from 1, both in it), ``first`` (from 0)
    and ``count``."""
    settings: tuple[str, ...] = ()
    """Commands (by name; argument ``channel`` or none) that choose channel, mode and format before the preamble."""


class ScpiOscilloscopeProfile(ScpiProfile, tag="scpi-oscilloscope", frozen=True, kw_only=True):
    """An oscilloscope that takes single records and sends its whole memory.

    The state of the acquisition is told by ``trigger_status``: by its text (``stopped``, ``waiting``), or by bits of a
    whole number (``running_bit`` is set until the record is complete, ``waiting_bit`` while no trigger came).
    ``channel_offset`` may take the offset as ``offset_v``, as the level at the middle of the screen (``centre_v``), or
    as the place of zero (``position_div``).
    """

    capability: ClassVar[str] = "oscilloscope"

    channels: Annotated[int, msgspec.Meta(ge=1, le=16)]
    channel_count: str | None = None
    """Regular expression whose one group is the number of channels in the model's name, where models differ."""
    vertical: Vertical
    horizontal: Horizontal
    depths: dict[str, tuple[int, ...]]
    """Number of channels in use (up to which) → memory depths that can be asked for."""
    automatic_depth: str | None = "AUTO"
    """What ``memory_depth`` is told when no depth was asked for; ``None``: it is left as it is."""
    stopped: tuple[str, ...] = ()
    """Answers of ``trigger_status`` (upper case) that mean: the record is complete."""
    waiting: tuple[str, ...] = ()
    """Answers that mean: armed, no trigger yet."""
    running_bit: Bit | None = None
    waiting_bit: Bit | None = None
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
        self.require("trigger_status", "text" if self.running_bit is None else "integer")
        wave = self.wave
        for name in (*wave.settings, *wave.piece):
            self.require(name, None)
        for name, reply in PREAMBLE_QUERIES[wave.kind].items():
            self.require(name, reply)
        if wave.kind == "fields":
            for field in ("points", "x_increment", "x_origin", "y_increment", "y_origin", "y_reference"):
                if field not in wave.preamble:
                    raise ValueError(f"wave.preamble must contain {field}")
        if self.channel_count is not None:
            found = re.search(self.channel_count, self.identity.example)
            if found is None or not 1 <= int(found[1]) <= self.channels:
                raise ValueError("channel_count finds no number of channels in the identity's example")
        if (wave.kind == "settings") != (wave.codes_per_division is not None):
            raise ValueError("wave.codes_per_division belongs to the kind settings, and to no other")
        if bool(self.stopped) == (self.running_bit is not None):
            raise ValueError("the end of a record must be told either by stopped or by running_bit")
        if any(depths for depths in self.depths.values()) and "memory_depth" not in self.commands:
            raise ValueError("depths can be asked for only with the command memory_depth")

    def depths_for(self, channels: int) -> tuple[int, ...]:
        """Return the depths that can be chosen with this many channels in use."""
        limits = sorted((int(count), depths) for count, depths in self.depths.items())
        return next((depths for count, depths in limits if channels <= count), ())
