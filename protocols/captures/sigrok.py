"""Read sigrok session files (``.sr``), format versions 1 and 2, as sigrok-cli and PulseView write them.

Format: https://sigrok.org/wiki/File_format:Sigrok/v2. A zip archive holds ``version``, ``metadata`` (a key file) and
the samples: logic as little-endian words of ``unitsize`` bytes in ``logic-1`` (version 1) or the chunks ``logic-1-1``,
``logic-1-2`` … (version 2), analogue channels as little-endian float32 in ``analog-1-<channel>-<chunk>``.
"""

import math
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from protocols.captures.archive import BoundedArchive
from protocols.captures.errors import CaptureError, quoted
from protocols.captures.keyfile import parse_keyfile
from protocols.captures.limits import LIMIT_BYTES
from protocols.captures.quantisation import quantisation_step
from protocols.waveform import Capture, LogicCapture, Waveform

MAX_UNIT_BYTES = 8
UNIT_SUFFIXES = ("A", "Ohm", "W", "Hz", "Cel", "F", "s", "%", "dB", "1")
"""Units other than volt, kept in brackets behind the channel's name because the format has no place for a unit."""

OWN_GROUP = "benchwright"
"""Group of the metadata with what the format has no place for; sigrok passes over groups that it does not know."""

_METADATA_LIMIT_BYTES = 1 << 20
_MAX_CHANNELS = 1024
_DEVICE = re.compile(r"device \d+")
_NUMBERED = re.compile(r"(probe|analog|trigger|resolution)(\d{1,9})")
_DECIMAL = re.compile(r"\d{1,20}(\.\d{1,20})?([eE][-+]?\d{1,3})?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)\s*(?:[hH][zZ])?")
_RATE_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_NAME_WITH_UNIT = re.compile(r"(.+) \[([^\]]+)\]")


def read_sr(
    data: bytes,
    name: str = "capture.sr",
    *,
    limit_bytes: int = LIMIT_BYTES,
    sample_rate_hz: float | None = None,
) -> Capture:
    """Read a sigrok session file.

    ``limit_bytes`` bounds the decompressed samples. ``sample_rate_hz`` is for a file that states no sample rate (state
    captures do not); a rate in the file wins. Logic words keep ``unitsize`` where it is 1, 2, 4 or 8 and are widened
    to the next of these otherwise. Analogue channels come in volts, float32, as the format says nothing else; a
    known unit in brackets behind the name (as ``write_sr`` writes it) is taken as the unit. Their resolution is the one
    that ``write_sr`` kept, else the smallest distance between two levels of the samples (an estimate; see
    ``quantisation_step``), so that a mean of them carries the uncertainty of a quantised reading.
    Raises ``CaptureError``.
    """
    archive = BoundedArchive(data, name, limit_bytes)
    version = _version(archive, name)
    device, metadata, resolutions = _device(archive, name)
    metadata["format"] = f"sigrok session version {version}"
    rate_hz = _sample_rate_hz(device, name, sample_rate_hz)
    logic = _logic(archive, name, device, rate_hz, metadata)
    analog = tuple(
        _analog(archive, name, index, channel, rate_hz=rate_hz, resolution=resolutions.get(index))
        for index, channel in sorted(_numbered(device, "analog").items())
    )
    if logic is None and not analog:
        raise CaptureError(
            f"{name}: its metadata names neither a capturefile nor an analog channel; nothing was recorded"
        )
    return Capture(analog=analog, logic=logic, metadata=metadata)


def _version(archive: BoundedArchive, name: str) -> int:
    for entry in ("version", "metadata"):
        if entry not in archive.names():
            raise CaptureError(f"{name}: is a zip archive without {entry!r}, so no sigrok session; choose an .sr file")
    text = archive.read("version", 64).decode("latin-1").strip()
    if text not in ("1", "2"):
        raise CaptureError(f"{name}: session format version {quoted(text)} is unknown (1 and 2 are read)")
    return int(text)


def _device(archive: BoundedArchive, name: str) -> tuple[dict[str, str], dict[str, str], dict[int, float]]:
    """Return the one device group, what is worth keeping as metadata of the capture, and resolutions by channel."""
    try:
        text = archive.read("metadata", _METADATA_LIMIT_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CaptureError(f"{name}: its metadata is not UTF-8 text ({error.reason} at byte {error.start})") from error
    groups = parse_keyfile(text, f"{name}: metadata")
    devices = [group for title, group in groups.items() if _DEVICE.fullmatch(title)]
    if len(devices) != 1:
        raise CaptureError(
            f"{name}: its metadata has {len(devices)} [device] groups, one is read; save one device a file"
        )
    metadata: dict[str, str] = {}
    written = groups.get("global", {})
    if "written by" in written:
        metadata["written by"] = written["written by"]
    elif "sigrok version" in written:
        metadata["written by"] = f"sigrok {written['sigrok version']}"
    if driver := devices[0].get("driver"):
        metadata["driver"] = driver
    for index, condition in _numbered(devices[0], "trigger").items():
        metadata[f"trigger {devices[0].get(f'probe{index}', index)}"] = condition
    return devices[0], metadata, _resolutions(groups.get(OWN_GROUP, {}), name)


def _resolutions(group: Mapping[str, str], name: str) -> dict[int, float]:
    """Return the resolution of each analogue channel that has one, by the channel's number."""
    found: dict[int, float] = {}
    for index, text in _numbered(group, "resolution").items():
        if not _DECIMAL.fullmatch(text) or not 0 < float(text) < math.inf:
            raise CaptureError(f"{name}: metadata resolution{index} is {quoted(text)}, must be a number above zero")
        found[index] = float(text)
    return found


def _numbered(device: Mapping[str, str], kind: str) -> dict[int, str]:
    """Return the keys ``kind`` + number, as number → value."""
    found = ((_NUMBERED.fullmatch(key), value) for key, value in device.items())
    return {int(key[2]): value for key, value in found if key is not None and key[1] == kind}


def _integer(device: Mapping[str, str], key: str, name: str, lowest: int, highest: int) -> int | None:
    text = device.get(key)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}", text) or not lowest <= int(text) <= highest:
        raise CaptureError(f"{name}: metadata {key!r} is {quoted(text)}, must be a number {lowest} … {highest}")
    return int(text)


def _sample_rate_hz(device: Mapping[str, str], name: str, fallback_hz: float | None) -> float:
    text = device.get("samplerate", "0")
    match = _RATE.fullmatch(text)
    if match is None or len(text) > 40:
        raise CaptureError(f"{name}: metadata samplerate {quoted(text)} is not a frequency such as '2 MHz'")
    rate_hz = float(match[1]) * _RATE_FACTORS[match[2].lower()]
    if rate_hz > 0:
        return rate_hz
    if fallback_hz is None:
        raise CaptureError(f"{name}: states no sample rate; give the one that it was recorded with (sample_rate_hz)")
    return fallback_hz


def _chunks(archive: BoundedArchive, name: str, base: str) -> list[str]:
    """Return the entries that hold ``base``, whole or in the order of their chunk numbers."""
    chunk = re.compile(re.escape(base) + r"-(\d{1,9})")
    found = {int(match[1]): entry for entry in archive.names() if (match := chunk.fullmatch(entry))}
    if base in archive.names():
        if found:
            raise CaptureError(f"{name}: holds {quoted(base)} both whole and in chunks; save the capture again")
        return [base]
    if not found:
        raise CaptureError(f"{name}: has no samples for {quoted(base)}, which its metadata announces; record it again")
    if missing := set(range(1, len(found) + 1)) - set(found):
        raise CaptureError(
            f"{name}: chunk {min(missing)} of {quoted(base)} is missing; copy the file again from its source"
        )
    return [found[number] for number in sorted(found)]


def _samples(archive: BoundedArchive, name: str, base: str, unit_bytes: int) -> npt.NDArray[np.uint8]:
    """Return the bytes of ``base``, shape (n, unit_bytes)."""
    entries = _chunks(archive, name, base)
    total = sum(archive.size_bytes(entry) for entry in entries)
    if total % unit_bytes:
        raise CaptureError(
            f"{name}: {quoted(base)} has {total} bytes, not a multiple of its {unit_bytes}-byte samples; it was cut"
        )
    samples = np.empty(total, np.uint8)
    at = 0
    for entry in entries:
        size = archive.size_bytes(entry)
        archive.read_into(entry, samples[at : at + size])
        at += size
    return samples.reshape(-1, unit_bytes)


def _logic(
    archive: BoundedArchive, name: str, device: Mapping[str, str], rate_hz: float, metadata: dict[str, str]
) -> LogicCapture | None:
    base = device.get("capturefile")
    if base is None:
        return None
    unit_bytes = _integer(device, "unitsize", name, 1, MAX_UNIT_BYTES)
    if unit_bytes is None:
        raise CaptureError(f"{name}: metadata has a capturefile but no unitsize; save the capture again")
    names = _numbered(device, "probe")
    stated = _integer(device, "total probes", name, 0, _MAX_CHANNELS)
    highest = max(names, default=0)
    if highest > _MAX_CHANNELS or 0 in names or (stated is not None and highest > stated):
        raise CaptureError(f"{name}: metadata names probe{highest if highest else 0} of {stated} probes; save it again")
    bits = 8 * unit_bytes
    if absent := [probe for number, probe in sorted(names.items()) if number > bits]:
        metadata["channels without samples"] = ", ".join(absent)
    width = min(bits, highest if stated is None else stated)
    channels = tuple(names.get(number) for number in range(1, width + 1))
    samples = _samples(archive, name, base, unit_bytes)
    return LogicCapture(words=_words(samples), sample_rate_hz=rate_hz, channels=channels)


def _words(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.unsignedinteger[npt.NBitBase]]:
    """Return unsigned words, shape (n,), from little-endian bytes, shape (n, unit_bytes)."""
    count, unit_bytes = samples.shape
    word_bytes = next(size for size in (1, 2, 4, 8) if size >= unit_bytes)
    if word_bytes != unit_bytes:
        widened = np.zeros((count, word_bytes), np.uint8)
        widened[:, :unit_bytes] = samples
        samples = widened
    return samples.reshape(-1).view(f"<u{word_bytes}")


def _analog(
    archive: BoundedArchive, name: str, index: int, channel: str, *, rate_hz: float, resolution: float | None
) -> Waveform:
    values = _samples(archive, name, f"analog-1-{index}", 4).reshape(-1).view("<f4")
    unit = "V"
    if (match := _NAME_WITH_UNIT.fullmatch(channel)) and match[2] in UNIT_SUFFIXES:
        channel, unit = match[1], match[2]
    if resolution is None:
        resolution = quantisation_step(values)
    return Waveform(name=channel, codes=values, sample_interval_s=1.0 / rate_hz, unit=unit, resolution=resolution)
