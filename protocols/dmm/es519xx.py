"""The 11-byte frames of Cyrustek's ES519xx multimeter chips, which differ from chip to chip in tables only.

A frame is ``range digit3 … digit0 function status option1 option2 CR LF``; each byte before CR is 0x30 plus four
bits. The chips' modules (`protocols.dmm.es51978`, `protocols.dmm.es51982`) give the tables. Facts after the chips' data
sheets ("RS232 serial port") as libsigrok's es519xx has them, and after frames of an ISO-TECH IDM103N.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction, make_reading, scaled

FRAME_BYTES = 11

_FLAG_BYTES = (6, 7, 8)  # status, option 1, option 2
_JUDGE, _NEGATIVE, _LOW_BATTERY, _OVERLOAD = 8, 4, 2, 1  # status
_DC, _AC, _AUTO, _HERTZ = 8, 4, 2, 1  # option 2
_ADAPTERS = ">8:<"


@dataclass(frozen=True)
class Chip:
    """What makes one chip of the family.

    ``ranges`` gives, for each function byte, the kind of quantity and the exponent of ten of one count by range;
    ``option_flags`` the meaning of the bits of option 1; ``hertz_byte`` the place of the byte whose lowest bit turns a
    voltage or current into its frequency.
    """

    name: str
    line: str
    full_counts: int
    ranges: Mapping[str, tuple[str, Mapping[int, int]]]
    option_flags: Mapping[int, Flag]
    hertz_byte: int


def is_frame(data: bytes) -> bool:
    """Tell whether these 11 bytes have the form of a frame."""
    return len(data) == FRAME_BYTES and data[9:] == b"\r\n" and all(byte >> 4 == 3 for byte in data[:9])


def decode(chip: Chip, frame: bytes) -> DmmReading:
    """Return what a frame of 11 bytes shows; raise `DmmError` or `UnsupportedFunction` as the chips' modules say."""
    if not is_frame(frame):
        raise DmmError(f"no {chip.name} frame: {frame[:16].hex(' ')}; check {chip.line}")
    digits = frame[1:5]
    if not digits.isdigit():
        raise DmmError(f"digits {digits.decode('ascii')!r} of an {chip.name} frame are no decimal digits")
    status, option1, option2 = (frame[at] & 0x0F for at in _FLAG_BYTES)
    if option2 & _AC and option2 & _DC:
        raise DmmError(f"an {chip.name} frame says both AC and DC")
    flags = {flag for bit, flag in chip.option_flags.items() if option1 & bit}
    flags |= {
        flag
        for flag, on in (
            (Flag.NEGATIVE, status & _NEGATIVE),
            (Flag.LOW_BATTERY, status & _LOW_BATTERY),
            (Flag.DC, option2 & _DC),
            (Flag.AC, option2 & _AC),
            (Flag.AUTO, option2 & _AUTO),
        )
        if on
    }
    kind, exponent = _kind(chip, frame, judge=bool(status & _JUDGE))
    if kind in ("voltage", "current"):
        if not flags & {Flag.AC, Flag.DC}:
            raise DmmError(f"an {chip.name} frame of {kind} says neither AC nor DC")
        kind = f"{'ac' if Flag.AC in flags else 'dc'}_{kind}"
    counts = int(digits) * (-1 if Flag.NEGATIVE in flags else 1)
    full = None if kind == "frequency" else scaled(chip.full_counts, exponent)
    return make_reading(kind, counts, exponent, frozenset(flags), range_value=full, overload=bool(status & _OVERLOAD))


def _kind(chip: Chip, frame: bytes, *, judge: bool) -> tuple[str, int]:
    code, index = chr(frame[5]), frame[0] & 0x0F
    if code in _ADAPTERS:
        raise UnsupportedFunction(f"the meter shows an adapter input (function byte {code!r}), which has no unit")
    if code == "4":
        raise UnsupportedFunction(f"the resolution of a temperature in {chip.name} frames is not known")
    if code not in chip.ranges:
        raise DmmError(f"function byte {code!r} of an {chip.name} frame is unknown")
    kind, table = chip.ranges[code]
    if kind in ("voltage", "current") and frame[chip.hertz_byte] & _HERTZ:
        kind, table = chip.ranges["2"]
    if kind == "frequency" and judge:
        raise UnsupportedFunction("the meter shows revolutions per minute")
    if index not in table:
        raise DmmError(f"range {index} of an {chip.name} frame does not exist for {kind}")
    return kind, table[index]


def encode(
    chip: Chip, function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``.

    ``range_value`` picks the smallest range that reaches it; without it the range follows the value. A value beyond the
    range, or ``inf``, gives OL. Raise `DmmError` for a function that the chip lacks, or ``nan``.
    """
    if math.isnan(value):
        raise DmmError("a meter cannot show nan; use inf for an overload")
    coupling, _, quantity = function.partition("_") if function[:3] in ("ac_", "dc_") else ("", "", function)
    rows = [
        (exponent, code, index)
        for code, (kind, table) in chip.ranges.items()
        for index, exponent in table.items()
        if kind == quantity and (coupling != "") == (kind in ("voltage", "current"))
    ]
    if not rows:
        raise DmmError(f"an {chip.name} does not measure {function!r}")
    rows.sort()
    limit = 9999 if quantity == "frequency" else chip.full_counts
    wanted = abs(value) if range_value is None else range_value
    if range_value is None and quantity == "voltage":
        rows = rows[1:]  # the smallest range has its own knob position
    exponent, code, index = next((row for row in rows if wanted <= limit * 10.0 ** row[0] * (1 + 1e-9)), rows[-1])
    overload = abs(value) >= (limit + 0.5) * 10.0**exponent
    counts = 0 if overload else round(abs(value) / 10.0**exponent)
    shown = set(flags)
    status = (_NEGATIVE if value < 0 else 0) | (_LOW_BATTERY if Flag.LOW_BATTERY in shown else 0)
    status |= _OVERLOAD if overload else 0
    option1 = sum(bit for bit, flag in chip.option_flags.items() if flag in shown)
    option2 = {"ac": _AC, "dc": _DC, "": 0}[coupling] | (_AUTO if Flag.AUTO in shown else 0)
    tail = bytes(0x30 | bits for bits in (status, option1, option2))
    return f"{index}{counts:04d}{code}".encode("ascii") + tail + b"\r\n"
