"""Rigol DS2000, DS4000 and DS6000 waveform files (``.wfm``), MSO models included.

The three families share one structure ("WFM save format" of Rigol, as the RigolWFM project tells it) whose fields lie
at different places. Levels and times equal the scope's own CSV in the public recordings that come with one: three of a
DS2072A, two of a DS4024. Of the DS6000 no recording is public, and the metadata say so.

``time offset`` is where the trigger stands on the screen now; ``memory offset`` is where it stood while the memory was
filled, and that is what the samples go by.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, Waveform

MAGIC = b"\xa5\xa5\x38\x00"
"""The last two bytes are the size of the first header."""

_CHANNEL_BYTES = 28
_MASK, _OFFSETS = 64, 68
_ZERO_CODE = 127
_UNITS = ("W", "A", "V", "1")
_MODEL = re.compile(r"[A-Za-z]{2,3}([246])")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of one family stand."""

    family: str
    rate: int
    channels: int
    storage: int
    """Samples stored, offset of the first valid one, number of the valid ones: three words."""
    memory_offset: int
    codes_per_division: int


_LAYOUTS = {
    "2": _Layout("DS2000", 96, 120, 244, 332, 25),
    "4": _Layout("DS4000", 100, 124, 260, 340, 32),
    "6": _Layout("DS6000", 96, 120, 244, 308, 25),
}


def read_rigol_wfm_2000(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read the channels of a DS2000, DS4000 or DS6000 file that were on; raise ``CaptureError``.

    Inverted channels are refused: no file shows how they are stored.
    """
    reader = BinaryReader(data, name)
    if not data.startswith(MAGIC):
        raise reader.fail(0, "not a DS2000, DS4000 or DS6000 waveform file; save it as CSV on the scope")
    model = reader.text(4, 20, "the serial number")
    match = _MODEL.match(model)
    if match is None:
        raise reader.fail(4, f"serial number {model[:24]!r} is of no family read here; save the waveform as CSV")
    layout = _LAYOUTS[match[1]]
    rate_hz = reader.f32(layout.rate, "the sample rate")
    if not 1e-3 <= rate_hz <= 1e11:
        raise reader.fail(layout.rate, f"a sample rate of {rate_hz:g} Hz is none; the file is damaged")
    stored, first, points = (
        reader.u32(layout.storage + 4 * k, what)
        for k, what in enumerate(("the memory depth", "the first valid sample", "the number of samples"))
    )
    if points == 0 or first + points > stored:
        raise reader.fail(layout.storage, f"samples {first} to {first + points} of {stored} are none; it is damaged")
    centre_s = reader.i64(layout.memory_offset, "the memory offset") * -1e-12
    start_s = centre_s + (first - stored / 2) / rate_hz
    waves = []
    for channel in _channels_on(reader):
        unit, step, offset = _vertical(reader, layout, channel)
        waves.append(
            Waveform(
                name=f"CH{channel + 1}",
                codes=_codes(reader, layout, channel, first, points),
                sample_interval_s=1.0 / rate_hz,
                unit=unit,
                scale=step,
                offset=offset,
                start_s=start_s,
                resolution=step,
            )
        )
    metadata = {
        "format": f"Rigol {layout.family} wfm",
        "serial": model,
        "firmware": reader.text(24, 20, "the firmware version"),
    }
    if layout.family == "DS6000":
        metadata["note"] = "read by the maker's description alone; compare with the scope's CSV once"
    return Capture(analog=tuple(waves), metadata=metadata)


def _channels_on(reader: BinaryReader) -> list[int]:
    mask = reader.u8(_MASK, "the channel mask") & 0x0F
    on = [channel for channel in range(4) if mask >> channel & 1]
    if not on:
        raise reader.fail(_MASK, "no analogue channel was on; save the logic channels as CSV on the scope")
    return on


def _codes(reader: BinaryReader, layout: _Layout, channel: int, first: int, points: int) -> npt.NDArray[np.uint8]:
    offsets = [reader.u32(_OFFSETS + 4 * place, "where the samples stand") for place in range(4)]
    if not (layout.family == "DS2000" and reader.u8(_MASK + 1, "whether two memories were joined") & 1):
        if offsets[channel] == 0:
            raise reader.fail(_OFFSETS + 4 * channel, f"CH{channel + 1} was on, and its samples are not in the file")
        return reader.array(offsets[channel] + first, "u1", points, f"the samples of CH{channel + 1}")
    # One channel alone takes the memory of both: even samples in the first, odd ones in the second.
    if first or points % 2 or not all(offsets[:2]):
        raise reader.fail(layout.storage + 4, "two joined memories are cut or begin late, which is not known; save CSV")
    codes = np.empty(points, np.uint8)
    for half in range(2):
        codes[half::2] = reader.array(offsets[half], "u1", points // 2, f"the samples of CH{channel + 1}")
    return codes


def _vertical(reader: BinaryReader, layout: _Layout, channel: int) -> tuple[str, float, float]:
    """Return unit, units a code, and what code 0 stands for."""
    at = layout.channels + _CHANNEL_BYTES * channel
    per_division = reader.f32(at + 8, "the volts a division")
    shift = reader.f32(at + 12, "the vertical shift")
    if not 1e-6 <= per_division <= 1e6 or abs(shift) > 1e9:
        raise reader.fail(at + 8, f"{per_division:g} V a division shifted {shift:g} V is no setting; it is damaged")
    inversion, unit = at + 16, at + 17
    if layout.family == "DS2000" and reader.u8(at, "the channel's switch") != 1:
        inversion, unit = unit, inversion  # The DS2000A changed places, and writes 8 for a channel that is on.
    if reader.u8(inversion, "the inversion"):
        raise reader.fail(inversion, f"CH{channel + 1} is inverted, which is not known well enough; save it as CSV")
    step = per_division / layout.codes_per_division
    return _UNITS[min(reader.u8(unit, "the unit"), 3)], step, -_ZERO_CODE * step - shift
