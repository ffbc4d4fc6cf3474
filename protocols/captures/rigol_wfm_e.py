"""Rigol DS1000E, DS1000D and DS1000C waveform files (``.wfm``), one layout in three lengths.

Layout: "DS1000E/D WFM structure" (Rigol), a header of 276 bytes and one byte a sample, logic words behind them. Levels
equal the scope's CSV in the files that come with one; the record begins within four samples of the time computed here.
The DS1000C (CA, CD, M, MD) has the same fields, and samples that begin at byte 256 or, where the first byte is A5, 272
(two public recordings): it is told apart by its length.
"""

from dataclasses import dataclass

import numpy as np

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, LogicCapture, Waveform

MAGICS = (b"\xa5\xa5\0\0", b"\xa1\xa5\0\0")

_DATA_E, _DATA_C, _DATA_C_PADDED = 276, 256, 272
_ROLL_STOP, _CH1_POINTS, _CHANNELS, _TIME, _LOGIC, _TRIGGER_MODE = 20, 28, 36, 84, 120, 142
_CH2_POINTS, _CH2_TIME, _LOGIC_RATE = 232, 236, 272
_CHANNEL_BYTES = 24
_ALTERNATING = 4
_ZERO_CODE = 125
_CODES_PER_DIVISION = 25
_LOGIC_CHANNELS = 16


@dataclass(frozen=True, slots=True)
class _Analog:
    """Where the samples of one channel stand, and the time axis that they go by."""

    channel: int
    at: int
    points: int
    rate_hz: float
    centre_s: float


def read_rigol_wfm_e(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read a DS1000E, DS1000D or DS1000C file; raise ``CaptureError``.

    With an alternating trigger CH2 has a time axis of its own. Inverted channels are refused: no file shows how they
    are stored.
    """
    reader = BinaryReader(data, name)
    if not data.startswith(MAGICS):
        raise reader.fail(0, "not a DS1000E, D or C waveform file; save the waveform as CSV on the scope")
    reader.check(0, _DATA_C, "the header")
    is_c, channels = _channels(reader)
    # In roll mode the last samples are old ones, from the round before.
    roll_stop = reader.u32(_ROLL_STOP, "the roll position")
    old = roll_stop + 2 if roll_stop else 0
    waves: list[Waveform] = []
    for one in channels:
        label = f"CH{one.channel + 1}"
        if one.points <= old:
            raise reader.fail(_CH1_POINTS, f"{label} has {one.points} samples, none of them new; record it again")
        step, offset = _vertical(reader, _CHANNELS + _CHANNEL_BYTES * one.channel, one.channel)
        waves.append(
            Waveform(
                name=label,
                codes=reader.array(one.at, "u1", one.points, f"the samples of {label}")[: one.points - old],
                sample_interval_s=1.0 / one.rate_hz,
                scale=-step,
                offset=offset,
                start_s=one.centre_s - one.points / 2 / one.rate_hz,
                resolution=step,
            )
        )
    logic = None if is_c else _logic(reader, channels)
    if not waves and logic is None:
        raise reader.fail(_CHANNELS, "no channel was on; record it again")
    metadata = {
        "format": f"Rigol DS1000{'C' if is_c else 'E'} wfm",
        "note": "time zero is uncertain by four samples",
    }
    return Capture(analog=tuple(waves), logic=logic, metadata=metadata)


def _channels(reader: BinaryReader) -> tuple[bool, list[_Analog]]:
    """Return whether the file is a DS1000C's, and its channels that were on; raise when no length fits."""
    depth = reader.u32(_CH1_POINTS, "the number of samples")
    on = [
        bool(reader.u8(_CHANNELS + _CHANNEL_BYTES * channel + 13, "whether the channel was on")) for channel in range(2)
    ]
    only_c = reader.data[:1] == b"\xa1"
    start_c = _DATA_C if only_c else _DATA_C_PADDED
    expected_c = start_c + depth * sum(on)
    is_c = len(reader.data) == expected_c
    if only_c and not is_c:
        raise reader.fail(start_c, f"the file has {len(reader.data)} bytes, a DS1000C's {expected_c}; copy it again")
    depths, times, start = [depth, depth], [_TIME, _TIME], start_c
    if not is_c:
        reader.check(0, _DATA_E, "the header")
        start = _DATA_E
        depths[1] = reader.u32(_CH2_POINTS, "the number of CH2's samples") or depth
        if reader.u8(_TRIGGER_MODE, "the trigger mode") == _ALTERNATING:
            times[1] = _CH2_TIME
        expected = start + _logic_bytes(reader) + sum(points for points, used in zip(depths, on, strict=True) if used)
        if len(reader.data) != expected:
            raise reader.fail(
                start, f"the file has {len(reader.data)} bytes, a DS1000E's {expected}: it was cut, copy it again"
            )
    found: list[_Analog] = []
    for channel in (channel for channel in range(2) if on[channel]):
        rate_hz = reader.f32(times[channel] + 16, "the sample rate")
        if not 1e-3 <= rate_hz <= 1e11:
            raise reader.fail(times[channel] + 16, f"a sample rate of {rate_hz:g} Hz is none; the file is damaged")
        centre_s = reader.i64(times[channel] + 28, "the time offset") * 1e-12
        found.append(_Analog(channel, start, depths[channel], rate_hz, centre_s))
        start += depths[channel]
    return is_c, found


def _logic_bytes(reader: BinaryReader) -> int:
    if not reader.u8(_LOGIC, "whether logic was on") & 1:
        return 0
    return 2 * reader.u32(_CH1_POINTS, "the number of samples")


def _logic(reader: BinaryReader, channels: list[_Analog]) -> LogicCapture | None:
    """Return the sixteen logic lines, which stand behind the channels."""
    count = _logic_bytes(reader) // 2
    if count == 0:
        return None
    at = channels[-1].at + channels[-1].points if channels else _DATA_E
    words = reader.array(at, "u2", count, "the logic samples").astype(np.uint16)
    rate_hz = reader.f32(_LOGIC_RATE, "the logic sample rate") or reader.f32(_TIME + 16, "the sample rate")
    if not 1e-3 <= rate_hz <= 1e11:
        raise reader.fail(_LOGIC_RATE, f"a sample rate of {rate_hz:g} Hz is none; the file is damaged")
    enabled = reader.u16(_LOGIC + 2, "the logic lines that were on")
    names = tuple(f"D{bit}" if enabled >> bit & 1 else None for bit in range(_LOGIC_CHANNELS))
    return LogicCapture(words, rate_hz, names if enabled else tuple(f"D{bit}" for bit in range(_LOGIC_CHANNELS)))


def _vertical(reader: BinaryReader, header: int, channel: int) -> tuple[float, float]:
    """Return volts a code and the voltage of code 0."""
    per_division = reader.i32(header + 16, "the volts a division") * 1e-6 * reader.f32(header + 8, "the probe's ratio")
    if not 1e-6 <= per_division <= 1e6:
        raise reader.fail(header + 16, f"{per_division:g} V a division is no setting; the file is damaged")
    if reader.u8(header + 14, "the inversion"):
        raise reader.fail(header + 14, f"CH{channel + 1} is inverted, which is not known well enough; save it as CSV")
    step = per_division / _CODES_PER_DIVISION
    return step, (_ZERO_CODE - reader.i16(header + 20, "the vertical shift")) * step
