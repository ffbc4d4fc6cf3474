"""Write value change dumps (IEEE 1364 clause 18), as GTKWave reads them: logic lines and what was decoded from them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError
from protocols.waveform import LogicCapture

_UNITS = ((0, "s"), (3, "ms"), (6, "us"), (9, "ns"), (12, "ps"), (15, "fs"))
_FINEST = 15
_MOST_BITS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What a decoder found on one line or bus, such as the bytes of a UART.

    ``values[i]`` holds from sample ``starts[i]`` until ``ends[i]``, all of one length and in order of time. ``bits``
    is the width of numbers; 0 says that the values are text (a GTKWave extension of the format).
    """

    name: str
    starts: Sequence[int] | npt.NDArray[np.int64]
    ends: Sequence[int] | npt.NDArray[np.int64]
    values: Sequence[int | str] | npt.NDArray[np.integer]
    bits: int = 8


def write_vcd(sample_rate_hz: float, *, logic: LogicCapture | None = None, tracks: Sequence[Track] = ()) -> bytes:
    """Return a value change dump of the named channels of ``logic`` and of decoded ``tracks``.

    Between its values a number is ``z``, a text empty. Blanks in names and texts become underscores. The time scale is
    the coarsest in which a sample interval is whole, 1 fs at the finest. Raises ``CaptureError`` when there is nothing
    to write, a value does not fit, or a track is not in order of time.
    """
    if not 1e-6 <= sample_rate_hz <= 1e15:
        raise CaptureError(f"a sample rate of {sample_rate_hz} Hz is none; give the one of the recording")
    scale, ticks_a_sample = _time_scale(sample_rate_hz)
    channels = [] if logic is None else [(bit, name) for bit, name in enumerate(logic.channels) if name is not None]
    if not channels and not tracks:
        raise CaptureError("a VCD file needs logic channels or decoded values, and there are neither")
    head = [f"$timescale {scale} $end", "$scope module capture $end"]
    head += [f"$var wire 1 {_code(k)} {_word(name)} $end" for k, (_, name) in enumerate(channels)]
    for k, track in enumerate(tracks, len(channels)):
        kind = f"reg {track.bits}" if track.bits else "string 1"
        head.append(f"$var {kind} {_code(k)} {_word(track.name)} $end")
    head += ["$upscope $end", "$enddefinitions $end"]
    changes = [] if logic is None else list(_line_changes(logic, channels))
    for k, track in enumerate(tracks, len(channels)):
        changes += _track_changes(track, _code(k))
    # The sort is stable: the end of a value stays before the beginning of the next in the same sample.
    changes.sort(key=itemgetter(0))
    lines, now = head, -1
    for sample, text in changes:
        if sample != now:
            lines.append(f"#{round(sample * ticks_a_sample)}")
            now = sample
        lines.append(text)
    if logic is not None and logic.words.size > now:
        lines.append(f"#{round(logic.words.size * ticks_a_sample)}")
    return ("\n".join(lines) + "\n").encode()


def _time_scale(sample_rate_hz: float) -> tuple[str, float]:
    """Return the time scale as VCD writes it and how many of it are one sample interval."""
    for exponent in range(_FINEST + 1):
        ticks = 10.0**exponent / sample_rate_hz
        if (ticks >= 1 and math.isclose(ticks, round(ticks), rel_tol=1e-12)) or exponent == _FINEST:
            power, unit = next((power, unit) for power, unit in _UNITS if power >= exponent)
            return f"{10 ** (power - exponent)} {unit}", round(ticks) if exponent < _FINEST else ticks
    raise AssertionError("the finest scale always serves")


def _code(number: int) -> str:
    """Return the identifier of variable ``number``: digits of base 94 from ``!`` on."""
    code = chr(33 + number % 94)
    while number := number // 94:
        code += chr(33 + number % 94)
    return code


def _word(text: str) -> str:
    word = "".join(c if c.isprintable() and not c.isspace() else "_" for c in text)
    return word or "_"


def _line_changes(logic: LogicCapture, channels: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for k, (bit, _) in enumerate(channels):
        levels = (logic.words >> logic.words.dtype.type(bit)).astype(np.uint8) & np.uint8(1)
        edges = np.flatnonzero(levels[1:] != levels[:-1]) + 1
        code = _code(k)
        for sample in (0, *edges.tolist()) if levels.size else ():
            yield sample, f"{levels[sample]}{code}"


def _track_changes(track: Track, code: str) -> Iterator[tuple[int, str]]:
    if not len(track.starts) == len(track.ends) == len(track.values) or not 0 <= track.bits <= _MOST_BITS:
        raise CaptureError(f"track {track.name!r} needs one start and end a value, and {_MOST_BITS} bits at most")
    idle = f"bz {code}" if track.bits else f"s {code}"
    yield 0, idle
    free = 0
    for start, end, value in zip(track.starts, track.ends, track.values, strict=True):
        if not free <= start < end:
            raise CaptureError(f"track {track.name!r}: {start} to {end} is not after {free}; sort its values by time")
        if not track.bits:
            text = f"s{_word(str(value))} {code}"
        elif 0 <= int(value) < 1 << track.bits:
            text = f"b{int(value):b} {code}"
        else:
            raise CaptureError(f"track {track.name!r}: {value} does not fit into {track.bits} bits; widen the track")
        yield int(start), text
        yield int(end), idle
        free = end
