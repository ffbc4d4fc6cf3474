"""A thermal camera by hand: what is to be shown of a picture, and the picture."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.local_api.views import Quantity, View

COLOUR_MAP = (
    "#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4",
)  # fmt: skip
"""Ten stops of "inferno" (Smith, van der Walt; CC0): its lightness rises evenly for every kind of sight."""
Pixel = Annotated[int, Meta(ge=0, le=100_000)]


class Region(Struct, frozen=True, forbid_unknown_fields=True):
    """A rectangle of pixels."""

    top: Pixel
    left: Pixel
    height: Annotated[int, Meta(ge=1, le=100_000)]
    width: Annotated[int, Meta(ge=1, le=100_000)]


class HeatView(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most so many pixels, a rectangle to be measured, and whether the difference to the golden board is wanted."""

    rows: Annotated[int, Meta(ge=1, le=2000)] = 48
    columns: Annotated[int, Meta(ge=1, le=2000)] = 160
    region: Region | None = None
    against: Literal["none", "golden"] = "none"
    threshold_k: Annotated[float, Meta(gt=0)] = 5.0


class HeatSpot(View, frozen=True):
    """A warm area: its hottest pixel (of the whole picture), and how far that stands out."""

    row: int
    column: int
    peak_c: float
    rise_k: float
    area: int


class HeatFrame(View, frozen=True):
    """A picture as a screen shows it: ``values`` row by row, °C (K, if it is a difference), ``None`` without a value.

    Where the picture is larger than asked for, a shown pixel is the hottest of ``factor`` × ``factor``.
    """

    role: str
    number: int
    taken_at: datetime
    picture_rows: int
    picture_columns: int
    factor: int
    rows: int
    columns: int
    values: tuple[float | None, ...]
    emissivity: float
    difference: bool = False
    spots: tuple[HeatSpot, ...] = ()
    region: tuple[Quantity, ...] = ()
    notes: tuple[str, ...] = ()
