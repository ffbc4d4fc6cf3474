"""Records as pictures (PNG) for reports and messages."""

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edge_agent.by_hand.scope_frame import trace_of
from edge_agent.local_api.heat import COLOUR_MAP
from protocols.quantity import format_value
from protocols.waveform import ThermalImage

if TYPE_CHECKING:
    from PIL.Image import Image

    from edge_agent.by_hand.scope_frame import Record

WIDTH, HEIGHT = 1280, 720
_PLOT = (80, 30, 1260, 670)
_COLOURS = ("#f0b429", "#4aa3df", "#e056a0", "#4cc38a")
_DIVISIONS = (10, 8)
_GROUND, _LINES, _TEXT = "#14181f", "#2c3644", "#e6e9ee"


def scope_png(record: "Record") -> bytes:
    """Return all channels of a record over ten by eight divisions, each on its own scale, with a legend."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = _PLOT
    for number in range(_DIVISIONS[0] + 1):
        x = left + (right - left) * number / _DIVISIONS[0]
        draw.line((x, top, x, bottom), _LINES)
    for number in range(_DIVISIONS[1] + 1):
        y = top + (bottom - top) * number / _DIVISIONS[1]
        draw.line((left, y, right, y), _LINES)
    legend = left
    for number, (wave, setup) in enumerate(zip(record.waveforms, record.setup.channels, strict=False)):
        colour = _COLOURS[number % len(_COLOURS)]
        trace = trace_of(wave, right - left)
        middle, height = -setup.offset_v, _DIVISIONS[1] * setup.scale_v
        last: tuple[float, float] | None = None
        for column, (low, high) in enumerate(zip(trace.low, trace.high, strict=True)):
            x = left + column * (right - left) / max(len(trace.low), 1)
            ends = [
                min(max(top + (0.5 - (value - middle) / height) * (bottom - top), top), bottom) for value in (high, low)
            ]
            if last is not None:  # neighbours are joined, so that a steep edge is a line
                ends = [min(ends[0], last[1]), max(ends[1], last[0])]
            draw.line((x, ends[0], x, ends[1] + 1), colour)
            last = (ends[0], ends[1])
        words = f"{wave.name}  {format_value(setup.scale_v, wave.unit, 3)}/div"
        draw.text((legend, bottom + 15), words, colour, font_size=18)
        legend += 240
    span = record.stop_s - record.start_s
    words = f"{format_value(record.start_s, 's', 4)} … {format_value(record.stop_s, 's', 4)}"
    words += f"   {format_value(span / _DIVISIONS[0], 's', 3)}/div   {record.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    draw.text((left, 6), words, _TEXT, font_size=16)
    return _png(image)


def thermal_png(image: ThermalImage) -> bytes:
    """Return an image in colours, enlarged, with its scale in °C."""
    from PIL import Image, ImageDraw

    field = np.nan_to_num(image.temperatures_c.astype(np.float64), nan=float(np.nanmin(image.temperatures_c)))
    low, high = float(field.min()), float(field.max())
    factor = max(1, 960 // field.shape[1])
    coloured = Image.fromarray(_coloured((field - low) / ((high - low) or 1.0)), "RGB")
    coloured = coloured.resize((field.shape[1] * factor, field.shape[0] * factor), Image.Resampling.NEAREST)
    whole = Image.new("RGB", (coloured.width + 130, coloured.height), _GROUND)
    whole.paste(coloured, (0, 0))
    bar = Image.fromarray(_coloured(np.linspace(1, 0, coloured.height)[:, None].repeat(30, axis=1)), "RGB")
    whole.paste(bar, (coloured.width + 15, 0))
    draw = ImageDraw.Draw(whole)
    for fraction in (0.0, 0.5, 1.0):
        words = f"{high - fraction * (high - low):.1f} °C"
        draw.text((coloured.width + 52, fraction * (coloured.height - 20)), words, _TEXT, font_size=16)
    return _png(whole)


def _coloured(field: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    colours = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in COLOUR_MAP], np.float64)
    place = field * (len(COLOUR_MAP) - 1)
    stops = np.arange(len(COLOUR_MAP))
    return np.stack([np.interp(place, stops, colours[:, part]) for part in range(3)], axis=-1).astype(np.uint8)


def _png(image: "Image") -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
