"""What is read off a record: the table of measurements, what lies between two cursors, and the words on a bus."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from edge_agent.analysis.decode import i2c, spi, uart
from edge_agent.analysis.decode.edges import Edges, from_waveform
from edge_agent.analysis.pulse import edge_times, pulse_parameters
from edge_agent.analysis.result import NoAnswer
from edge_agent.local_api.scope import Decoded, Decoding, Measured
from edge_agent.local_api.views import Quantity
from protocols.quantity import Quantity as Value
from protocols.waveform import Waveform

SHOWN = ("frequency", "period", "duty", "positive_width", "rise_time", "fall_time", "overshoot")
"""Pulse parameters of the table, in its order."""
MOST_WORDS = 200
_BYTE_BITS = 9


def table(wave: Waveform) -> Measured:
    """Return extremes, mean, rms and pulse parameters; a parameter that the signal does not have is left out."""
    values = wave.values()
    if values.size == 0:
        return Measured(wave.name, note="the window has no samples")
    low, high, mean = float(values.min()), float(values.max()), float(values.mean())
    rms = math.sqrt(float(np.mean(np.square(values))))
    found = [
        Quantity("minimum", low, wave.unit),
        Quantity("maximum", high, wave.unit),
        Quantity("peak_to_peak", high - low, wave.unit),
        Quantity("mean", mean, wave.unit),
        Quantity("rms", rms, wave.unit),
    ]
    pulses = pulse_parameters(wave)
    if isinstance(pulses, NoAnswer):
        return Measured(wave.name, tuple(found), pulses.reason)
    for name in SHOWN:
        value = getattr(pulses, name)
        if isinstance(value, Value) and math.isfinite(value.value):
            found.append(Quantity(name, value.value, value.unit, value.standard_uncertainty))
    return Measured(wave.name, tuple(found), pulses.warning)


def between(wave: Waveform, first_s: float, second_s: float) -> Measured:
    """Return values at two times, what lies between them, and statistics of the edges there."""
    begin, end = sorted((first_s, second_s))
    last = wave.codes.size - 1
    if last < 0:
        return Measured(wave.name, note="the record is empty")

    def index(at_s: float) -> int:
        return min(max(round((at_s - wave.start_s) / wave.sample_interval_s), 0), last)

    def at(index: int) -> float:
        return float(wave.codes[index]) * wave.scale + wave.offset

    a, b = at(index(first_s)), at(index(second_s))
    part = wave.codes[index(begin) : index(end) + 1].astype(np.float64) * wave.scale + wave.offset
    found = [
        Quantity("at_a", a, wave.unit),
        Quantity("at_b", b, wave.unit),
        Quantity("difference", b - a, wave.unit),
        Quantity("minimum", float(part.min()), wave.unit),
        Quantity("maximum", float(part.max()), wave.unit),
        Quantity("mean", float(part.mean()), wave.unit),
    ]
    edges = edge_times(wave)
    if isinstance(edges, NoAnswer):
        return Measured(wave.name, tuple(found))
    rising, falling = (times[(times >= begin) & (times <= end)] for times in edges)
    found += [Quantity("rising_edges", float(rising.size)), Quantity("falling_edges", float(falling.size))]
    periods = np.diff(rising if rising.size >= falling.size else falling)
    if periods.size:
        found += [
            Quantity("period", float(periods.mean()), "s"),
            Quantity("shortest_period", float(periods.min()), "s"),
            Quantity("longest_period", float(periods.max()), "s"),
        ]
    return Measured(wave.name, tuple(found))


def decoded(
    waveforms: Sequence[Waveform], wish: Decoding | None, start_s: float, stop_s: float
) -> tuple[tuple[Decoded, ...], list[str]]:
    """Return the words on a bus within a window, and why there are none (or not all)."""
    if wish is None:
        return (), []
    by_name = {wave.name: wave for wave in waveforms}
    absent = [name for name in wish.lines if name not in by_name]
    if absent:
        return (), [f"{wish.protocol}: {', '.join(absent)} is not recorded; switch the channel on"]
    try:
        words = _read(tuple(by_name[name] for name in wish.lines), wish)
    except ValueError as error:
        return (), [f"{wish.protocol}: {error}"]
    within = tuple(word for word in words if word.stop_s >= start_s and word.start_s <= stop_s)
    if len(within) > MOST_WORDS:
        return within[:MOST_WORDS], [f"{wish.protocol}: the first {MOST_WORDS} of {len(within)} words are shown"]
    return within, [] if within else [f"{wish.protocol}: nothing is sent in this window"]


@lru_cache(maxsize=4)
def _read(waves: tuple[Waveform, ...], wish: Decoding) -> tuple[Decoded, ...]:
    """Read a whole record; kept, because panning asks for the same record again."""
    lines = [_edges(wave) for wave in waves]
    start, interval = waves[0].start_s, waves[0].sample_interval_s
    match wish.protocol:
        case "uart":
            found = _uart(lines[0], wish)
        case "i2c":
            if len(lines) < 2:
                raise ValueError("needs two lines: clock and data")
            found = _i2c(lines[0], lines[1])
        case "spi":
            if len(lines) < 2:
                raise ValueError("needs two lines at least: clock and data")
            found = _spi(lines[0], lines[1], lines[2] if len(lines) > 2 else None)
    return tuple(Decoded(start + a * interval, start + b * interval, text, bad) for a, b, text, bad in found)


def _edges(wave: Waveform) -> Edges:
    if wave.codes.size == 0:
        raise ValueError(f"{wave.name} is empty")
    ends = sorted(float(code) * wave.scale + wave.offset for code in (wave.codes.min(), wave.codes.max()))
    swing = ends[1] - ends[0]
    if swing <= 4 * abs(wave.scale):
        raise ValueError(f"{wave.name} does not move")
    return from_waveform(wave, sum(ends) / 2, swing / 4)


def _uart(line: Edges, wish: Decoding) -> list[tuple[float, float, str, bool]]:
    baud = wish.baud
    if baud is None:
        measured = uart.estimate_baud(line)
        if isinstance(measured, NoAnswer):
            raise ValueError(measured.reason)
        baud = measured.value
    frames = uart.decode(line, uart.UartFormat(baud))
    length = 10 * line.sample_rate_hz / baud
    bad = frames.framing_errors | frames.parity_errors
    return [
        (float(at), float(at) + length, _byte(int(word)), bool(wrong))
        for at, word, wrong in zip(frames.starts, frames.words, bad, strict=True)
    ]


def _byte(word: int) -> str:
    return chr(word) if 33 <= word < 127 else f"{word:02X}"


def _i2c(clock: Edges, data: Edges) -> list[tuple[float, float, str, bool]]:
    bit = _bit_samples(clock)
    found = []
    for transfer in i2c.decode(clock, data):
        address = "?" if transfer.address is None else f"{transfer.address:02X}"
        words = " ".join(f"{byte:02X}" for byte in transfer.data)
        refused = not transfer.acknowledged or not transfer.acknowledged[0]
        text = f"{address}{'r' if transfer.read else 'w'}{' ' if words else ''}{words}{' NAK' if refused else ''}"
        length = _BYTE_BITS * (1 + len(transfer.data)) * bit
        found.append((float(transfer.start), transfer.start + length, text, refused))
    return found


def _spi(clock: Edges, data: Edges, select: Edges | None) -> list[tuple[float, float, str, bool]]:
    return [
        (
            float(one.start),
            float(one.end),
            " ".join(f"{byte:02X}" for byte in one.mosi),
            bool(one.leftover_bits),
        )
        for one in spi.decode(clock, mosi=data, select=select)
        if one.mosi or one.leftover_bits
    ]


def _bit_samples(clock: Edges) -> float:
    rising = clock.rising()
    return float(np.median(np.diff(rising))) if rising.size > 1 else 1.0
