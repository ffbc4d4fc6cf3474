"""CSV exports of GW Instek scopes (GDS-1000, GDS-2000, MDO), as the maker's OpenWave program reads and writes them.

Settings, one a line, then ``Waveform Data`` and the samples. ``Mode,Detail`` prints times and values; ``Mode,Fast`` and
firmware without a mode print the converter's codes: 25 to a division, 0 at ground, centred on the horizontal position.
With several channels each line has a pair of cells for each of them.
"""

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    checked_interval,
    gaps_note,
    parse_unit,
    refined,
    uniform_axis,
    waveform,
)
from protocols.captures.table import Table
from protocols.waveform import Capture

_TITLE = "waveform data"
_PERIOD = "sampling period"
_CODES_PER_DIVISION = 25


def matches(table: Table) -> bool:
    """Tell whether the header is GW Instek's."""
    return {_TITLE, _PERIOD, "vertical scale", "source"} <= table.settings().keys()


def capture_from(table: Table) -> Capture:
    """Read a table whose header is GW Instek's; raise ``CaptureError``."""
    if _each(table, "horizontal units")[:1] not in ([], ["s"], ["S"]):
        raise table.fail("its horizontal axis is no time; save the channels without the spectrum")
    detailed = [mode.lower() for mode in _each(table, "mode")][:1] == ["detail"]
    units = [parse_unit(text) or Unit("V") for text in _each(table, "vertical units")]
    waves = []
    for index, source in enumerate(_each(table, "source")):
        column = 2 * index + detailed
        if not source:
            continue
        if column >= table.values.shape[1]:
            raise table.fail(f"has no column for {source}; save the waveform again")
        unit = units[index] if index < len(units) else Unit("V")
        if detailed:
            axis = refined(uniform_axis(table, 2 * index), _interval_s(table, index))
        else:
            unit = Unit(unit.code, unit.factor * _number(table, "vertical scale", index) / _CODES_PER_DIVISION)
            axis = _centred_axis(table, index)
        waves.append(waveform(table, column, channel_name(source), unit, axis))
    if not waves:
        raise table.fail("names no source (Source,CH1); save the waveform again")
    metadata = {"format": "GW Instek CSV", "firmware": "".join(_each(table, "firmware")[:1]), **gaps_note(waves)}
    return Capture(analog=tuple(waves), metadata=metadata)


def _each(table: Table, key: str) -> list[str]:
    """Return a setting of each channel: the line repeats the key for each of them."""
    return table.settings().get(key, [])[::2]


def _number(table: Table, key: str, index: int) -> float:
    values = _each(table, key)
    text = values[index] if index < len(values) else ""
    return table.number(text, key)


def _interval_s(table: Table, index: int) -> float:
    return checked_interval(table, _number(table, _PERIOD, index), _PERIOD)


def _centred_axis(table: Table, index: int) -> TimeAxis:
    interval_s = _interval_s(table, index)
    return TimeAxis(_number(table, "horizontal position", index) - table.values.shape[0] / 2 * interval_s, interval_s)
