"""Any other delimited text: a column of times, or a known sample rate, and columns of values."""

import re

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    gaps_note,
    parse_unit,
    split_name,
    uniform_axis,
    unique_names,
    waveform,
)
from protocols.captures.errors import CaptureError
from protocols.captures.table import Table, read_table
from protocols.waveform import Capture

_TIME_NAMES = re.compile(r"(x|t|time|times?tamp|seconds?|zeit|temps|时间|時間)( ?[axis]*| .*|_.*)?", re.IGNORECASE)
_COUNT_NAMES = re.compile(r"(#|n|no\.?|index|sample|samples|sequence|point|序号)", re.IGNORECASE)
_CHANNEL_NAMES = re.compile(r"(ch|channel|ref|math)[ _]?[a-z0-9]{1,2}", re.IGNORECASE)
_INTERVAL_KEYS = ("sample interval", "sampling interval", "interval", "increment", "time interval", "sampling period")
_RATE_KEYS = ("sampling frequency (hz)", "sample rate", "sampling rate", "samplerate", "sample rate (hz)")


def read_delimited(data: bytes, name: str = "data.csv", *, sample_rate_hz: float | None = None) -> Capture:
    """Read any CSV, TSV or semicolon-separated file with one record; raise ``CaptureError``.

    The first column is time when its name or unit says so, or when there is no header and it rises evenly.
    ``sample_rate_hz`` serves files without times.
    """
    return capture_from(read_table(data, name), sample_rate_hz=sample_rate_hz)


def capture_from(table: Table, *, sample_rate_hz: float | None = None) -> Capture:
    """Read a table of no known maker; raise ``CaptureError``."""
    names, units = _titles(table)
    first, axis = _axis(table, names, units, sample_rate_hz)
    width = table.values.shape[1]
    if first >= width:
        raise table.fail("has times and no values; export the channels with them")
    labels = unique_names([channel_name(names[column]) for column in range(first, width)])
    waves = tuple(
        waveform(table, column, labels[column - first], units[column] or Unit("1"), axis)
        for column in range(first, width)
    )
    return Capture(analog=waves, metadata={"format": "delimited text", **gaps_note(waves)})


def _titles(table: Table) -> tuple[list[str], list[Unit | None]]:
    """Return name and unit of each column from the last header lines that have as many cells."""
    width = table.values.shape[1]
    lines = [cells for cells in table.header if len(cells) >= width or len(cells) == width - 1 > 1][-3:]
    names = [""] * width
    units: list[Unit | None] = [None] * width
    for cells in lines:
        row = [cells[0].lstrip("#;% "), *cells[1:width], ""][:width]
        parsed = [parse_unit(cell) for cell in row]
        if all(unit is not None or not cell for unit, cell in zip(parsed, row, strict=True)):
            units = [new or old for new, old in zip(parsed, units, strict=True)]
            continue
        for column, cell in enumerate(row):
            label, unit = split_name(cell)
            names[column] = _better(names[column], label)
            units[column] = unit or parse_unit(label) or units[column]
    # Some programs name the channels far above, among the settings.
    for cells in reversed(table.header):
        if len(cells) == width and width > 1 and all(_CHANNEL_NAMES.fullmatch(cell) for cell in cells[1:]):
            return [names[0], *cells[1:]], units
    return names, units


def _better(old: str, new: str) -> str:
    """Keep a channel's name (``CH1``) over a quantity's (``Voltage``)."""
    if old and (not new or channel_name(old) != old or old.upper().startswith("CH")):
        return old
    return new


def _axis(
    table: Table, names: list[str], units: list[Unit | None], sample_rate_hz: float | None
) -> tuple[int, TimeAxis]:
    """Return the first column of values and the time axis."""
    unit = units[0]
    if unit is not None and unit.code == "s":
        return 1, uniform_axis(table, 0, unit.factor)
    if unit is None and _TIME_NAMES.fullmatch(names[0]):
        return 1, uniform_axis(table, 0)
    first = 1 if _COUNT_NAMES.fullmatch(names[0]) and table.values.shape[1] > 1 else 0
    interval_s = _stated_interval_s(table, sample_rate_hz)
    if not any(names) and table.values.shape[1] > 1:
        try:
            return 1, uniform_axis(table, 0)
        except CaptureError as error:
            if interval_s is None:
                raise table.fail("has no header, and its first column is no evenly rising time; name it") from error
    if interval_s is None:
        raise table.fail("has no column of times and states no sample rate; give the sample rate (sample_rate_hz)")
    return first, TimeAxis(0.0, interval_s)


def _stated_interval_s(table: Table, sample_rate_hz: float | None) -> float | None:
    settings = table.settings()

    def stated(keys: tuple[str, ...]) -> float | None:
        for key in keys:
            for cell in settings.get(key, [])[:1]:
                try:
                    value = float(cell)
                except ValueError:
                    continue
                if 1e-18 < value < 1e18:
                    return value
        return None

    if (interval_s := stated(_INTERVAL_KEYS)) is not None:
        return interval_s
    rate_hz = stated(_RATE_KEYS) or sample_rate_hz
    return None if rate_hz is None else 1.0 / rate_hz
