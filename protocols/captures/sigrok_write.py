"""Write sigrok session files (``.sr``, version 2) that sigrok-cli and PulseView open."""

import io
import math
import zipfile
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError
from protocols.captures.keyfile import format_keyfile
from protocols.captures.sigrok import MAX_UNIT_BYTES, OWN_GROUP, UNIT_SUFFIXES
from protocols.waveform import Capture, LogicCapture, Waveform

_CHUNK_BYTES = 1 << 20
"""libsigrok reads entries beyond 4 MiB in steps that split an analogue float where unitsize is odd."""
_RATE_TOLERANCE = 1e-6
"""The format keeps whole hertz; a rate that rounding would shift by more than this is refused."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Entries carry no clock time, so the same capture always gives the same bytes."""
_VERSION = "0.5.2"
"""The libsigrok release whose reader these files were checked with."""


def write_sr(capture: Capture) -> bytes:
    """Return ``capture`` as a sigrok session file, logic and analogue channels alike.

    One sample rate in whole hertz serves all channels, the format has no other; float32 holds the analogue values.
    A unit other than volt is kept in brackets behind the channel's name, and the resolution of the samples in a group
    of our own, which other programs pass over. The format has no start time and no thermal image: those are not
    written. The same capture always gives the same bytes.
    Raises ``CaptureError`` when the capture has no samples, rates differ, or a rate is no whole number of hertz.
    """
    logic = capture.logic
    if logic is None and not capture.analog:
        raise CaptureError("an .sr file needs logic or analogue samples, and this capture has neither")
    device: dict[str, str] = {}
    unit_bytes = 0
    if logic is not None:
        unit_bytes = _unit_bytes(logic)
        device |= {"capturefile": "logic-1", "total probes": str(len(logic.channels))}
    device |= {"samplerate": f"{_common_rate_hz(capture)} Hz", "total analog": str(len(capture.analog))}
    first_analog = 1
    if logic is not None:
        device |= {f"probe{bit}": name for bit, name in enumerate(logic.channels, 1) if name is not None}
        first_analog = len(logic.channels) + 1
    device |= {f"analog{index}": _label(wave) for index, wave in enumerate(capture.analog, first_analog)}
    if logic is not None:
        device["unitsize"] = str(unit_bytes)
    groups = {"global": {"sigrok version": _VERSION, "written by": "benchwright"}, "device 1": device}
    steps = {
        index: step for index, wave in enumerate(capture.analog, first_analog) if (step := _step(wave)) is not None
    }
    if steps:
        groups[OWN_GROUP] = {f"resolution{index}": repr(step) for index, step in steps.items()}
    metadata = format_keyfile(groups)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        _add(archive, "version", b"2")
        _add(archive, "metadata", metadata.encode())
        if logic is not None:
            for number, chunk in enumerate(_logic_chunks(logic, unit_bytes), 1):
                _add(archive, f"logic-1-{number}", chunk)
        for index, wave in enumerate(capture.analog, first_analog):
            for number, chunk in enumerate(_analog_chunks(wave), 1):
                _add(archive, f"analog-1-{index}-{number}", chunk)
    return packed.getvalue()


def _step(wave: Waveform) -> float | None:
    """Return one quantisation step in the wave's unit, ``None`` where there is none or it is unknown."""
    step = wave.resolution
    if step is None and wave.codes.dtype.kind in "iu":
        step = wave.scale
    return abs(float(step)) if step is not None and 0 < abs(step) < math.inf else None


def _add(archive: zipfile.ZipFile, entry: str, content: bytes) -> None:
    info = zipfile.ZipInfo(entry, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _unit_bytes(logic: LogicCapture) -> int:
    if not any(logic.channels):
        raise CaptureError("a logic capture without a named channel cannot be shown; name at least one channel")
    if len(logic.channels) > 8 * MAX_UNIT_BYTES:
        raise CaptureError(
            f"an .sr file holds {8 * MAX_UNIT_BYTES} logic channels, this capture has {len(logic.channels)}"
        )
    if logic.words.size == 0:
        raise CaptureError("an .sr file needs at least one logic sample, and this capture has none")
    return (len(logic.channels) + 7) // 8


def _common_rate_hz(capture: Capture) -> int:
    if any(not wave.sample_interval_s > 0 for wave in capture.analog):
        raise CaptureError("a channel's sample interval is not above zero, so it cannot be written as an .sr file")
    rates = {wave.name: wave.sample_rate_hz for wave in capture.analog}
    if capture.logic is not None:
        rates["logic"] = capture.logic.sample_rate_hz
    reference = next(iter(rates.values()))
    for name, rate in rates.items():
        if not abs(rate - reference) <= _RATE_TOLERANCE * reference:
            raise CaptureError(
                f"an .sr file has one sample rate, but {name!r} has {rate:g} Hz and others {reference:g} Hz"
            )
    whole = round(reference)
    if whole < 1 or abs(whole - reference) > _RATE_TOLERANCE * reference:
        raise CaptureError(f"an .sr file keeps whole hertz, and {reference!r} Hz is none; resample the capture first")
    return whole


def _label(wave: Waveform) -> str:
    if wave.codes.size == 0:
        raise CaptureError(f"an .sr file needs samples, and analogue channel {wave.name!r} has none")
    if wave.unit == "V":
        return wave.name
    if wave.unit not in UNIT_SUFFIXES:
        raise CaptureError(
            f"channel {wave.name!r} has unit {wave.unit!r}, which .sr files cannot tell ({UNIT_SUFFIXES})"
        )
    return f"{wave.name} [{wave.unit}]"


def _logic_chunks(logic: LogicCapture, unit_bytes: int) -> Iterator[bytes]:
    step = _CHUNK_BYTES // unit_bytes
    for at in range(0, logic.words.size, step):
        words = logic.words[at : at + step]
        octets: npt.NDArray[np.uint8] = words.astype(words.dtype.newbyteorder("<")).view(np.uint8)
        octets = octets.reshape(words.size, -1)
        if octets.shape[1] < unit_bytes:
            octets = np.pad(octets, ((0, 0), (0, unit_bytes - octets.shape[1])))
        yield octets[:, :unit_bytes].tobytes()


def _analog_chunks(wave: Waveform) -> Iterator[bytes]:
    step = _CHUNK_BYTES // 4
    for at in range(0, wave.codes.size, step):
        values = wave.codes[at : at + step].astype(np.float64) * wave.scale + wave.offset
        yield values.astype("<f4").tobytes()
