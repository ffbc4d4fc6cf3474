"""Cyrustek ES51982 and its kin (ES51981, ES51983, ES51984, ES51986), in the UNI-T UT60G: 19200 baud, 7O1.

11-byte frames of `protocols.dmm.es519xx`. Tables after the chips' data sheets as libsigrok has them.
"""

from collections.abc import Iterable

from protocols.dmm import es519xx
from protocols.dmm.es519xx import FRAME_BYTES, is_frame
from protocols.dmm.reading import DmmReading, Flag
from protocols.dmm.reading import FrameReader as _FrameReader

__all__ = ["BAUD_RATE", "CHIP", "FRAME_BYTES", "FULL_COUNTS", "FrameReader", "decode", "encode", "is_frame"]

BAUD_RATE = 19200
FULL_COUNTS = 4000

CHIP = es519xx.Chip(
    name="ES51982",
    line="19200 baud, 7 data bits, odd parity",
    full_counts=FULL_COUNTS,
    ranges={
        ";": ("voltage", {4: -4, 0: -3, 1: -2, 2: -1, 3: 0}),
        "=": ("current", {0: -7, 1: -6}),
        "?": ("current", {0: -5, 1: -4}),
        "0": ("current", {0: -3, 1: -2}),
        "3": ("resistance", {0: -1, 1: 0, 2: 1, 3: 2, 4: 3, 5: 4}),
        "5": ("continuity", {0: -1}),
        "1": ("diode", {0: -3}),
        "2": ("frequency", {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        "6": ("capacitance", {0: -12, 1: -11, 2: -10, 3: -9, 4: -8, 5: -7, 6: -6}),
    },
    option_flags={8: Flag.HOLD, 4: Flag.MAX, 2: Flag.MIN},
    hertz_byte=8,
)


class FrameReader(_FrameReader):
    """Finds ES51982 frames in a byte stream: feed it bytes, it returns frames."""

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
