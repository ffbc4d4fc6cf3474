"""CSV exports of Agilent and Keysight scopes: InfiniiVision (``x-axis,1,2``) and Infiniium (``XInc:``, ``XOrg:``)."""

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    checked_interval,
    gaps_note,
    parse_unit,
    uniform_axis,
    waveform,
)
from protocols.captures.table import Table, read_table
from protocols.waveform import Capture

_INFINIIUM_KEYS = ("xinc", "xorg")
_KEPT = {"frame": "model", "date": "date", "type": "acquisition"}


def matches(table: Table) -> bool:
    """Tell whether the header is Agilent's."""
    return table.cell(0, 0).lower() == "x-axis" or all(key in table.settings() for key in _INFINIIUM_KEYS)


def read_agilent_csv(data: bytes, name: str = "scope.csv") -> Capture:
    """Read an Agilent or Keysight scope's CSV (or ASCII XY) file; raise ``CaptureError``."""
    return capture_from(read_table(data, name))


def capture_from(table: Table) -> Capture:
    """Read a table whose header is Agilent's; raise ``CaptureError``."""
    if table.cell(0, 0).lower() != "x-axis":
        return _infiniium(table)
    time_unit = parse_unit(table.cell(1, 0)) or Unit("s")
    if time_unit.code != "s":
        raise table.fail(f"its x-axis is in {time_unit.code}, no time; save the channels without the spectrum")
    axis = uniform_axis(table, 0, time_unit.factor)
    waves = tuple(
        waveform(
            table, column, channel_name(table.cell(0, column)), parse_unit(table.cell(1, column)) or Unit("V"), axis
        )
        for column in range(1, table.values.shape[1])
    )
    if not waves:
        raise table.fail("it has an x-axis and no channel; save the waveform again")
    return Capture(analog=waves, metadata={"format": "Agilent CSV", **gaps_note(waves)})


def _infiniium(table: Table) -> Capture:
    settings = table.settings()

    def number(key: str, column: int) -> float:
        cells = settings[key]
        text = cells[min(column, len(cells) - 1)] if cells else ""
        return table.number(text, key)

    width = table.values.shape[1]
    # "XY values" repeat the time before each channel's value; "Y values" leave it out.
    pairs = width % 2 == 0 and width > 1 and len(settings["xinc"]) <= width // 2
    columns = range(1, width, 2) if pairs else range(width)
    units = settings.get("yunits", [])
    waves = []
    for index, column in enumerate(columns):
        axis = TimeAxis(number("xorg", index), checked_interval(table, number("xinc", index), "xinc"))
        unit = parse_unit(units[min(index, len(units) - 1)]) if units else None
        waves.append(waveform(table, column, f"CH{index + 1}", unit or Unit("V"), axis))
    kept = {title: settings[key][0] for key, title in _KEPT.items() if settings.get(key)}
    note = {"note": "channels are numbered in the order of the file, which does not name them"}
    return Capture(analog=tuple(waves), metadata={"format": "Infiniium CSV", **kept, **note, **gaps_note(waves)})
