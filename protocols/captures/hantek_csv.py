"""CSV exports of Hantek scopes (DSO5000, MSO5000): one channel, or the sixteen logic lines, a file.

``#timebase=40000000(ps)`` and ``#voltbase=1000000(uV)`` are settings of the screen, not titles. Times are seconds. The
values are millivolts; firmware that writes ``(mv/100)`` behind the scale prints volts. ``#threshold`` in the scale's
place announces words of the logic lines.
"""

import re

from protocols.captures.columns import Unit, gaps_note, logic, uniform_axis, waveform
from protocols.captures.errors import quoted
from protocols.captures.table import Table
from protocols.waveform import Capture

_SETTING = re.compile(r"#(timebase|voltbase|threshold)=-?\d+\((\S+)\)", re.IGNORECASE)
_VALUE_UNITS = {"uv": Unit("V", 1e-3), "mv/100": Unit("V")}
_LINES = 16
_FORMAT = {"format": "Hantek CSV"}


def matches(table: Table) -> bool:
    """Tell whether the header is Hantek's."""
    return "timebase" in (settings := _settings(table)) and len(settings) > 1


def capture_from(table: Table) -> Capture:
    """Read a table whose header is Hantek's; raise ``CaptureError``."""
    settings = _settings(table)
    if table.values.shape[1] != 2:
        raise table.fail("has other columns than time and value; save the waveform again")
    axis = uniform_axis(table, 0)
    if "threshold" in settings:
        return Capture(logic=logic(table, {0: 1}, _LINES, axis.rate_hz), metadata=_FORMAT)
    unit = _VALUE_UNITS.get(settings["voltbase"])
    if unit is None:
        raise table.fail(f"its scale is in {quoted(settings['voltbase'])}, neither uV nor mv/100; save it again")
    wave = waveform(table, 1, "waveform", unit, axis)
    return Capture(analog=(wave,), metadata={**_FORMAT, **gaps_note((wave,))})


def _settings(table: Table) -> dict[str, str]:
    """Return the unit behind each setting, wherever in its line it stands."""
    found = [_SETTING.fullmatch(cell) for cells in table.header for cell in cells]
    return {match[1].lower(): match[2].lower() for match in found if match}
