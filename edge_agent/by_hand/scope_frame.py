"""From a record to the picture of it: pure functions, as fast as a screen is drawn.

One sample of a million that stands out is seen, because each span is shown by its extremes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from edge_agent.analysis.decimate import minimum_maximum
from edge_agent.analysis.result import NoAnswer
from edge_agent.by_hand.scope_mask import mask_of, outside_mask
from edge_agent.by_hand.scope_readout import between, decoded, table
from edge_agent.local_api.scope import Measured, ScopeFrame, ScopeSetup, ScopeView, Trace, XyPicture
from edge_agent.local_api.views import Quantity
from protocols.waveform import Waveform

FLOOR_DB = -200.0
MOST_XY_SAMPLES = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One acquisition as the agent keeps it."""

    role: str
    number: int
    taken_at: datetime
    setup: ScopeSetup
    waveforms: tuple[Waveform, ...]

    @property
    def start_s(self) -> float:
        """Time of the first sample."""
        return min(wave.start_s for wave in self.waveforms)

    @property
    def stop_s(self) -> float:
        """Time at the end of the last sample."""
        return max(wave.start_s + wave.codes.size * wave.sample_interval_s for wave in self.waveforms)

    def wave(self, name: str) -> Waveform | None:
        """Return a channel by its name."""
        return next((wave for wave in self.waveforms if wave.name == name), None)


def part_of(wave: Waveform, start_s: float, stop_s: float) -> Waveform:
    """Return the samples of ``wave`` between two times (without a copy); at least one, where there are any."""
    first = math.floor((start_s - wave.start_s) / wave.sample_interval_s)
    last = math.ceil((stop_s - wave.start_s) / wave.sample_interval_s)
    first = min(max(first, 0), max(wave.codes.size - 1, 0))
    last = min(max(last, first + 1), wave.codes.size)
    return replace(wave, codes=wave.codes[first:last], start_s=wave.start_s + first * wave.sample_interval_s)


def trace_of(wave: Waveform, columns: int) -> Trace:
    """Return the extremes of at most ``columns`` equal spans of ``wave``."""
    low, high, length = minimum_maximum(wave.codes, columns)
    least, greatest = (ends.astype(np.float64) * wave.scale + wave.offset for ends in (low, high))
    if wave.scale < 0:
        least, greatest = greatest, least
    return Trace(
        wave.name,
        wave.unit,
        wave.start_s,
        length * wave.sample_interval_s,
        tuple(least.tolist()),
        tuple(greatest.tolist()),
    )


def spectrum_of(wave: Waveform, columns: int) -> Trace | NoAnswer:
    """Return the amplitude spectrum in dB of 1 V (rms of a sine), extremes of at most ``columns`` spans."""
    from edge_agent.analysis.spectrum import amplitude_spectrum

    spectrum = amplitude_spectrum(wave)
    if isinstance(spectrum, NoAnswer):
        return spectrum
    level = 20 * np.log10(np.maximum(np.asarray(spectrum.amplitudes) / math.sqrt(2), 10 ** (FLOOR_DB / 20)))
    low, high, length = minimum_maximum(level, columns)
    step = float(spectrum.frequencies_hz[1] - spectrum.frequencies_hz[0])
    return Trace(wave.name, f"dB{wave.unit}", 0.0, length * step, tuple(low.tolist()), tuple(high.tolist()), axis="Hz")


def xy_of(x: Waveform, y: Waveform, columns: int, rows: int) -> XyPicture | NoAnswer:
    """Return where ``y`` over ``x`` has been, in a grid that both just fill."""
    if x.codes.size != y.codes.size or x.codes.size < 2:
        return NoAnswer(f"{x.name} and {y.name} differ in length; X-Y needs two traces of one record")
    step = max(1, x.codes.size // MOST_XY_SAMPLES)
    across, up = (wave.codes[::step].astype(np.float64) * wave.scale + wave.offset for wave in (x, y))
    ranges = []
    for values in (across, up):
        low, high = float(values.min()), float(values.max())
        margin = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
        ranges.append((low - margin, high + margin))
    column = ((across - ranges[0][0]) / (ranges[0][1] - ranges[0][0]) * (columns - 1)).astype(np.intp)
    row = ((ranges[1][1] - up) / (ranges[1][1] - ranges[1][0]) * (rows - 1)).astype(np.intp)
    grid = np.zeros((rows, columns), np.bool_)
    grid[row, column] = True
    packed = np.packbits(grid, axis=1, bitorder="little")
    lines = tuple(format(int.from_bytes(line.tobytes(), "little"), "x") for line in packed)
    return XyPicture(x.name, y.name, ranges[0], ranges[1], lines)


def frame_of(record: Record, view: ScopeView, good: Sequence[Record] = ()) -> ScopeFrame:
    """Return what ``view`` asks for of ``record``; ``good`` are records of good units, the newest last."""
    begin, end = record.start_s, record.stop_s
    start = begin if view.start_s is None else min(max(view.start_s, begin), end)
    stop = end if view.stop_s is None else min(max(view.stop_s, start), end)
    parts = tuple(part_of(wave, start, stop) for wave in record.waveforms)
    notes: list[str] = []
    traces: list[Trace] = []
    xy: XyPicture | None = None
    golden: tuple[Trace, ...] = ()
    comparison: tuple[Measured, ...] = ()
    if view.mode == "spectrum":
        for part in parts:
            _keep(traces, spectrum_of(part, view.columns), part.name, notes)
    elif view.mode == "xy" and len(parts) >= 2:
        found = xy_of(parts[0], parts[1], view.columns, view.rows)
        xy = found if isinstance(found, XyPicture) else None
        notes += [found.reason] if isinstance(found, NoAnswer) else []
    else:
        if view.mode == "xy":
            notes.append("X-Y needs two channels")
        traces = [trace_of(part, view.columns) for part in parts]
        golden, comparison, said = _overlay(record, parts, view, good, (start, stop))
        notes += said
    words, complaints = decoded(record.waveforms, view.decoding, start, stop)
    return ScopeFrame(
        role=record.role,
        number=record.number,
        taken_at=record.taken_at,
        setup=record.setup,
        record_start_s=begin,
        record_stop_s=end,
        start_s=start,
        stop_s=stop,
        samples=max(wave.codes.size for wave in record.waveforms),
        sample_rate_hz=record.waveforms[0].sample_rate_hz,
        traces=tuple(traces),
        golden=golden,
        xy=xy,
        decoded=words,
        measured=(*(table(part) for part in parts), *comparison) if view.table else comparison,
        between=() if view.cursors is None else tuple(between(wave, *view.cursors) for wave in record.waveforms),
        notes=(*notes, *complaints),
    )


def _keep(traces: list[Trace], found: Trace | NoAnswer, name: str, notes: list[str]) -> None:
    if isinstance(found, Trace):
        traces.append(found)
    else:
        notes.append(f"{name}: {found.reason}")


def _overlay(
    record: Record, parts: Sequence[Waveform], view: ScopeView, good: Sequence[Record], window: tuple[float, float]
) -> tuple[tuple[Trace, ...], tuple[Measured, ...], list[str]]:
    """Return what lies over (or under) the traces, how the record compares with it, and what is missing for that."""
    if view.overlay == "none":
        return (), (), []
    if not good:
        return (), (), ["no record of a good unit is kept yet: take one and keep it as golden"]
    kept: list[Trace] = []
    results: list[Measured] = []
    notes: list[str] = []
    for wave, part in zip(record.waveforms, parts, strict=True):
        references = [found for one in good if (found := one.wave(wave.name)) is not None]
        if not references:
            notes.append(f"{wave.name}: the kept records do not have this channel")
            continue
        if view.overlay == "golden":
            kept.append(trace_of(part_of(references[-1], *window), view.columns))
            results += _compared(wave, references)
            continue
        mask = mask_of(references)
        if isinstance(mask, NoAnswer):
            notes.append(f"{wave.name}: {mask.reason}")
            continue
        kept.append(mask.trace(part, view.columns))
        outside = outside_mask(wave, mask)
        results.append(Measured(wave.name, (Quantity("outside_mask", float(outside)),)))
    return tuple(kept), tuple(results), notes


def _compared(wave: Waveform, references: Sequence[Waveform]) -> list[Measured]:
    from edge_agent.analysis.golden import golden_comparison

    found = golden_comparison([wave, *references])
    if isinstance(found, NoAnswer):
        return [Measured(wave.name, note=f"golden: {found.reason}")]
    quantities = (
        Quantity("matches", found.matches),
        Quantity("worst", found.worst.value),
        Quantity("limit", found.limit.value),
        Quantity("worst_at", found.worst_at.value, "s"),
    )
    return [Measured(wave.name, quantities)]
