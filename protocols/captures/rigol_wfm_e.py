"""Rigol DS1000E and DS1000D waveform files (``.wfm``).

Layout: "DS1000E/D WFM structure" (Rigol), a header of 276 bytes and one byte a sample. Levels equal the scope's CSV in
the files that come with one; the record begins within four samples of the time computed here. The DS1000C has the same
signature and another header: it is told apart by its length, and refused.
"""

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, Waveform

MAGIC = b"\xa5\xa5\0\0"

_DATA = 276
_ROLL_STOP, _CH1_POINTS, _CHANNELS, _TIME, _LOGIC, _TRIGGER_MODE, _CH2_POINTS = 20, 28, 34, 84, 120, 142, 232
_CHANNEL_BYTES = 24
_ALTERNATING = 4
_ZERO_CODE = 125
_CODES_PER_DIVISION = 25


def read_rigol_wfm_e(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read the analogue channels of a DS1000E or DS1000D file; raise ``CaptureError``.

    Inverted channels and alternating triggers are refused: no file shows how they are stored.
    """
    reader = BinaryReader(data, name)
    if not data.startswith(MAGIC):
        raise reader.fail(0, "not a DS1000E or DS1000D waveform file; save the waveform as CSV on the scope")
    reader.check(0, _DATA, "the header")
    if reader.u8(_TRIGGER_MODE, "the trigger mode") == _ALTERNATING:
        raise reader.fail(_TRIGGER_MODE, "an alternating trigger gives each channel its own time; save it as CSV")
    rate_hz = reader.f32(_TIME + 16, "the sample rate")
    if not 1e-3 <= rate_hz <= 1e11:
        raise reader.fail(_TIME + 16, f"a sample rate of {rate_hz:g} Hz is none of a DS1000E; the file is damaged")
    centre_s = reader.i64(_TIME + 28, "the time offset") * 1e-12
    depth = reader.u32(_CH1_POINTS, "the number of samples")
    depths = (depth, reader.u32(_CH2_POINTS, "the number of CH2's samples") or depth)
    # In roll mode the last samples are old ones, from the round before.
    roll_stop = reader.u32(_ROLL_STOP, "the roll position")
    old = roll_stop + 2 if roll_stop else 0
    logic_bytes = 2 * depth if reader.u8(_LOGIC, "whether logic was on") & 1 else 0
    headers = [_CHANNELS + _CHANNEL_BYTES * channel for channel in range(2)]
    on = [bool(reader.u8(header + 15, "whether the channel was on")) for header in headers]
    expected = _DATA + logic_bytes + sum(points for points, used in zip(depths, on, strict=True) if used)
    if len(data) != expected:
        raise reader.fail(
            _DATA, f"the file has {len(data)} bytes, a DS1000E's {expected}: cut, or of another family; save it as CSV"
        )
    at = _DATA
    waves: list[Waveform] = []
    for channel, points in enumerate(depths):
        if not on[channel]:
            continue
        if points <= old:
            raise reader.fail(_CH1_POINTS, f"CH{channel + 1} has {points} samples, none of them new; record it again")
        codes = reader.array(at, "u1", points, f"the samples of CH{channel + 1}")
        at += points
        step, offset = _vertical(reader, headers[channel], channel)
        waves.append(
            Waveform(
                name=f"CH{channel + 1}",
                codes=codes[: points - old],
                sample_interval_s=1.0 / rate_hz,
                scale=-step,
                offset=offset,
                start_s=centre_s - points / 2 / rate_hz,
                resolution=step,
            )
        )
    if not waves:
        raise reader.fail(_CHANNELS, "no analogue channel was on; save the logic channels as CSV on the scope")
    metadata = {"format": "Rigol DS1000E wfm", "note": "time zero is uncertain by four samples"}
    if logic_bytes:
        metadata["not read"] = "logic channels"
    return Capture(analog=tuple(waves), metadata=metadata)


def _vertical(reader: BinaryReader, header: int, channel: int) -> tuple[float, float]:
    """Return volts a code and the voltage of code 0."""
    probe = reader.f32(header + 10, "the probe's ratio")
    per_division = reader.i32(header + 18, "the volts a division") * 1e-6 * probe
    if not 1e-6 <= per_division <= 1e6:
        raise reader.fail(header + 18, f"{per_division:g} V a division is no setting; the file is damaged")
    if reader.u8(header + 16, "the inversion"):
        raise reader.fail(header + 16, f"CH{channel + 1} is inverted, which is not known well enough; save it as CSV")
    shift = reader.u16(header + 22, "the vertical shift")
    shift -= (shift & 0x8000) << 1
    step = per_division / _CODES_PER_DIVISION
    return step, (_ZERO_CODE - shift) * step
