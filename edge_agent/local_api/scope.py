"""An oscilloscope by hand: how a record is taken, what of it is to be shown, and the picture of it.

Records stay in the agent; a client gets the extremes of as many spans as its screen has columns.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.local_api.views import Quantity, View

ChannelNumber = Annotated[int, Meta(ge=1, le=16)]
Protocol = Literal["uart", "i2c", "spi"]


class _Wish(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a client asks for."""


class ScopeChannel(_Wish, frozen=True):
    """One channel that is recorded; ``scale_v`` is volts a division at the probe's tip."""

    channel: ChannelNumber
    scale_v: Annotated[float, Meta(gt=0)]
    offset_v: float = 0.0
    coupling: Literal["dc", "ac"] = "dc"
    probe: Annotated[float, Meta(gt=0)] = 10.0
    bandwidth_limit: bool = False


class ScopeTrigger(_Wish, frozen=True):
    """Edge trigger; channel 0 takes a record at once."""

    channel: Annotated[int, Meta(ge=0, le=16)] = 0
    level_v: float = 0.0
    slope: Literal["rising", "falling"] = "rising"


class ScopeSetup(_Wish, frozen=True):
    """How a record is taken. ``points`` is the memory depth, ``None`` what the instrument gives for the span."""

    channels: Annotated[tuple[ScopeChannel, ...], Meta(min_length=1, max_length=8)]
    span_s: Annotated[float, Meta(gt=0)]
    trigger: ScopeTrigger = ScopeTrigger()
    points: Annotated[int, Meta(ge=1)] | None = None


class Decoding(_Wish, frozen=True):
    """Which bus to read: ``lines`` are names of traces (uart: data; i2c: clock, data; spi: clock, data, select)."""

    protocol: Protocol
    lines: Annotated[tuple[str, ...], Meta(min_length=1, max_length=3)]
    baud: Annotated[float, Meta(gt=0)] | None = None
    """Of a UART; ``None`` finds it from the edges."""


class ScopeView(_Wish, frozen=True):
    """What is to be shown of the record: a window in time (``None``: all of it) in ``columns`` spans.

    ``rows`` counts for X-Y only. ``table`` and ``cursors`` ask for measurements, of the window and between two times.
    """

    columns: Annotated[int, Meta(ge=2, le=4000)] = 160
    rows: Annotated[int, Meta(ge=2, le=2000)] = 80
    start_s: float | None = None
    stop_s: float | None = None
    mode: Literal["time", "xy", "spectrum"] = "time"
    overlay: Literal["none", "golden", "mask"] = "none"
    decoding: Decoding | None = None
    cursors: tuple[float, float] | None = None
    table: bool = False


class Trace(View, frozen=True):
    """Minimum and maximum of equal spans along ``axis``: seconds, or hertz of a spectrum (values in dBV)."""

    name: str
    unit: str
    start: float
    step: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    axis: Literal["s", "Hz"] = "s"


class Decoded(View, frozen=True):
    """One word or transfer on a bus; ``bad`` marks framing, parity and acknowledge errors."""

    start_s: float
    stop_s: float
    text: str
    bad: bool = False


class Measured(View, frozen=True):
    """What was measured of one trace, or why there is nothing (``note``)."""

    name: str
    quantities: tuple[Quantity, ...] = ()
    note: str = ""


class XyPicture(View, frozen=True):
    """Where the second trace over the first has been: a row of dots each, from the top, as hexadecimal (bit 0 left)."""

    x: str
    y: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    rows: tuple[str, ...]


class ScopeFrame(View, frozen=True):
    """A record as a screen shows it. ``number`` counts the records that this agent has taken of the instrument."""

    role: str
    number: int
    taken_at: datetime
    setup: ScopeSetup
    record_start_s: float
    record_stop_s: float
    start_s: float
    stop_s: float
    samples: int
    sample_rate_hz: float
    traces: tuple[Trace, ...] = ()
    golden: tuple[Trace, ...] = ()
    """The kept good record, or the mask about it."""
    xy: XyPicture | None = None
    decoded: tuple[Decoded, ...] = ()
    measured: tuple[Measured, ...] = ()
    between: tuple[Measured, ...] = ()
    """Between the cursors."""
    notes: tuple[str, ...] = ()
    """Why something that was asked for is not there."""


class Saved(View, frozen=True):
    """Where a file was written on the bench."""

    path: str
    size: int
