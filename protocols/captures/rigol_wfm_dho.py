"""Rigol DHO800, DHO900 and DHO1000 waveform files (``.wfm``): packed settings, then 16-bit samples.

Rigol publishes no layout. The one here is what the RigolWFM project worked out, with what its recordings show beside
their ``.bin`` twins (a DHO1074, three of a DHO824): both check sums are CRC-32, a channel's first byte says whether it
was on, and the samples follow 24 bytes behind the settings. Levels equal the ``.bin`` to the rounding of its floats.
**The time of the trigger is not known**: it is taken in the middle of the record, where the scope puts it by itself.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from protocols.captures.binary import BinaryReader
from protocols.waveform import Capture, Waveform

MAGIC = b"\x02\0\0\0"

_HEADER = 24
_BLOCK_HEADER = 12
_GAP = 24
_SAMPLES_HEADER = 40
_MIDDLE_CODE = 32768
_MAX_BLOCKS = 1000
_CHANNELS = 4


@dataclass(frozen=True, slots=True)
class _Family:
    """What distinguishes the families; block kind of the channels → these."""

    name: str
    tick_s: float
    codes_per_unit: float
    """The channel's scale number divided by this is volts a code."""
    centre: str
    volts_per_centre: float


_FAMILIES = {
    5: _Family("DHO800", 0.8e-9, 7.5e12, "<i", 1e-9),
    9: _Family("DHO1000", 10e-9, 7.5e11, "<q", 1e-8),
}


def matches(data: bytes) -> bool:
    """Tell whether ``data`` is such a file: the settings have the check sum that the header states."""
    if not data.startswith(MAGIC) or len(data) < _HEADER:
        return False
    stated, size = struct.unpack_from("<II", data, 16)
    return bool(_HEADER + size <= len(data) and zlib.crc32(data[_HEADER : _HEADER + size]) == stated)


def read_rigol_wfm_dho(data: bytes, name: str = "scope.wfm") -> Capture:
    """Read the channels of a DHO800, DHO900 or DHO1000 file that were on; raise ``CaptureError``."""
    reader = BinaryReader(data, name)
    if not matches(data):
        raise reader.fail(0, "no DHO waveform file, or its settings are damaged; save the waveform as .bin or CSV")
    end = _HEADER + reader.u32(20, "the size of the settings")
    blocks = _blocks(reader, end)
    kind = next((one for _, one in blocks), None)
    if kind is None:
        raise reader.fail(_HEADER, "the settings are those of a family not read; save the waveform as .bin or CSV")
    family = _FAMILIES[kind]
    channels = [c for c in range(1, _CHANNELS + 1) if blocks.get((c, kind), b"")[:1] == b"\1"]
    at = end + _GAP
    reader.check(at, _SAMPLES_HEADER, "the header of the samples")
    ticks = reader.u32(at + 16, "the sample interval")
    points = reader.u32(at + 24, "the number of samples")
    if not channels or points == 0 or ticks == 0:
        raise reader.fail(at, f"{points} samples of {len(channels)} channels are no record; save it as .bin or CSV")
    lanes = reader.array(at + _SAMPLES_HEADER, "u2", points * len(channels), "the samples").reshape(-1, len(channels))
    interval_s = ticks * family.tick_s
    waves = []
    for lane, channel in enumerate(channels):
        scale, offset = _vertical(reader, family, blocks[channel, kind], channel)
        waves.append(
            Waveform(
                name=f"CH{channel}",
                codes=np.ascontiguousarray(lanes[:, lane]),
                sample_interval_s=interval_s,
                scale=scale,
                offset=offset,
                start_s=-points / 2 * interval_s,
                resolution=scale,
            )
        )
    metadata = {
        "format": f"Rigol {family.name} wfm",
        "note": "the trigger is taken in the middle of the record; the file does not say where it is",
    }
    return Capture(analog=tuple(waves), metadata=metadata)


def _blocks(reader: BinaryReader, end: int) -> dict[tuple[int, int], bytes]:
    """Return the settings of the channels: (channel, kind of block) → contents, unpacked."""
    found: dict[tuple[int, int], bytes] = {}
    at = _HEADER
    for _ in range(_MAX_BLOCKS):
        if at >= end:
            break
        number, kind, size, packed, room = (reader.u16(at + 2 * k, "a block of settings") for k in range(5))
        if packed > room or at + _BLOCK_HEADER + room > end:
            raise reader.fail(at, "a block of settings is longer than its place; the file is damaged")
        content = reader.data[at + _BLOCK_HEADER : at + _BLOCK_HEADER + packed]
        at += _BLOCK_HEADER + room
        if not 1 <= number <= _CHANNELS or kind not in _FAMILIES:
            continue
        if packed < size:
            unpacker = zlib.decompressobj()
            try:
                content = unpacker.decompress(content, size)
            except zlib.error as error:
                raise reader.fail(at, f"a block of settings does not unpack ({error}); it is damaged") from error
        found[number, kind] = content
    return found


def _vertical(reader: BinaryReader, family: _Family, block: bytes, channel: int) -> tuple[float, float]:
    """Return volts a code and the voltage of code 0."""
    if len(block) < 46:
        raise reader.fail(_HEADER, f"the settings of CH{channel} are cut; the file is damaged")
    scale = struct.unpack_from("<q", block, 1)[0] / family.codes_per_unit
    centre = struct.unpack_from(family.centre, block, 38)[0] * family.volts_per_centre
    if not 0 < scale < 1e3 or abs(centre) > 1e6:
        raise reader.fail(_HEADER, f"CH{channel}: {scale:g} V a code about {centre:g} V is no setting; it is damaged")
    return scale, -centre - scale * _MIDDLE_CODE
