"""What every driver profile declares, whatever its kind."""

from typing import Annotated, ClassVar, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


Title = dict[Literal["en", "zh-CN"], str]
"""A name as people read it, in both languages."""


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the profile's parts: an unknown key is an error, never ignored."""


class Source(Struct, frozen=True, kw_only=True):
    """Where a profile's facts come from."""

    document: str
    section: str = ""
    covers: str = ""


class SerialLine(Struct, frozen=True, kw_only=True):
    """The serial line that an instrument is delivered with; options of the same names override it."""

    baud: Annotated[int, msgspec.Meta(ge=50, le=4_000_000)] = 9600
    data_bits: Annotated[int, msgspec.Meta(ge=5, le=8)] = 8
    parity: Annotated[str, msgspec.Meta(pattern="^[NEOMS]$")] = "N"
    stop_bits: Annotated[float, msgspec.Meta(ge=1, le=2)] = 1
    dtr: bool | None = None
    rts: bool | None = None

    def __str__(self) -> str:
        return f"{self.baud} baud {self.data_bits}{self.parity}{self.stop_bits:g}"


class ProfileBase(Struct, tag_field="driver", frozen=True, kw_only=True):
    """One instrument family: what it is, how it is reached and recognised."""

    capability: ClassVar[str]
    """The class of ``drivers.capabilities`` that its driver implements."""

    name: Name
    title: Title
    maker: str
    models: tuple[str, ...]
    addresses: tuple[str, ...]
    """Examples of addresses, as people write them in ``bench.toml``."""
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]
    notes: str = ""

    def __post_init__(self) -> None:
        if set(self.title) != {"en", "zh-CN"}:
            raise ValueError("title needs both languages, en and zh-CN")
