"""Tektronix reference waveform files (``.wfm``), versions ``WFM#001`` … ``WFM#003``, either byte order.

Layout: "Reference Waveform File Format" (Tektronix 077-0220). A fixed part, two explicit dimensions (the first is the
vertical one), two implicit dimensions (the first is time), time base, update specification and curve information,
then for FastFrame the last two for each further frame, and the curve buffer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from protocols.captures.binary import BinaryReader
from protocols.captures.quantisation import quantisation_step
from protocols.waveform import Capture, LogicCapture, Waveform

MAGICS = (b"\x0f\x0f:WFM#00", b"\xf0\xf0:WFM#00")
MAX_FRAMES = 100_000

_FIXED_BYTES = 78
_PIXMAP_BYTES = 12
_UPDATE_BYTES, _CURVE_BYTES, _TIME_BASE_BYTES = 24, 30, 12
_VECTOR, _DIGITAL = 2, 6
_EACH, _PAIRS = 0, 1
_IQ_KEYS = (b"IQ_centerFrequency", b"IQ_sampleRate", b"IQ_span")
_METADATA_BYTES = 1 << 16
_SAMPLE_TYPES = {0: "i2", 1: "i4", 2: "u4", 3: "u8", 4: "f4", 5: "f8", 6: "u1", 7: "i1"}
_BYTE_TYPES = (6, 7)
"""Only version 3 has them; before, 6 said that there are no samples."""
_CHANNEL = re.compile(r"(?:CH|MATH|REF|D)\d{1,2}", re.IGNORECASE)
_CHECKSUM_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the parts stand; the size of the header and of user views differ between versions."""

    explicit: int
    implicit: int
    update: int
    curve: int
    frames: int

    @classmethod
    def of(cls, version: int) -> "_Layout":
        header = 76 if version == 1 else 78
        view = 60 if version == 3 else 56
        explicit = _FIXED_BYTES + header + _PIXMAP_BYTES
        implicit = explicit + 2 * (100 + view)
        update = implicit + 2 * (76 + view) + 2 * _TIME_BASE_BYTES
        curve = update + _UPDATE_BYTES
        return cls(explicit, implicit, update, curve, curve + _CURVE_BYTES)


@dataclass(frozen=True, slots=True)
class _Frame:
    """One acquisition: offset and number of its samples, and when its trigger was: whole seconds and the rest."""

    start: int
    points: int
    trigger_s: int
    trigger_fraction_s: float

    def after_s(self, first: "_Frame") -> float:
        """Return how long after ``first``'s trigger this one came; whole seconds since 1970 would eat the digits."""
        return (self.trigger_s - first.trigger_s) + (self.trigger_fraction_s - first.trigger_fraction_s)


def read_tek_wfm(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read one waveform, or all frames of a FastFrame record; raise ``CaptureError``.

    An envelope's pairs come as two waveforms, ``… minimum`` and ``… maximum``; so do ``… I`` and ``… Q``.

    ``start_s`` is the file's own time axis, in whole samples; a frame's counts from the first frame's trigger.
    The trigger lies a part of a sample elsewhere: the scope's CSV export adds the ``trigger phase`` that the metadata
    give. Eight digital channels come as the logic capture. The metadata also name samples beyond the converter's range
    and a wrong checksum.
    """
    if data[:9] not in MAGICS:
        raise BinaryReader(data, name).fail(0, "no WFM#001 … WFM#003 header; save the waveform as .wfm or CSV again")
    reader = BinaryReader(data, name, "<" if data[0] == 0x0F else ">")
    version = reader.u8(9, "the version") - ord("0")
    if version not in (1, 2, 3):
        raise reader.fail(9, f"version WFM#00{chr(version + 48)!r} is unknown; save the waveform as CSV")
    layout = _Layout.of(version)
    kind = reader.i32(0x7A, "the data type")
    if kind not in (_VECTOR, _DIGITAL):
        raise reader.fail(0x7A, f"data type {kind} is no waveform (2) or digital channels (6); save the channel itself")
    sample_type = _sample_type(reader, layout, version)
    metadata = {"format": f"Tektronix WFM#00{version}"}
    if label := reader.text(0x28, 32, "the label"):
        metadata["label"] = label
    frames = list(_frames(reader, layout, np.dtype(sample_type).itemsize))
    if note := _checksum_note(reader, layout, frames):
        metadata["note"] = note
    interval_s, start_s = _time_axis(reader, layout)
    if 0 < abs(phase := reader.f64(layout.update + 4, "the trigger phase")) <= 1:
        metadata["trigger phase"] = f"{phase:g} samples"
    if kind == _DIGITAL:
        return _digital(reader, frames, sample_type, interval_s, metadata)
    scaling = _Scaling.read(reader, layout)
    waves = tuple(
        scaling.waveform(
            codes,
            name=_label(name, label) + (f" frame {number}" if len(frames) > 1 else "") + kind_of_point,
            sample_interval_s=interval_s * points,
            start_s=start_s + frame.after_s(frames[0]),
        )
        for number, frame in enumerate(frames, 1)
        for codes, kind_of_point, points in _stored(
            reader, layout, reader.array(frame.start, sample_type, frame.points, "the samples")
        )
    )
    if any(not np.isfinite(wave.codes).all() for wave in waves):
        raise reader.fail(frames[0].start, "some samples are no numbers; save the waveform again")
    if clipped := _clipped(reader, layout, waves):
        metadata["clipped samples"] = str(clipped)
    return Capture(analog=waves, metadata=metadata)


def _label(name: str, label: str) -> str:
    """Name the waveform: its label, else the channel that the scope put into the file's name."""
    found = _CHANNEL.findall(name.rsplit("/", 1)[-1])
    return label or (found[-1].upper() if found else "waveform")


def _sample_type(reader: BinaryReader, layout: _Layout, version: int) -> str:
    code = reader.i32(layout.explicit + 72, "the sample format")
    kind = _SAMPLE_TYPES.get(code)
    if kind is None or (code in _BYTE_TYPES and version < 3):
        raise reader.fail(layout.explicit + 72, f"sample format {code} is unknown; save the waveform as CSV")
    stated = reader.u8(0x0F, "the bytes a point")
    if stated != np.dtype(kind).itemsize:
        raise reader.fail(0x0F, f"{stated} bytes a point do not fit sample format {code}; the file is damaged")
    return kind


def _stored(
    reader: BinaryReader, layout: _Layout, codes: npt.NDArray[Any]
) -> Iterator[tuple[npt.NDArray[Any], str, int]]:
    """Yield the samples as they are stored, one by one or in pairs, with what each is called and its points of time.

    Pairs are the extremes of an envelope, two points of time each, or in-phase and quadrature parts, which the
    metadata behind the samples tell, or else that neither of the two is always the larger.
    """
    storage = reader.i32(layout.explicit + 76, "how the samples are stored")
    if storage == _EACH:
        yield codes, "", 1
        return
    if storage != _PAIRS or codes.size % 2:
        raise reader.fail(
            layout.explicit + 76, f"storage type {storage} is no samples (0) or pairs (1); save the waveform as CSV"
        )
    one, other = codes[0::2], codes[1::2]
    ordered = bool((one <= other).all() or (one >= other).all())
    if not ordered or any(reader.data.find(key, -_METADATA_BYTES) >= 0 for key in _IQ_KEYS):
        yield one, " I", 1
        yield other, " Q", 1
    else:
        yield np.minimum(one, other), " minimum", 2
        yield np.maximum(one, other), " maximum", 2


def _time_axis(reader: BinaryReader, layout: _Layout) -> tuple[float, float]:
    """Return sample interval and time of the first sample."""
    at = layout.implicit
    unit = reader.text(at + 20, 20, "the horizontal unit")
    if unit not in ("s", ""):
        raise reader.fail(at + 20, f"the horizontal unit is {unit!r}, no time; save the channel, not its spectrum")
    interval_s = reader.f64(at, "the sample interval")
    start_s = reader.f64(at + 8, "the time of the first sample")
    if not 1e-18 < interval_s < 1e6 or abs(start_s) > 1e12:
        raise reader.fail(at, f"a sample interval of {interval_s:g} s is none; the file is damaged")
    return interval_s, start_s


def _frames(reader: BinaryReader, layout: _Layout, point_bytes: int) -> Iterator[_Frame]:
    """Yield the frames in order; the first one's descriptions stand apart from the others'."""
    further = reader.u32(0x48, "the number of frames")
    if further >= MAX_FRAMES:
        raise reader.fail(0x48, f"{further} frames are more than a scope takes ({MAX_FRAMES}); the file is damaged")
    updates, curves = layout.frames, layout.frames + further * _UPDATE_BYTES
    if further:
        reader.check(updates, further * (_UPDATE_BYTES + _CURVE_BYTES), "the descriptions of the frames")
    buffer = reader.u32(0x10, "the curve buffer's offset")
    if buffer < curves + further * _CURVE_BYTES:
        raise reader.fail(0x10, f"the curve buffer cannot begin at byte {buffer}, inside the header; it is damaged")
    for number in range(further + 1):
        update = layout.update if number == 0 else updates + (number - 1) * _UPDATE_BYTES
        curve = layout.curve if number == 0 else curves + (number - 1) * _CURVE_BYTES
        first = reader.u32(curve + 14, "the start of the samples")
        after = reader.u32(curve + 18, "the end of the samples")
        end = reader.u32(curve + 26, "the end of the frame")
        if not first <= after <= end or (after - first) % point_bytes or after == first:
            raise reader.fail(curve + 14, f"samples from {first} to {after} of {end} are none; the file is damaged")
        reader.check(buffer, end, "the samples")
        fraction = reader.f64(update + 12, "the trigger's time")
        seconds = reader.i32(update + 20, "the trigger's time")
        yield _Frame(buffer + first, (after - first) // point_bytes, seconds, fraction)
        buffer += end


@dataclass(frozen=True, slots=True)
class _Scaling:
    """The first explicit dimension: what turns codes into ``unit``."""

    scale: float
    offset: float
    unit: str

    @classmethod
    def read(cls, reader: BinaryReader, layout: _Layout) -> "_Scaling":
        at = layout.explicit
        scale = reader.f64(at, "the vertical scale")
        offset = reader.f64(at + 8, "the vertical offset")
        if scale == 0 or max(abs(scale), abs(offset)) > 1e30:
            raise reader.fail(at, f"a vertical scale of {scale:g} is none; the file is damaged")
        unit = reader.text(at + 20, 20, "the vertical unit")
        return cls(scale, offset, {"": "1", "Volts": "V", "Amps": "A", "Ohms": "Ohm"}.get(unit, unit))

    def waveform(self, codes: npt.NDArray[Any], *, name: str, sample_interval_s: float, start_s: float) -> Waveform:
        # A 12-bit converter's samples stand in the upper bits of a 16-bit code.
        step = quantisation_step(codes)
        return Waveform(
            name=name,
            codes=codes,
            sample_interval_s=sample_interval_s,
            unit=self.unit,
            scale=self.scale,
            offset=self.offset,
            start_s=start_s,
            resolution=None if step is None else step * abs(self.scale),
        )


def _digital(
    reader: BinaryReader, frames: list[_Frame], sample_type: str, interval_s: float, metadata: dict[str, str]
) -> Capture:
    if len(frames) > 1 or np.dtype(sample_type).itemsize != 1:
        raise reader.fail(0x7A, "digital channels in frames or wide words are not read; save them as CSV")
    words = reader.array(frames[0].start, "u1", frames[0].points, "the samples")
    channels = tuple(f"D{bit}" for bit in range(8))
    return Capture(logic=LogicCapture(words, 1.0 / interval_s, channels), metadata=metadata)


def _clipped(reader: BinaryReader, layout: _Layout, waves: tuple[Waveform, ...]) -> int:
    """Count the samples at the codes that stand for "beyond the converter's range"."""
    over = reader.i32(layout.explicit + 84, "the over-range code")
    under = reader.i32(layout.explicit + 88, "the under-range code")
    if over <= under or waves[0].codes.dtype.kind == "f":
        return 0
    return sum(int(((wave.codes >= over) | (wave.codes <= under)).sum()) for wave in waves)


def _checksum_note(reader: BinaryReader, layout: _Layout, frames: list[_Frame]) -> str | None:
    """Compare the sum of all bytes with the one behind the curve buffer, where there is one."""
    last = layout.curve if len(frames) == 1 else layout.frames + (len(frames) - 1) * (_UPDATE_BYTES + _CURVE_BYTES)
    last -= 0 if len(frames) == 1 else _CURVE_BYTES
    first = reader.u32(last + 14, "the start of the samples")
    end = frames[-1].start - first + reader.u32(last + 26, "the end of the frame")
    if end + _CHECKSUM_BYTES > len(reader.data):
        return "the file ends before its checksum"
    stated = reader.i64(end, "the checksum")
    found = int(np.frombuffer(reader.data, np.uint8, end).sum(dtype=np.int64))
    return None if stated in (0, found) else "the checksum is wrong: some byte of this file is not as it was saved"
