"""What an oscilloscope says of a record before it sends the samples: length, times and scale. No I/O.

Three ways are spoken:

- numbers in a fixed order (`from_fields`): Rigol and Keysight ``:WAVeform:PREamble?``, Tektronix ``WFMPre:…?``
- Siglent's binary descriptor (`from_descriptor`): ``:WAVeform:PREamble?`` of the SDS Programming Guide EN11, which took
  over the layout of LeCroy's WAVEDESC
- the settings themselves (`from_settings`): Siglent's older guide, PG01, section "C<n>:WF?"
"""

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from protocols.errors import ProtocolError
from protocols.scpi import parse_number, split_list

MAX_POINTS = 1 << 28
DESCRIPTOR_BYTES = 346
_NUMBER_WITH_UNIT = re.compile(r"([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([kKMGmun]?)(?:Sa/s|pts|[sSV])?", re.ASCII)
_PREFIX = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3, "u": 1e-6, "n": 1e-9}


class PreambleError(ProtocolError):
    """A description of a record that cannot be read, or that describes none."""


@dataclass(frozen=True, slots=True)
class Preamble:
    """The value of code *c* is ``c * scale + offset`` volts; sample *i* is at ``start_s + i * interval_s``.

    ``points`` is ``None`` where only the data itself tell how many they are.
    """

    points: int | None
    interval_s: float
    start_s: float
    scale: float
    offset: float

    def __post_init__(self) -> None:
        numbers = (self.interval_s, self.start_s, self.scale, self.offset)
        sound = all(map(math.isfinite, numbers)) and self.interval_s > 0 and self.scale > 0
        if not sound or (self.points is not None and not 1 <= self.points <= MAX_POINTS):
            raise PreambleError(
                f"the preamble describes no record ({self.points} points, every {self.interval_s:g} s, "
                f"{self.scale:g} V a code)"
            )


def from_fields(
    text: str,
    order: Sequence[str],
    *,
    separator: Literal[",", ";"] = ",",
    y_origin_in: Literal["codes", "volts"],
) -> Preamble:
    """Return the preamble that ``text`` tells as numbers in ``order``.

    The names are those of Rigol and Keysight; ``x_reference`` may be absent (0). The level of a code is
    ``(code - y_reference) * y_increment + y_origin`` where the origin is in volts (Keysight, Tektronix), and
    ``(code - y_reference - y_origin) * y_increment`` where it is in codes (Rigol). Times are
    ``x_origin + (i - x_reference) * x_increment``.
    """
    parts = split_list(text, separator)
    if len(parts) != len(order):
        raise PreambleError(f"{text[:80]!r} is no preamble of {len(order)} numbers")
    values: Mapping[str, float] = dict(zip(order, map(parse_number, parts), strict=True))
    increment, reference = values["y_increment"], values["y_reference"]
    origin = values["y_origin"]
    offset = -(origin + reference) * increment if y_origin_in == "codes" else origin - reference * increment
    points = values["points"]
    if not math.isfinite(points) or points != int(points):
        raise PreambleError(f"the preamble {text[:80]!r} tells no whole number of points")
    interval = values["x_increment"]
    start = values["x_origin"] - values.get("x_reference", 0.0) * interval
    return Preamble(int(points), interval, start, increment, offset)


def from_descriptor(data: bytes, *, span_s: float, sample_bytes: int) -> Preamble:
    """Return the preamble of a Siglent descriptor of 346 bytes (little-endian, as the guide's example reads it).

    ``span_s`` is the width of the screen, in whose middle the trigger stands when no delay is set; ``sample_bytes`` is
    the width that was asked for. Raise `PreambleError` when the descriptor promises another.
    """
    if len(data) < DESCRIPTOR_BYTES:
        raise PreambleError(f"a wave descriptor of {len(data)} bytes; it has {DESCRIPTOR_BYTES}")
    wide, big_endian = struct.unpack_from("<hh", data, 32)
    if (2 if wide else 1) != sample_bytes or big_endian:
        raise PreambleError(
            f"the wave descriptor announces {2 if wide else 1} bytes a sample, {'most' if big_endian else 'least'} "
            f"significant first, instead of {sample_bytes}, least significant first"
        )
    (points,) = struct.unpack_from("<i", data, 116)
    volts_per_division, offset, codes_per_division = struct.unpack_from("<fff", data, 156)
    (interval,) = struct.unpack_from("<f", data, 176)
    (delay,) = struct.unpack_from("<d", data, 180)
    (probe,) = struct.unpack_from("<f", data, 328)
    if not codes_per_division > 0 or not probe > 0:
        raise PreambleError(f"the wave descriptor tells {codes_per_division:g} codes a division, probe {probe:g}")
    scale = _shortest(volts_per_division) * _shortest(probe) / _shortest(codes_per_division)
    return Preamble(points, _shortest(interval), delay - span_s / 2, scale, -_shortest(offset) * _shortest(probe))


def from_settings(
    *, scale_v: float, offset_v: float, sample_rate_hz: float, span_s: float, codes_per_division: float
) -> Preamble:
    """Return what Siglent's older oscilloscopes leave to be worked out from their settings.

    Code 0 is the middle of the screen, which stands for ``-offset_v``; the record is as wide as the screen, with the
    trigger in its middle.
    """
    if not sample_rate_hz > 0 or not math.isfinite(sample_rate_hz):
        raise PreambleError(f"the sample rate cannot be {sample_rate_hz:g} Hz")
    return Preamble(None, 1.0 / sample_rate_hz, -span_s / 2, scale_v / codes_per_division, -offset_v)


def parse_with_unit(text: str) -> float:
    """Return the number of an answer that may carry a prefix and a unit: ``500MSa/s``, ``7Mpts``, ``1.00E+09``."""
    match = _NUMBER_WITH_UNIT.fullmatch(text.strip())
    try:
        return float(match[1]) * _PREFIX[match[2]] if match else parse_number(text)
    except ValueError as error:
        raise PreambleError(f"expected a number, found {text[:40]!r}") from error


def _shortest(single: float) -> float:
    """Return the decimal number that a single-precision one stands for (0.1, not 0.10000000149).

    The settings are decimal, and nine digits would carry the rounding of single precision into every level.
    """
    return float(f"{single:.7g}")
