"""Bus decoders on lines of random bytes made bit by bit: the error is the number of wrong bytes."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from benchwright.verification.case import Case, Found
from edge_agent.analysis.decode import can, i2c, onewire, spi, uart, ws2812
from edge_agent.analysis.decode.edges import from_logic
from protocols.waveform import LogicCapture

_BYTES = 2000
_SENT = np.random.default_rng(11).integers(0, 256, _BYTES, dtype=np.uint8).tobytes()


def _line(levels: Iterable[tuple[int, int]], rate_hz: float) -> LogicCapture:
    """Return (levels of the lines as a word, samples) as a capture of the lines A, B and C."""
    words, counts = zip(*levels, strict=True)
    return LogicCapture(np.repeat(np.array(words, np.uint8), counts), rate_hz, ("A", "B", "C"))


def _compared(decoded: bytes) -> Found:
    wrong = sum(a != b for a, b in zip(decoded, _SENT, strict=False)) + abs(len(decoded) - len(_SENT))
    return Found(float(_BYTES), float(_BYTES - wrong), float(wrong))


def _bits(octet: int, *, lsb_first: bool) -> list[int]:
    bits = [octet >> k & 1 for k in range(8)]
    return bits if lsb_first else bits[::-1]


def _uart(error: float) -> Found:
    levels = [(1, 100)]
    for octet in _SENT:
        levels += [(bit, 32) for bit in (0, *_bits(octet, lsb_first=True), 1)]
    line = from_logic(_line([*levels, (1, 100)], 32e6), "A")
    return _compared(uart.decode(line, uart.UartFormat(1e6 * (1 + error))).data)


def _baud() -> Found:
    levels = [(1, 100)]
    for octet in _SENT:
        levels += [(bit, 104) for bit in (0, *_bits(octet, lsb_first=True), 1)]
    found = uart.estimate_baud(from_logic(_line([*levels, (1, 100)], 12e6), "A"))
    ours = getattr(found, "value", float("nan"))
    return Found(12e6 / 104, ours, 100 * abs(ours * 104 / 12e6 - 1))


def _i2c() -> Found:
    levels = [(3, 20)]
    for at in range(0, _BYTES, 8):
        levels += [(3, 4), (1, 4), (0, 4)]
        for octet in (0xA0, *_SENT[at : at + 8]):
            for bit in (*_bits(octet, lsb_first=False), 0):
                levels += [(bit << 1, 4), (bit << 1 | 1, 8), (bit << 1, 4)]
        levels += [(0, 4), (1, 4), (3, 4)]
    transfers = i2c.decode_logic(_line([*levels, (3, 20)], 4e6), scl="A", sda="B")
    return _compared(b"".join(transfer.data for transfer in transfers if all(transfer.acknowledged)))


def _spi() -> Found:
    levels = [(4, 20)]
    for at in range(0, _BYTES, 16):
        for octet in _SENT[at : at + 16]:
            for bit in _bits(octet, lsb_first=False):
                levels += [(bit << 1, 4), (bit << 1 | 1, 4)]
        levels += [(0, 4), (4, 8)]
    transfers = spi.decode_logic(_line(levels, 40e6), clock="A", mosi="B", select="C")
    return _compared(transfers.mosi.tobytes())


def _onewire() -> Found:
    levels = [(1, 500), (0, 500), (1, 30), (0, 120), (1, 400)]
    for octet in _SENT:
        for bit in _bits(octet, lsb_first=True):
            levels += [(0, 6), (1, 69)] if bit else [(0, 70), (1, 5)]
    (transfer,) = onewire.decode(from_logic(_line([*levels, (1, 500)], 1e6), "A"))
    return _compared(transfer.data)


def _ws2812() -> Found:
    levels = [(0, 1000)]
    padded = _SENT + b"\0" * (-_BYTES % 3)
    for octet in padded:
        for bit in _bits(octet, lsb_first=False):
            levels += [(1, 16), (0, 9)] if bit else [(1, 8), (0, 17)]
    colours: npt.NDArray[np.uint8] = ws2812.decode(from_logic(_line([*levels, (0, 1000)], 20e6), "A")).colours
    return _compared(colours.tobytes()[:_BYTES])


def _can() -> Found:
    levels = [(1, 120)]
    for at in range(0, _BYTES, 8):
        head = f"0{at % 2048:011b}0001000"
        body = head + "".join(f"{octet:08b}" for octet in _SENT[at : at + 8])
        rest = int(body, 2) << 15
        while rest >> 15:
            rest ^= 0xC599 << (rest.bit_length() - 16)
        line, run = "", ""
        for bit in f"{body}{rest:015b}":
            line += bit
            run = run + bit if run.endswith(bit) else bit
            if len(run) == 5:
                run = "10"[int(bit)]
                line += run
        levels += [(int(bit), 12) for bit in f"{line}10{1:b}{2**7 - 1:b}{2**3 - 1:b}"]
    frames = can.decode(from_logic(_line([*levels, (1, 120)], 12e6), "A"), 1e6)
    return _compared(b"".join(frame.data for frame in frames if frame.fault is None))


CASES = (
    Case("UART", "2,000 random bytes, +4.5 % baud", "byte", 0.0, "byte", lambda: _uart(0.045)),
    Case("UART", "2,000 random bytes, −4.5 % baud", "byte", 0.0, "byte", lambda: _uart(-0.045)),
    Case("UART: baud rate", "104 samples a bit", "Bd", 0.01, "%", _baud),
    Case("I²C", "2,000 random bytes", "byte", 0.0, "byte", _i2c),
    Case("SPI", "2,000 random bytes", "byte", 0.0, "byte", _spi),
    Case("1-Wire", "2,000 random bytes", "byte", 0.0, "byte", _onewire),
    Case("WS2812", "2,000 random bytes", "byte", 0.0, "byte", _ws2812),
    Case("CAN", "2,000 random bytes in frames of 8", "byte", 0.0, "byte", _can),
)
