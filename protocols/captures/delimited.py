"""Any other delimited text: a column of times, or a known sample rate, and columns of values."""

import re

import numpy as np

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    agrees,
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
_LAST_WORD = re.compile(r"[a-zA-Zµμ]+(?=[)\]]?\s*$)")
_TIME_UNITS = {
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("nanosecond", "nanoseconds"), 1e-9),
}
"""Units of times that elsewhere would be names of columns (``min``), or words."""
_COUNT_NAMES = re.compile(r"(#|n|n[or]\.?|index|sample|samples|sequence|point|序号)", re.IGNORECASE)
_CHANNEL_NAMES = re.compile(r"(ch|channel|ref|math)[ _]?[a-z0-9]{1,2}", re.IGNORECASE)
_MOST = 1e15
_SETTINGS = ("hunit", "vunit", "tracename", "horizontal units", "vertical units")
"""Keys whose values would pass for names or units of columns."""
_CLOCK = re.compile(r"\d{1,4}([/.-]\d{1,2}[/.-]\d{1,4}|:\d{2}).*")
"""A date or a time of day: a setting's value, never a title."""
_WITH_UNIT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*([a-zA-Zµμ]{0,5})\s*")
_INTERVAL_KEYS = (
    "sample interval",
    "sampling interval",
    "interval",
    "increment",
    "time interval",
    "sampling period",
    "hresolution",
)
_RATE_KEYS = ("sampling frequency (hz)", "sample rate", "sampling rate", "samplerate", "sample rate (hz)")


def read_delimited(data: bytes, name: str = "data.csv", *, sample_rate_hz: float | None = None) -> Capture:
    """Read any CSV, TSV or text in columns with one record; raise ``CaptureError``.

    The first column is time when its name or unit says so, or when there is no header and it rises evenly.
    ``sample_rate_hz`` serves files without times.
    """
    return capture_from(read_table(data, name), sample_rate_hz=sample_rate_hz)


def capture_from(table: Table, *, sample_rate_hz: float | None = None) -> Capture:
    """Read a table of no known maker; raise ``CaptureError``."""
    names, units = _titles(table)
    first, axis = _axis(table, names, units, sample_rate_hz)
    width = table.values.shape[1]
    names, units = _stated_titles(table, first, names, units)
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
        row = [cells[0].lstrip("#;% ") or cells[0], *cells[1:width], ""][:width]
        if any(_is_number(cell) or _CLOCK.fullmatch(cell) for cell in row) or row[0].lower() in _SETTINGS:
            continue  # a setting and its value
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


def _stated_titles(
    table: Table, first: int, names: list[str], units: list[Unit | None]
) -> tuple[list[str], list[Unit | None]]:
    """Add what settings say of columns that the titles leave without a name (but ``Value``) or a unit."""
    settings = table.settings()
    names, units = list(names), list(units)
    stated_names = settings.get("tracename") or settings.get("source") or settings.get("channel") or []
    stated_units = settings.get("vertical units") or settings.get("vunit") or settings.get("units") or []
    for index, column in enumerate(range(first, len(names))):
        if names[column].lower() in ("", "value") and index < len(stated_names):
            names[column] = stated_names[index]
        if units[column] is None and index < len(stated_units):
            units[column] = parse_unit(stated_units[index].rsplit(":", 1)[-1])
    return names, units


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
        return 1, uniform_axis(table, 0, _seconds(names[0]))
    first = 1 if _COUNT_NAMES.fullmatch(names[0]) and table.values.shape[1] > 1 else 0
    if first and table.values.shape[1] > 2:
        second = units[1] or Unit("s" if _TIME_NAMES.fullmatch(names[1]) else "1")
        if second.code == "s":
            return 2, uniform_axis(table, 1, second.factor)
    # Yokogawa begins each row with an empty cell.
    if not first and table.values.shape[1] > 1 and np.isnan(table.values[:, 0]).all():
        first = 1
    interval_s = _stated_interval_s(table, sample_rate_hz)
    if interval_s is not None and not first and table.values.shape[1] > 1 and _steps(table, interval_s):
        return 1, uniform_axis(table, 0)
    if not any(names) and table.values.shape[1] > 1:
        try:
            return 1, uniform_axis(table, 0)
        except CaptureError as error:
            if interval_s is None:
                raise table.fail("has no header, and its first column is no evenly rising time; name it") from error
    if interval_s is None:
        raise table.fail("has no column of times and states no sample rate; give the sample rate (sample_rate_hz)")
    return first, TimeAxis(_stated(table, ("hoffset",)) or 0.0, interval_s)


def _seconds(title: str) -> float:
    """Return how many seconds the last word in the title of a time column is: ``Time (min)``, ``time_ms``, ``t us``."""
    word = _LAST_WORD.search(title.replace("_", " "))
    if word is None:
        return 1.0
    unit = parse_unit(word[0])
    return unit.factor if unit is not None and unit.code == "s" else _TIME_UNITS.get(word[0].lower(), 1.0)


def _steps(table: Table, interval_s: float) -> bool:
    """Tell whether the first column rises by the interval stated, as times do that have no title (Yokogawa)."""
    try:
        return agrees(uniform_axis(table, 0).interval_s, interval_s)
    except CaptureError:
        return False


def _stated_interval_s(table: Table, sample_rate_hz: float | None) -> float | None:
    interval_s = _stated(table, _INTERVAL_KEYS)
    if interval_s is not None and interval_s > 1e-18:
        return interval_s
    rate_hz = _stated(table, _RATE_KEYS)
    rate_hz = sample_rate_hz if rate_hz is None or not rate_hz > 1e-6 else rate_hz
    return None if rate_hz is None else 1.0 / rate_hz


def _stated(table: Table, keys: tuple[str, ...]) -> float | None:
    """Return a setting in base units: the unit stands behind the key, or behind the number (``1 MHz``)."""
    for key, cells in table.settings().items():
        label, unit = split_name(key)
        if (key not in keys and label not in keys) or not cells:
            continue
        if match := _WITH_UNIT.fullmatch(cells[0]):
            behind = parse_unit(match[2]) if match[2] else unit
            if match[2] and behind is None:
                continue
            value = float(match[1]) * (1.0 if behind is None else behind.factor)
            if abs(value) < _MOST:
                return value
    return None
