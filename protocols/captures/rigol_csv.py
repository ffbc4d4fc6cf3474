"""Rigol's CSV exports: DS1000E/D, DS1000B, DS1000Z, DS2000, DS4000 and the newer MSO5000, MSO7000 and DHO.

- ``X,CH1,CH2,`` over ``Second,Volt,Volt,``: times in the first column (DS1000E; ``X,CH 1 (V)`` on the DS1000D; the
  DS1000B leaves the ``X`` out; older firmware of the DS1000E writes ``Time,X(CH1),``).
- ``X,CH1,Start,Increment,`` over ``Sequence,Volt,-1.2e-03,4e-08,``: a running number in the first column, start and
  interval beside the units (DS1000Z, DS2000, DS4000). The number does not always begin at 0 (it counts places of the
  screen, of which the first may be empty); the start is the time of the first row. Older firmware of the DS1000Z leaves
  the number out (``CH1,Start,Increment,`` over ``Volt,-6.0e-02,1.0e-04``); an MSO1000Z adds a column for each eight
  logic lines, ``D7-D0`` and ``D15-D8``, with their states as ``0x1F``.
- ``Time(s),CH1(V),CH2(V),t0 = -1.2e-03, tInc = 4e-08``: start and interval in the title; the time column may be
  missing (MSO5000, MSO7000, DHO).
"""

import re

import numpy as np

from protocols.captures.columns import (
    TimeAxis,
    Unit,
    channel_name,
    checked_interval,
    gaps_note,
    logic,
    parse_unit,
    split_name,
    uniform_axis,
    waveform,
)
from protocols.captures.table import Table, read_table
from protocols.waveform import Capture

_ASSIGNED = re.compile(r"(t0|tInc)\s*=\s*([-+0-9.eE]+)\s*s?", re.IGNORECASE)
_OLD_TITLE = re.compile(r"X\((CH ?\d|MATH)\)", re.IGNORECASE)
_POD = re.compile(r"D(\d{1,2})-D(\d{1,2})", re.IGNORECASE)
_CHANNEL = re.compile(r"(CH ?\d|MATH\d?|REF\d{1,2}|D\d{1,2})\s*(\(?[a-zA-Z]{0,2}V?\)?)?", re.IGNORECASE)


def matches(table: Table) -> bool:
    """Tell whether the header is Rigol's."""
    title = table.header[0] if table.header else []
    if any(_ASSIGNED.fullmatch(cell) for cell in title):
        return True
    if {"start", "increment"} <= {cell.lower() for cell in title}:
        return True
    if title[:1] == ["Time"] and any(_OLD_TITLE.fullmatch(cell) for cell in title):
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
    width = min(table.values.shape[1], len(title))
    first = 0 if _CHANNEL.fullmatch(title[0]) else 1
    channels = [column for column in range(first, width) if lowered[column] not in ("start", "increment")]
    if not channels:
        raise table.fail("its title names no channel (X,CH1,…); export the waveform again")
    if "start" in lowered and "increment" in lowered:
        if first:
            _check_count(table)
        start_s = table.number(table.cell(1, lowered.index("start")), "Start")
        interval_s = table.number(table.cell(1, lowered.index("increment")), "Increment")
        axis = TimeAxis(start_s, checked_interval(table, interval_s, "Increment"))
    else:
        axis = uniform_axis(table, 0)
    waves = []
    pods: dict[int, int] = {}
    for column in channels:
        if match := _POD.fullmatch(title[column]):
            pods[min(int(match[1]), int(match[2]))] = column
            continue
        label, unit = split_name(title[column])
        if match := _OLD_TITLE.fullmatch(label):
            label = match[1]
        unit = unit or parse_unit(table.cell(1, column)) or Unit("V")
        waves.append(waveform(table, column, channel_name(label), unit, axis))
    if not pods.keys() <= {0, 8}:
        raise table.fail("its title names other logic lines than D7-D0 and D15-D8; export the waveform again")
    lines = logic(table, pods, 8, axis.rate_hz) if pods else None
    return Capture(analog=tuple(waves), logic=lines, metadata={"format": "Rigol CSV", **gaps_note(waves)})


def _check_count(table: Table) -> None:
    """Raise when the first column, which counts samples, has a gap."""
    numbers = table.values[:, 0]
    if not np.array_equal(numbers, numbers[0] + np.arange(numbers.size)):
        wrong = int(np.argmin(numbers == numbers[0] + np.arange(numbers.size)))
        raise table.fail("the running number has a gap; export the whole record again", wrong)


def _titled(table: Table, title: list[str], assigned: dict[str, str]) -> Capture:
    interval_s = checked_interval(table, table.number(assigned.get("tinc", ""), "tInc"), "tInc")
    axis = TimeAxis(table.number(assigned.get("t0", "0"), "t0"), interval_s)
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
        waves.append(waveform(table, column, channel_name(label), unit or Unit("V"), axis))
    if not waves:
        raise table.fail("its title names no channel; export the waveform again")
    return Capture(analog=tuple(waves), metadata={"format": "Rigol CSV", **gaps_note(waves)})
