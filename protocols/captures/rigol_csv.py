"""Rigol's CSV exports: DS1000E/D, DS1000B, DS1000Z, DS2000, DS4000 and the newer MSO5000, MSO7000 and DHO.

- ``X,CH1,CH2,`` over ``Second,Volt,Volt,``: times in the first column (DS1000E; ``X,CH 1 (V)`` on the DS1000D; the
  DS1000B leaves the ``X`` out).
- ``X,CH1,Start,Increment,`` over ``Sequence,Volt,-1.2e-03,4e-08,``: a running number in the first column, start and
  interval beside the units (DS1000Z, DS2000, DS4000). The number does not always begin at 0 (it counts places of the
  screen, of which the first may be empty); the start is the time of the first row.
- ``Time(s),CH1(V),CH2(V),t0 = -1.2e-03, tInc = 4e-08``: start and interval in the title; the time column may be
  missing (MSO5000, MSO7000, DHO).
"""

import re

import numpy as np

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    gaps_note,
    parse_unit,
    split_name,
    uniform_axis,
    waveform,
)
from protocols.captures.table import Table, read_table
from protocols.waveform import Capture

_ASSIGNED = re.compile(r"(t0|tInc)\s*=\s*([-+0-9.eE]+)\s*s?", re.IGNORECASE)
_CHANNEL = re.compile(r"(CH ?\d|MATH\d?|REF\d{1,2}|D\d{1,2})\s*(\(?[a-zA-Z]{0,2}V?\)?)?", re.IGNORECASE)


def matches(table: Table) -> bool:
    """Tell whether the header is Rigol's."""
    title = table.header[0] if table.header else []
    if any(_ASSIGNED.fullmatch(cell) for cell in title):
        return True
    return bool(title) and title[0] in ("X", "") and any(_CHANNEL.fullmatch(cell) for cell in title[1:])


def read_rigol_csv(data: bytes, name: str = "scope.csv") -> Capture:
    """Read a Rigol scope's CSV; raise ``CaptureError``."""
    return capture_from(read_table(data, name))


def capture_from(table: Table) -> Capture:
    """Read a table whose header is Rigol's; raise ``CaptureError``."""
    title = table.header[0] if table.header else []
    assigned = {match[1].lower(): match[2] for cell in title if (match := _ASSIGNED.fullmatch(cell))}
    if assigned:
        return _titled(table, title, assigned)
    lowered = [cell.lower() for cell in title]
    width = table.values.shape[1]
    channels = [column for column in range(1, min(width, len(title))) if lowered[column] not in ("start", "increment")]
    if not channels:
        raise table.fail("its title names no channel (X,CH1,…); export the waveform again")
    if "start" in lowered and "increment" in lowered:
        axis = _counted(
            table,
            _setting(table, lowered.index("start"), "Start"),
            _setting(table, lowered.index("increment"), "Increment"),
        )
    else:
        axis = uniform_axis(table, 0)
    waves = []
    for column in channels:
        label, unit = split_name(title[column])
        unit = unit or parse_unit(table.cell(1, column)) or Unit("V")
        waves.append(waveform(table, column, channel_name(label), unit, axis))
    return Capture(analog=tuple(waves), metadata={"format": "Rigol CSV", **gaps_note(waves)})


def _setting(table: Table, column: int, what: str) -> float:
    text = table.cell(1, column)
    return _float(table, text, what)


def _float(table: Table, text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not abs(value) < 1e12:
        raise table.fail(f"{what} is {text[:40]!r}, no number; export the waveform again")
    return value


def _counted(table: Table, start_s: float, interval_s: float) -> TimeAxis:
    """Return the axis of a record whose first column counts samples."""
    if not 1e-18 < interval_s < 1e6:
        raise table.fail(f"an interval of {interval_s:g} s is none; export the waveform again")
    numbers = table.values[:, 0]
    if not np.array_equal(numbers, numbers[0] + np.arange(numbers.size)):
        wrong = int(np.argmin(numbers == numbers[0] + np.arange(numbers.size)))
        raise table.fail("the running number has a gap; export the whole record again", wrong)
    return TimeAxis(start_s, interval_s)


def _titled(table: Table, title: list[str], assigned: dict[str, str]) -> Capture:
    interval_s = _float(table, assigned.get("tinc", ""), "tInc")
    start_s = _float(table, assigned.get("t0", "0"), "t0")
    if not 1e-18 < interval_s < 1e6:
        raise table.fail(f"tInc of {interval_s:g} s is none; export the waveform again")
    names = [cell for cell in title if cell and not _ASSIGNED.fullmatch(cell)]
    width = table.values.shape[1]
    first = 1 if names and names[0].lower().startswith("time") else 0
    if first and width == len(names) - 1:
        names, first = names[1:], 0  # titled, yet left out
    waves = []
    for column in range(first, min(width, len(names))):
        label, unit = split_name(names[column])
        if unit is None and re.fullmatch(r"CH\dV", label, re.IGNORECASE):
            label = label[:-1]
        waves.append(waveform(table, column, channel_name(label), unit or Unit("V"), TimeAxis(start_s, interval_s)))
    if not waves:
        raise table.fail("its title names no channel; export the waveform again")
    return Capture(analog=tuple(waves), metadata={"format": "Rigol CSV", **gaps_note(waves)})
