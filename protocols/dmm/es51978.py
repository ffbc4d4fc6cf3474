"""Cyrustek ES51978 and its kin (ES51962, ES51971, ES51972, ES51989), in the ISO-TECH IDM103N: 2400 baud, 7 data bits.

11-byte frames of `protocols.dmm.es519xx`, each sent twice. Tables after the ES51978 data sheet as libsigrok has them;
compared with a recording of an IDM103N (sigrok-dumps, uart/cyrustek_es51978).
"""

from collections.abc import Iterable

from protocols.dmm import es519xx
from protocols.dmm.es519xx import FRAME_BYTES, is_frame
from protocols.dmm.reading import DmmReading, Flag
from protocols.dmm.reading import FrameReader as _FrameReader

__all__ = ["BAUD_RATE", "CHIP", "FRAME_BYTES", "FULL_COUNTS", "FrameReader", "decode", "encode", "is_frame"]

BAUD_RATE = 2400
FULL_COUNTS = 4000

CHIP = es519xx.Chip(
    name="ES51978",
    line="2400 baud, 7 data bits, odd or even parity",
    full_counts=FULL_COUNTS,
    ranges={
        ";": ("voltage", {0: -4, 1: -3, 2: -2, 3: -1, 4: 0}),
        "=": ("current", {0: -7, 1: -6}),
        "9": ("current", {0: -5, 1: -4}),
        "?": ("current", {0: -2}),
        "3": ("resistance", {0: -1, 1: 0, 2: 1, 3: 2, 4: 3, 5: 4}),
        "5": ("continuity", {0: -1}),
        "1": ("diode", {0: -3}),
        "2": ("frequency", {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5}),
        "6": ("capacitance", {0: -12, 1: -11, 2: -10, 3: -9, 4: -8, 5: -7, 6: -6, 7: -5}),
    },
    option_flags={8: Flag.PEAK_MAX, 4: Flag.PEAK_MIN},
    hertz_byte=7,
)


class FrameReader(_FrameReader):
    """Finds ES51978 frames in a byte stream: feed it bytes, it returns frames."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES, is_frame)


def decode(frame: bytes) -> DmmReading:
    """Return what a frame of 11 bytes shows.

    Raise `DmmError` for a damaged frame, `UnsupportedFunction` for revolutions, temperatures (their resolution is not
    known) and adapter inputs.
    """
    return es519xx.decode(CHIP, frame)


def encode(
    function: str, value: float, *, range_value: float | None = None, flags: Iterable[Flag] = (Flag.AUTO,)
) -> bytes:
    """Return the frame that shows ``value`` (base unit) of ``function``, as `protocols.dmm.es519xx.encode` says."""
    return es519xx.encode(CHIP, function, value, range_value=range_value, flags=flags)
