"""CSV exports of Tektronix scopes.

- MSO, DPO, MDO and TekScope: lines of settings (``Model``, ``Waveform Type``, ``Sample Interval`` …), then
  ``TIME,CH1,CH2`` and the samples. Digital channels are columns such as ``D0`` or ``REF1_D7``. The MDO3000 puts
  analogue and digital channels in blocks side by side, each with its times and settings (``TIME,CH1,,TIME,D1,D0``).
- TDS and TBS1000: settings in the first two columns, time and value beside them in the fourth and fifth, from the first
  line on (``Record Length,2500,,-0.0050,0.12``); one channel a file.
"""

import re
from dataclasses import replace

import numpy as np

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    gaps_note,
    logic,
    parse_unit,
    refined,
    uniform_axis,
    waveform,
)
from protocols.captures.errors import quoted
from protocols.captures.table import Table, read_table
from protocols.waveform import Capture, LogicCapture, Waveform

_BESIDE_COLUMNS = (3, 4)
_BESIDE = re.compile(rb'(?:\xef\xbb\xbf)?"?Record Length"?\s*,[^,\r\n]+,[^,\r\n]*,\s*[-+]?[\d.]+')
_DIGITAL = re.compile(r"(?:.*_)?D(\d{1,2})", re.IGNORECASE)
_KEPT = ("model", "firmware version", "label", "source")
_TIME_UNITS = ("", "s")


def is_beside(data: bytes) -> bool:
    """Tell whether settings and samples stand beside each other (TDS, TBS1000)."""
    return _BESIDE.match(data) is not None


def matches(table: Table) -> bool:
    """Tell whether the header is that of an MSO, DPO or MDO."""
    settings = table.settings()
    return "sample interval" in settings and ("time" in settings or "waveform type" in settings)


def read_tek_csv(data: bytes, name: str = "scope.csv") -> Capture:
    """Read a Tektronix scope's CSV; raise ``CaptureError``."""
    if is_beside(data):
        return _beside(read_table(data, name, columns=_BESIDE_COLUMNS))
    return capture_from(read_table(data, name))


def _beside(table: Table) -> Capture:
    settings = table.settings()
    axis = _axis(table, settings)
    unit = parse_unit(next(iter(settings.get("vertical units", [])), "V")) or Unit("V")
    source = next(iter(settings.get("source", [])), "") or "waveform"
    wave = waveform(table, 1, channel_name(source), unit, axis)
    kept = {"model": settings["model number"][0]} if settings.get("model number") else {}
    return Capture(analog=(wave,), metadata={"format": "Tektronix CSV", **kept, **gaps_note((wave,))})


def _axis(table: Table, settings: dict[str, list[str]], column: int = 0) -> TimeAxis:
    """Return the time axis of a block, with the interval stated where the printed times have fewer digits."""
    horizontal = "".join(settings.get("horizontal units", [])[column : column + 1])
    if horizontal.lower() not in _TIME_UNITS:
        raise table.fail(f"its horizontal axis is in {quoted(horizontal)}, no time; save the channels without it")
    axis = uniform_axis(table, column)
    try:
        stated_s = float("".join(settings.get("sample interval", [])[column : column + 1]))
    except ValueError:
        return axis
    return refined(axis, stated_s)


def capture_from(table: Table) -> Capture:
    """Read a table with the header of an MSO, DPO or MDO; raise ``CaptureError``."""
    settings = table.settings()
    width = table.values.shape[1]
    names = ["time", *settings.get("time", [])][:width]
    if width < 2 or len(names) < width:
        raise table.fail("has no line TIME,CH1,… that names its columns; save the waveform again")
    units = ["", *settings.get("vertical units", [])]
    times = [column for column, name in enumerate(names) if name.lower() == "time"]
    analog: list[Waveform] = []
    digital: LogicCapture | None = None
    for time, following in zip(times, [*times[1:], width], strict=True):
        block = _rows_with_times(table, time)
        axis = _axis(block, settings, time)
        bits: dict[int, int] = {}
        for column in range(time + 1, following):
            if match := _DIGITAL.fullmatch(names[column]):
                bits[int(match[1])] = column
            elif names[column]:
                unit = parse_unit(units[column]) if column < len(units) else None
                analog.append(waveform(block, column, channel_name(names[column]), unit or Unit("V"), axis))
        if bits and digital is not None:
            raise table.fail("has two blocks of digital channels; save them one by one")
        digital = logic(block, bits, 1, axis.rate_hz) if bits else digital
    kept = {key: settings[key][0] for key in _KEPT if settings.get(key) and settings[key][0]}
    metadata = {"format": "Tektronix CSV", **kept, **gaps_note(analog)}
    return Capture(analog=tuple(analog), logic=digital, metadata=metadata)


def _rows_with_times(table: Table, column: int) -> Table:
    """Return the rows of a block, which can be shorter than the one beside it."""
    without = np.flatnonzero(np.isnan(table.values[:, column]))
    return replace(table, values=table.values[: without[0]]) if without.size else table
