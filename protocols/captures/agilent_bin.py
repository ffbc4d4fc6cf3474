"""Agilent and Keysight binary waveform files (``AG01``, ``AG03``, ``AG10``), and Rigol's of that build (``RGxx``).

Layout: "Binary Data (.bin) Format" in the user's guides of the Agilent 6000 and InfiniiVision 2000 … 4000 X series, and
of the Rigol MSO5000, MSO7000 and DHO1000. A file header, then for each waveform a header that states its own size and,
for each of its buffers, a data header and the samples. Everything is little-endian.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from protocols.captures.binary import BinaryReader
from protocols.captures.quantisation import quantisation_step
from protocols.waveform import Capture, LogicCapture, Waveform

MAGICS = (b"AG01", b"AG03", b"AG10", b"RG01", b"RG03")
MAX_WAVEFORMS = 65_536
"""Segmented memory has a waveform for each channel and segment."""
MAX_BUFFERS = 64

_SHORTEST_HEADER_BYTES = 128
_LONGEST_HEADER_BYTES = 4096
_SEGMENT_FIELDS_END = 140
_UNITS = ("1", "V", "s", "1", "A", "dB", "Hz")
_SECONDS = 2
_HISTOGRAMS = (4, 5)
_LOGIC = 6
_MAXIMUM, _MINIMUM = 2, 3
_HOLE = 9e36
"""Agilent writes 9.9e37 where it has no value."""
_HIGHEST_VALUE = 1e12
_POD = re.compile(r"POD ?(\d)|D?(\d{1,2})[-.: ]+D?(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of one waveform; ``end`` is where its first buffer begins."""

    end: int
    kind: int
    buffers: int
    points: int
    interval_s: float
    start_s: float
    x_unit: int
    y_unit: str
    frame: str
    label: str
    date: str
    segment: int


def read_agilent_bin(data: bytes, name: str = "scope.bin") -> Capture:
    """Read every waveform of an AGxx or RGxx file.

    A channel labelled ``1`` becomes ``CH1``; peak-detect buffers become ``CH1 max`` and ``CH1 min``; the segments of
    segmented memory ``CH1 segment 1`` …, each at its own time. Digital channels become the logic capture. What is no
    signal over time (histograms, spectra) is named in the metadata under ``not read``. Raises ``CaptureError``.
    """
    reader = BinaryReader(data, name)
    if data[:4] not in MAGICS:
        raise reader.fail(0, "no AG or RG header; save the waveform as binary data (.bin) on the scope")
    wide = data[2:4] == b"03"
    metadata = {"format": f"{'Agilent' if data[:2] == b'AG' else 'Rigol'} {data[:4].decode()} binary"}
    count = reader.u32(12 if wide else 8, "the number of waveforms")
    if not 0 < count <= MAX_WAVEFORMS:
        raise reader.fail(12 if wide else 8, f"{count} waveforms is no number that a scope saves; the file is damaged")
    at = 16 if wide else 12
    analog: list[Waveform] = []
    pods: list[tuple[_Header, Waveform]] = []
    skipped: list[str] = []
    for number in range(1, count + 1):
        header = _header(reader, at)
        at = header.end
        if not analog and not pods:
            metadata |= _origin(header)
        for kind, size, start in _buffers(reader, header, wide):
            at = start + size
            if header.x_unit not in (0, _SECONDS) or header.kind in _HISTOGRAMS:
                skipped.append(f"{header.label or 'a waveform'} is no signal over time")
            elif header.kind == _LOGIC or kind.bytes_per_point == 1:
                pods.append((header, _digital(reader, header, kind, start)))
            else:
                analog.append(_analog(reader, header, number, kind, start))
    if skipped:
        metadata["not read"] = "; ".join(skipped[:8])
    if not analog and not pods:
        raise reader.fail(at, "no signal over time is in this file; save the channels, not the mathematics")
    if gaps := [wave.name for wave in analog if not np.isfinite(wave.codes).all()]:
        metadata["samples without a value"] = ", ".join(gaps[:8])
    return Capture(analog=tuple(analog), logic=_logic(reader, pods) if pods else None, metadata=metadata)


def _header(reader: BinaryReader, at: int) -> _Header:
    size = reader.u32(at, "a waveform header's size")
    if not _SHORTEST_HEADER_BYTES <= size <= _LONGEST_HEADER_BYTES:
        raise reader.fail(at, f"a waveform header of {size} bytes does not exist; the file is damaged")
    reader.check(at, size, "a waveform header")
    interval_s = reader.f64(at + 32, "the sample interval")
    origin_s = reader.f64(at + 40, "the time of the first sample")
    if not 1e-18 < interval_s < 1e6 or abs(origin_s) > 1e12:
        raise reader.fail(at + 32, f"a sample interval of {interval_s:g} s is none; the file is damaged")
    if reader.data.startswith(b"RG"):
        origin_s = -abs(origin_s)  # Rigol states how long before the trigger the record begins.
    segment = 0
    if size >= _SEGMENT_FIELDS_END and reader.data.startswith(b"AG"):
        segment = reader.u32(at + 136, "the segment number")
        if segment:
            origin_s += reader.f64(at + 128, "the segment's time")
    y_unit = reader.u32(at + 52, "the vertical unit")
    label = reader.text(at + 112, 16, "the label")
    return _Header(
        end=at + size,
        kind=reader.u32(at + 4, "the waveform's type"),
        buffers=reader.u32(at + 8, "the number of buffers"),
        points=reader.u32(at + 12, "the number of points"),
        interval_s=interval_s,
        start_s=origin_s,
        x_unit=reader.u32(at + 48, "the horizontal unit"),
        y_unit=_UNITS[y_unit] if y_unit < len(_UNITS) else "1",
        frame=reader.text(at + 88, 24, "the model"),
        label=f"CH{label}" if label.isdecimal() else label,
        date=" ".join(filter(None, (reader.text(at + 56, 16, "the date"), reader.text(at + 72, 16, "the time")))),
        segment=segment,
    )


def _origin(header: _Header) -> dict[str, str]:
    model, _, serial = header.frame.partition(":")
    found = {"model": model, "serial": serial, "date": header.date}
    return {key: value.strip() for key, value in found.items() if value.strip()}


@dataclass(frozen=True, slots=True)
class _BufferKind:
    kind: int
    bytes_per_point: int


def _buffers(reader: BinaryReader, header: _Header, wide: bool) -> Iterator[tuple[_BufferKind, int, int]]:
    """Yield kind, size in bytes and offset of each buffer of one waveform."""
    if not 0 < header.buffers <= MAX_BUFFERS:
        raise reader.fail(header.end, f"{header.buffers} buffers of one waveform do not exist; the file is damaged")
    if header.points == 0:
        raise reader.fail(header.end, f"{header.label or 'a waveform'} has no samples; record it again")
    at = header.end
    for _ in range(header.buffers):
        length = reader.u32(at, "a data header's size")
        if not 12 <= length <= _LONGEST_HEADER_BYTES:
            raise reader.fail(at, f"a data header of {length} bytes does not exist; the file is damaged")
        kind = _BufferKind(reader.u16(at + 4, "the buffer's type"), reader.u16(at + 6, "the bytes a point"))
        size = reader.i64(at + 8, "the buffer's size") if wide else reader.u32(at + 8, "the buffer's size")
        start = at + length
        reader.check(start, size, "the samples")
        if kind.bytes_per_point not in (1, 4) or size != header.points * kind.bytes_per_point:
            raise reader.fail(
                at + 4,
                f"{size} bytes for {header.points} points of {kind.bytes_per_point} bytes do not fit; save it again",
            )
        yield kind, size, start
        at = start + size


def _analog(reader: BinaryReader, header: _Header, number: int, kind: _BufferKind, start: int) -> Waveform:
    values = reader.array(start, "f4", header.points, "the samples")
    size = np.abs(values)
    if (holes := size >= _HOLE).any():
        values = np.where(holes, np.float32(np.nan), values)
    if (size[np.isfinite(values)] > _HIGHEST_VALUE).any():
        raise reader.fail(start, "the samples are no measured values (beyond 1e12); save the waveform as CSV")
    name = header.label or f"waveform {number}"
    if header.segment:
        name += f" segment {header.segment}"
    if kind.kind in (_MAXIMUM, _MINIMUM):
        name += " max" if kind.kind == _MAXIMUM else " min"
    return Waveform(
        name=name,
        codes=values,
        sample_interval_s=header.interval_s,
        unit=header.y_unit,
        start_s=header.start_s,
        resolution=quantisation_step(values),
    )


def _digital(reader: BinaryReader, header: _Header, kind: _BufferKind, start: int) -> Waveform:
    """Return the samples of one pod, eight or sixteen channels a word."""
    if kind.bytes_per_point == 1:
        words = reader.array(start, "u1", header.points, "the logic samples")
    else:
        # Some Rigol scopes save the word of sixteen channels as a float.
        floats = reader.array(start, "f4", header.points, "the logic samples")
        if not np.all((floats >= 0) & (floats <= 0xFFFF) & (np.floor(floats) == floats)):
            raise reader.fail(start, "the logic samples are no whole numbers; save the digital channels as CSV")
        words = floats.astype(np.uint16)
    return Waveform(header.label, words, header.interval_s, unit="1", start_s=header.start_s)


def _logic(reader: BinaryReader, pods: list[tuple[_Header, Waveform]]) -> LogicCapture:
    """Join pods into one capture, in the order of the file."""
    first = pods[0][1]
    if any(w.codes.size != first.codes.size or w.sample_interval_s != first.sample_interval_s for _, w in pods):
        raise reader.fail(pods[0][0].end, "its logic pods have different time bases or segments; save them one by one")
    width = sum(8 * wave.codes.itemsize for _, wave in pods)
    if width > 64:
        raise reader.fail(pods[0][0].end, f"{width} logic channels at the same time do not exist; the file is damaged")
    word_bytes = next(size for size in (1, 2, 4, 8) if 8 * size >= width)
    words = np.zeros(first.codes.size, f"u{word_bytes}")
    channels: list[str | None] = []
    for _, wave in pods:
        words |= wave.codes.astype(words.dtype) << words.dtype.type(len(channels))
        channels += _channel_names(wave.name, 8 * wave.codes.itemsize, len(channels))
    return LogicCapture(words, 1.0 / first.sample_interval_s, tuple(channels))


def _channel_names(label: str, width: int, position: int) -> list[str | None]:
    """Name the bits of one pod: by its label where that says which (``POD2``, ``D15-D8``), else by position."""
    lowest = position
    if match := _POD.search(label):
        lowest = 8 * (int(match[1]) - 1) if match[1] else min(int(match[2]), int(match[3]))
    elif label and not label.upper().startswith(("D", "LA")):
        return [label, *[None] * (width - 1)]  # one digital input, such as the external trigger
    return [f"D{max(lowest, 0) + bit}" for bit in range(width)]
