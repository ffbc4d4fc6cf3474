"""WAV files: sound cards as recorders.

RIFF and RIFX (Microsoft "Multimedia Programming Interface"), WAVEFORMATEXTENSIBLE, and RF64 or BW64 for more than 4 GiB
(EBU Tech 3306, ITU-R BS.2088).
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.captures.binary import BinaryReader
from protocols.captures.errors import CaptureError
from protocols.waveform import Capture, Waveform

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHANNELS = 64
_MOST_CHUNKS = 1000
_RATE_TOLERANCE = 1e-6
_MAGICS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)
"""What a recorder that writes to a pipe puts for the length of the samples: all that follows."""


def matches(data: bytes) -> bool:
    """Tell whether ``data`` is a RIFF file (or one of its kin) of kind WAVE."""
    return data[:4] in _MAGICS and data[8:12] == b"WAVE"


def read_wav(data: bytes, name: str = "sound.wav") -> Capture:
    """Read PCM (8, 16, 24, 32 bit) or float (32, 64 bit) samples; channels are ``CH1``, ``CH2`` …

    Values are parts of full scale (unit ``1``): a sound card knows no volts. Floats are taken as they are. Samples of
    fewer bits than their place has (20 in 24) fill its upper bits. Raises ``CaptureError``.
    """
    reader = BinaryReader(data, name, ">" if data[:4] == b"RIFX" else "<")
    if not matches(data):
        raise reader.fail(0, "is no RIFF WAVE file; save it as WAV")
    chunks = _chunks(reader)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise reader.fail(12, "has no format or no samples; save it again")
    form = _Format.read(reader, *chunks[b"fmt "])
    begin, size = chunks[b"data"]
    frame_bytes = form.channels * form.place_bits // 8
    if size < frame_bytes:
        raise reader.fail(begin, "holds no samples; record it again")
    raw = np.frombuffer(data, np.uint8, size // frame_bytes * frame_bytes, begin)
    samples = _samples(raw, form, reader.order).reshape(-1, form.channels)
    if form.is_float and not np.isfinite(samples).all():
        raise reader.fail(begin, "some samples are no numbers; save it again")
    scale = 1.0 if form.is_float else 2.0 ** (1 - form.place_bits)
    analog = tuple(
        Waveform(
            name=f"CH{channel + 1}",
            codes=np.ascontiguousarray(samples[:, channel]),
            sample_interval_s=1.0 / form.rate_hz,
            unit="1",
            scale=scale,
            offset=-1.0 if form.place_bits == 8 else 0.0,
            resolution=None if form.is_float else 2.0 ** (1 - form.bits),
        )
        for channel in range(form.channels)
    )
    return Capture(analog=analog, metadata={"format": f"WAV, {form.bits} bit {'float' if form.is_float else 'PCM'}"})


@dataclass(frozen=True, slots=True)
class _Format:
    """The ``fmt`` chunk: ``bits`` of each sample count, in a place of ``place_bits``."""

    is_float: bool
    channels: int
    rate_hz: int
    bits: int
    place_bits: int

    @classmethod
    def read(cls, reader: BinaryReader, at: int, count: int) -> "_Format":
        reader.check(at, max(count, 16), "the format")
        kind, channels = reader.u16(at, "the coding"), reader.u16(at + 2, "the channels")
        rate_hz, bits = reader.u32(at + 4, "the sample rate"), reader.u16(at + 14, "the bits a sample")
        align = reader.u16(at + 12, "the bytes of a frame")
        if not 1 <= channels <= _MOST_CHANNELS or rate_hz == 0:
            raise reader.fail(at, f"{channels} channels at {rate_hz} Hz are no recording; the file is damaged")
        # Plain PCM states the bits that count, WAVEFORMATEXTENSIBLE those of the place.
        place_bits = 8 * (align // channels) if align and align % channels == 0 else -(-bits // 8) * 8
        if kind == _EXTENSIBLE:
            kind = reader.u32(at + 24, "the coding")  # the first field of a GUID, four bytes wide in RIFX too
            bits = reader.u16(at + 18, "the valid bits") or bits
        places = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}.get(kind, ())
        if place_bits not in places or not 0 < bits <= place_bits or (kind == _FLOAT and bits != place_bits):
            raise reader.fail(at, f"coding {kind} with {bits} bits is not read; save it as PCM or float")
        return cls(kind == _FLOAT, channels, rate_hz, bits, place_bits)


def _chunks(reader: BinaryReader) -> dict[bytes, tuple[int, int]]:
    """Return where the contents of each chunk begin and how many bytes they have."""
    found: dict[bytes, tuple[int, int]] = {}
    at, end = 12, len(reader.data)
    wide = reader.data[:4] in (b"RF64", b"BW64")
    while at + 8 <= end and len(found) < _MOST_CHUNKS:
        title, size = reader.data[at : at + 4], reader.u32(at + 4, "a length")
        at += 8
        if title == b"data" and wide and size == _UNKNOWN_LENGTHS[1] and b"ds64" in found:
            size = reader.i64(found[b"ds64"][0] + 8, "the length of the samples")
        elif title == b"data" and (size == _UNKNOWN_LENGTHS[1] or (size == 0 and b"data" not in found)):
            size = end - at
        if title in (b"fmt ", b"data", b"ds64"):
            reader.check(at, size, "the samples" if title == b"data" else "the format")
        found.setdefault(title, (at, size))
        at += size + size % 2
    return found


def _samples(raw: npt.NDArray[np.uint8], form: _Format, order: str) -> npt.NDArray[np.generic]:
    if form.is_float:
        return raw.view(f"{order}f{form.place_bits // 8}")
    if form.place_bits == 24:
        widened = np.zeros((raw.size // 3, 4), np.uint8)
        places = slice(1, 4) if order == "<" else slice(0, 3)
        widened[:, places] = raw.reshape(-1, 3)
        return widened.view(f"{order}i4")[:, 0] >> 8
    return raw.view("u1" if form.place_bits == 8 else f"{order}i{form.place_bits // 8}")


def write_wav(capture: Capture, *, full_scale: float = 1.0) -> bytes:
    """Return the analogue channels as a WAV file of 32-bit floats; ``full_scale`` (in their unit) becomes 1.0.

    The format has no unit, start time or names. Raises ``CaptureError`` when there are no channels, or their lengths
    or rates differ, or the rate is no whole number of hertz.
    """
    waves = capture.analog
    if not waves or waves[0].codes.size == 0:
        raise CaptureError("a WAV file needs analogue samples, and this capture has none")
    if not full_scale > 0:
        raise CaptureError(f"a full scale of {full_scale} cannot be divided by; give the largest value expected")
    rate_hz = round(waves[0].sample_rate_hz)
    for wave in waves:
        if wave.codes.size != waves[0].codes.size:
            raise CaptureError(f"the channels of a WAV file are equally long, but {wave.name!r} is not")
        if not abs(wave.sample_rate_hz - rate_hz) <= _RATE_TOLERANCE * rate_hz or not 0 < rate_hz < 1 << 32:
            raise CaptureError(f"a WAV file has one rate of whole hertz, and {wave.name!r} has {wave.sample_rate_hz!r}")
    if len(waves) > _MOST_CHANNELS or 4 * len(waves) * waves[0].codes.size > 0xFFFFFF00:
        raise CaptureError(f"a WAV file holds {_MOST_CHANNELS} channels and 4 GiB at most; write fewer")
    samples = np.empty((waves[0].codes.size, len(waves)), "<f4")
    for column, wave in enumerate(waves):
        samples[:, column] = wave.values() / full_scale
    body = samples.tobytes()
    form = struct.pack("<HHIIHHH", _FLOAT, len(waves), rate_hz, 4 * rate_hz * len(waves), 4 * len(waves), 32, 0)
    # Every coding but PCM has a fact chunk with the number of samples.
    fact = struct.pack("<4sII", b"fact", 4, samples.shape[0])
    head = struct.pack("<4sI", b"fmt ", len(form)) + form + fact + struct.pack("<4sI", b"data", len(body))
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(body), b"WAVE") + head + body
