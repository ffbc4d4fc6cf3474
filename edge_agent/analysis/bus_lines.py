"""What I²C, SPI, 1-Wire, WS2812 and CAN lines say, from scope records of the lines: for test plans.

The decoders themselves are in ``decode`` and take logic captures as well; ``uart_line`` has the serial line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.analysis.decode import can, i2c, onewire, spi, ws2812
from edge_agent.analysis.decode.edges import Edges, digitised
from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class BusTraffic:
    """What went over a bus: number of transfers, of data bytes, and of transfers or levels that break its rules.

    ``unanswered`` counts what no device acknowledged (I²C addresses, 1-Wire resets, CAN frames; 0 on other buses).
    ``text`` shows the beginning, in hexadecimal.
    """

    count: Quantity
    octets: Quantity
    errors: Quantity
    unanswered: Quantity
    text: str


def i2c_lines(waveforms: Sequence[Waveform]) -> BusTraffic | NoAnswer:
    """Decode I²C (NXP UM10204, 7-bit addresses) from records of SCL and SDA, in this order.

    ``errors`` counts transfers that end within a byte. ``text`` has ``W50: 00 10`` for a write to address 0x50.

    Source: NXP UM10204. Units: all numbers are counts. Accuracy: bit-exact on 2,000 random bytes. Limits: data must
    stand while SCL is high for a sample at least, so the sample rate must be 4 times the clock; clock stretching
    does no harm.
    """
    lines = _lines(waveforms, (2,))
    if isinstance(lines, NoAnswer):
        return lines
    transfers = list(i2c.decode(*lines))
    if not transfers:
        return NoAnswer("no start condition is in the record: nothing was sent, or SCL and SDA are interchanged")
    return _traffic(
        len(transfers),
        sum(len(one.data) for one in transfers),
        sum(one.leftover_bits > 0 for one in transfers),
        sum(one.address is not None and not one.acknowledged[0] for one in transfers),
        (
            f"{'R' if one.read else 'W'}{'--' if one.address is None else f'{one.address:02x}'}: {one.data.hex(' ')}"
            for one in transfers
        ),
    )


def spi_lines(waveforms: Sequence[Waveform], *, mode: int = 0, msb_first: bool = True) -> BusTraffic | NoAnswer:
    """Decode SPI (Motorola block guide S12SPIV3) from records of clock and MOSI, then MISO with four lines, then CS#.

    ``errors`` counts transfers that end within a byte; without CS# the record is one transfer. ``text`` has MOSI, and
    behind a ``|`` MISO.

    Source: Motorola S12SPIV3. Units: all numbers are counts. Accuracy: bit-exact on 2,000 random bytes. Limits:
    words of 8 bits, 2 samples a clock phase.
    """
    lines = _lines(waveforms, (2, 3, 4))
    if isinstance(lines, NoAnswer):
        return lines
    select = lines[-1] if len(lines) > 2 else None
    miso = lines[2] if len(lines) == 4 else None
    transfers = list(spi.decode(lines[0], mosi=lines[1], miso=miso, select=select, mode=mode, msb_first=msb_first))
    if not transfers:
        return NoAnswer("no transfer is in the record: the clock does not run while the device is selected")
    return _traffic(
        len(transfers),
        sum(max(len(one.mosi), len(one.miso)) for one in transfers),
        sum(one.leftover_bits > 0 for one in transfers),
        0,
        (one.mosi.hex(" ") + (f" | {one.miso.hex(' ')}" if miso else "") for one in transfers),
    )


def onewire_line(waveform: Waveform, *, overdrive: bool = False) -> BusTraffic | NoAnswer:
    """Decode 1-Wire (Maxim application note 126) from a record of its line.

    ``errors`` counts levels and slots that the bus does not allow, ``unanswered`` resets without a presence pulse.

    Source: Maxim application note 126. Units: all numbers are counts. Accuracy: bit-exact on 2,000 random bytes.
    Limits: 2 samples in the longest bit 1 (15 µs; 2 µs with ``overdrive``).
    """
    line = digitised(waveform)
    if isinstance(line, NoAnswer):
        return line
    try:
        transfers = onewire.decode(line, onewire.OVERDRIVE if overdrive else onewire.STANDARD)
    except ValueError as error:
        return NoAnswer(str(error))
    if not transfers:
        return NoAnswer("no reset and no bit is in the record")
    return _traffic(
        len(transfers),
        sum(len(one.data) for one in transfers),
        sum(one.timing_errors for one in transfers),
        sum(one.reset and not one.presence for one in transfers),
        (one.data.hex(" ") for one in transfers),
    )


def ws2812_line(waveform: Waveform, *, reset_s: float = 50e-6) -> BusTraffic | NoAnswer:
    """Decode WS2812 light-emitting diodes (Worldsemi data sheet) from a record of the data line.

    ``count`` is the number of frames, ``octets`` of colour values (three a diode), ``errors`` of levels whose length
    the data sheet does not allow and of unfinished colours. ``text`` has the values as sent (green, red, blue).

    Source: Worldsemi WS2812B. Units: all numbers are counts, ``reset_s`` in s. Accuracy: bit-exact on 2,000 random
    bytes. Limits: 4 samples a bit.
    """
    line = digitised(waveform)
    if isinstance(line, NoAnswer):
        return line
    try:
        frames = ws2812.decode(line, reset_s=reset_s)
    except ValueError as error:
        return NoAnswer(str(error))
    if frames.starts.size == 0:
        return NoAnswer("no bit is in the record")
    return _traffic(
        int(frames.starts.size),
        int(frames.colours.size),
        int(frames.timing_errors.sum() + (frames.leftover_bits > 0).sum()),
        0,
        (frames.frame(index).tobytes().hex(" ", 3) for index in range(frames.starts.size)),
    )


def can_line(waveform: Waveform, *, bit_rate_hz: float) -> BusTraffic | NoAnswer:
    """Decode classic CAN (ISO 11898-1) from a record of a transceiver's RXD, or of CAN_L (low is dominant).

    ``errors`` counts frames with a fault (stuffing, CRC, form), ``unanswered`` good ones that nobody acknowledged.
    ``text`` has ``123#0102``.

    Source: ISO 11898-1. Units: all numbers are counts, ``bit_rate_hz`` in Hz. Accuracy: bit-exact on 2,000 random
    bytes. Limits: no CAN FD; 4 samples a bit.
    """
    line = digitised(waveform)
    if isinstance(line, NoAnswer):
        return line
    try:
        frames = can.decode(line, bit_rate_hz)
    except ValueError as error:
        return NoAnswer(str(error))
    if not frames:
        return NoAnswer("no frame is in the record: nothing was sent, or at another bit rate")
    return _traffic(
        len(frames),
        sum(len(one.data) for one in frames),
        sum(one.fault is not None for one in frames),
        sum(one.fault is None and not one.acknowledged for one in frames),
        (
            f"{'?' if one.identifier is None else f'{one.identifier:0{8 if one.extended else 3}x}'}#{one.data.hex()}"
            + (f" ({one.fault.value})" if one.fault else "")
            for one in frames
        ),
    )


def _lines(waveforms: Sequence[Waveform], counts: tuple[int, ...]) -> list[Edges] | NoAnswer:
    if len(waveforms) not in counts:
        wanted = "/".join(map(str, counts))
        return NoAnswer(f"{len(waveforms)} lines were given; this bus takes {wanted}")
    if len({(one.codes.size, one.sample_interval_s) for one in waveforms}) > 1:
        return NoAnswer("the records differ in length or sample rate; take them in one acquisition")
    found = []
    for waveform in waveforms:
        line = digitised(waveform)
        if isinstance(line, NoAnswer):
            return NoAnswer(f"{waveform.name}: {line.reason}")
        found.append(line)
    return found


def _traffic(count: int, octets: int, errors: int, unanswered: int, texts: Iterable[str]) -> BusTraffic:
    shown: list[str] = []
    length = 0
    for text in texts:
        length += len(text) + 2
        if length > _LONGEST_TEXT:
            shown.append("…")
            break
        shown.append(text)
    numbers = [Quantity(float(one), "1", 0.0) for one in (count, octets, errors, unanswered)]
    return BusTraffic(numbers[0], numbers[1], numbers[2], numbers[3], "; ".join(shown))
