"""The serial protocol of Korad KA/KD power supplies and their relatives (Velleman, Tenma, RND). No I/O.

Text without terminators: the length of an answer follows from the question (``VOUT1?`` → five characters), the status
is one byte, and only the identity ends by silence. Source: sigrok's page "Korad KAxxxxP series" and libsigrok's driver
korad-kaxxxxp, which also know of the stray byte after some answers to ``ISET1?`` and ``*IDN?``.
"""

import re
from dataclasses import dataclass

from protocols.errors import ProtocolError

IDENTIFY = b"*IDN?"
STATUS = b"STATUS?"
ASK_SET_VOLTAGE, ASK_SET_CURRENT = b"VSET1?", b"ISET1?"
ASK_VOLTAGE, ASK_CURRENT = b"VOUT1?", b"IOUT1?"
VALUE_BYTES = 5
MAX_IDENTITY_BYTES = 48
_VALUE = re.compile(rb"\d{1,2}\.\d{1,3}")


class KoradError(ProtocolError):
    """An answer that does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class Status:
    """The two bits that all firmware tells right."""

    output_on: bool
    current_limited: bool


def set_voltage(volts: float) -> bytes:
    """Return the command for a voltage with its resolution of 10 mV."""
    return f"VSET1:{volts:05.2f}".encode("ascii")


def set_current(amperes: float) -> bytes:
    """Return the command for a current limit with its resolution of 1 mA."""
    return f"ISET1:{amperes:05.3f}".encode("ascii")


def switch(on: bool) -> bytes:
    """Return the command that switches the output."""
    return b"OUT1" if on else b"OUT0"


def parse_value(answer: bytes) -> float:
    """Return the number of an answer of five characters (``12.34``, ``0.125``); raise `KoradError` when it is none."""
    if len(answer) != VALUE_BYTES or not _VALUE.fullmatch(answer):
        raise KoradError(f"expected a number of five characters, found {answer[:20]!r}")
    return float(answer)


def parse_status(answer: bytes) -> Status:
    """Return the status of its byte: bit 6 is the output, bit 0 is set in constant voltage."""
    if len(answer) != 1:
        raise KoradError(f"expected one status byte, found {answer[:20]!r}")
    return Status(bool(answer[0] & 0x40), not answer[0] & 0x01)


def parse_identity(answer: bytes) -> str:
    """Return the identity without the stray bytes that some firmware sends after it."""
    text = bytes(byte for byte in answer if 0x20 <= byte < 0x7F).decode("ascii").strip()
    if not text or len(answer) - len(text) > 3:
        raise KoradError(f"{answer[:20]!r} is no identity; check the baud rate")
    return text
