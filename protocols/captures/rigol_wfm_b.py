"""Rigol DS1000B waveform files (``.wfm``): a header of 420 bytes, then a place of equal size for each channel.

Rigol publishes no layout. The one here gives every level and time of the scope's CSV exactly, in two recordings with
six channels between them (DS1204B, public in the RigolWFM project).
"""

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, Waveform

MAGIC = b"\xa5\xa5\xa4\x01"
"""The last two bytes are the header's size."""

_DATA = 420
_POINTS, _CHANNELS, _TIME = 60, 68, 164
_CHANNEL_BYTES = 24
_ZERO_CODE = 99
_CODES_PER_DIVISION = 25


def read_rigol_wfm_b(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read the channels of a DS1000B file that were on; raise ``CaptureError``.

    Inverted channels are refused: no file shows how they are stored.
    """
    reader = BinaryReader(data, name)
    if not data.startswith(MAGIC):
        raise reader.fail(0, "not a DS1000B waveform file; save the waveform as CSV on the scope")
    reader.check(0, _DATA, "the header")
    points = reader.u32(_POINTS, "the number of samples")
    rate_hz = reader.f32(_TIME + 16, "the sample rate")
    if not 1e-3 <= rate_hz <= 1e11:
        raise reader.fail(_TIME + 16, f"a sample rate of {rate_hz:g} Hz is none of a DS1000B; the file is damaged")
    if points == 0:
        raise reader.fail(_POINTS, "the file holds no samples; record it again")
    start_s = reader.i64(_TIME + 8, "the time offset") * 1e-12 - points / 2 / rate_hz
    waves: list[Waveform] = []
    for channel in range(4):
        header = _CHANNELS + _CHANNEL_BYTES * channel
        if not reader.u8(header + 14, "whether the channel was on"):
            continue
        step, offset = _vertical(reader, header, channel)
        waves.append(
            Waveform(
                name=f"CH{channel + 1}",
                codes=reader.array(_DATA + channel * points, "u1", points, f"the samples of CH{channel + 1}"),
                sample_interval_s=1.0 / rate_hz,
                scale=-step,
                offset=offset,
                start_s=start_s,
                resolution=step,
            )
        )
    if not waves:
        raise reader.fail(_CHANNELS, "no channel was on; record it again")
    metadata = {"format": "Rigol DS1000B wfm", "model": reader.text(4, 8, "the model")}
    return Capture(analog=tuple(waves), metadata=metadata)


def _vertical(reader: BinaryReader, header: int, channel: int) -> tuple[float, float]:
    """Return volts a code and the voltage of code 0."""
    per_division = reader.i32(header + 16, "the volts a division") * 1e-6 * reader.f32(header + 8, "the probe's ratio")
    if not 1e-6 <= per_division <= 1e6:
        raise reader.fail(header + 16, f"{per_division:g} V a division is no setting; the file is damaged")
    if reader.u8(header + 15, "the inversion"):
        raise reader.fail(header + 15, f"CH{channel + 1} is inverted, which is not known well enough; save it as CSV")
    step = per_division / _CODES_PER_DIVISION
    return step, (_ZERO_CODE - reader.i16(header + 20, "the vertical shift")) * step
