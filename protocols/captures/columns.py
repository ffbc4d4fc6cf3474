"""From columns of numbers to waveforms: units, time axes, names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.captures.quantisation import quantisation_step
from protocols.captures.table import Table
from protocols.waveform import LogicCapture, Waveform

_UNITS = {
    "v": "V", "volt": "V", "volts": "V", "伏": "V",
    "a": "A", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A",
    "s": "s", "sec": "s", "second": "s", "seconds": "s", "秒": "s",
    "ohm": "Ohm", "ohms": "Ohm", "ω": "Ohm", "w": "W", "watt": "W", "watts": "W",
    "hz": "Hz", "hertz": "Hz", "f": "F", "db": "dB", "%": "%",
    "°c": "Cel", "℃": "Cel", "degc": "Cel", "celsius": "Cel", "unknown": "1", "1": "1",
}  # fmt: skip
_PREFIXES = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_NAME_AND_UNIT = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]\s*")
_NAME_IN_UNIT = re.compile(r"(.*?)\s*(?:/|\bin)\s+(\S+)")
_GAP_TOLERANCE = 0.3
_AGREEMENT = 1e-3
_MOST_LINES = 64


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as printed, in base units: ``mV`` is (``V``, 1e-3)."""

    code: str
    factor: float = 1.0


def parse_unit(text: str) -> Unit | None:
    """Return the unit that ``text`` names, ``None`` when it names none; brackets around it do not count."""
    bare = text.strip().strip("()[]").strip()
    if len(bare) == 1 and bare not in "VvAsWF%Ω":
        return Unit("1") if bare == "1" else None  # "a" and "c" are names of columns
    for prefix, factor in _PREFIXES.items():
        if bare.startswith(prefix) and (code := _UNITS.get(bare[len(prefix) :].lower())):
            # "m" before a word is metre or nothing: only symbols take prefixes, and "C" or "1" take none.
            if prefix and (len(bare) - len(prefix) > 3 or code in ("Cel", "1", "%", "dB")):
                continue
            return Unit(code, factor)
    return None


def split_name(text: str) -> tuple[str, Unit | None]:
    """Split ``CH1 (mV)``, ``Time [s]``, ``CH1 / V`` or ``C1 in V`` into name and unit."""
    for pattern in (_NAME_AND_UNIT, _NAME_IN_UNIT):
        if (match := pattern.fullmatch(text.strip())) and (unit := parse_unit(match[2])):
            return match[1].strip(), unit
    return text.strip(), None


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Where a record begins and how far its samples are apart."""

    start_s: float
    interval_s: float

    @property
    def rate_hz(self) -> float:
        """The sample rate."""
        return 1.0 / self.interval_s


def checked_interval(table: Table, interval_s: float, what: str) -> float:
    """Return ``interval_s``; raise ``CaptureError`` when no scope samples so. ``what`` is its name in the file."""
    if not 1e-18 < interval_s < 1e6:
        raise table.fail(f"{what} of {interval_s:g} s is none; save the waveform again")
    return interval_s


def uniform_axis(table: Table, column: int, factor: float = 1.0) -> TimeAxis:
    """Return the time axis that a column of times describes; raise ``CaptureError`` when its steps are not all alike.

    A column printed with too few digits repeats or skips times: that is taken for rounding as long as no
    time is further from the even grid than one step of the print.
    """
    times = table.values[:, column] * factor
    if times.size < 2 or not np.isfinite(times).all():
        raise table.fail("a time axis needs two rows or more, each with its time; export the whole record")
    interval = (times[-1] - times[0]) / (times.size - 1)
    steps = np.diff(times)
    if not steps.any():
        raise table.fail("its times stand still; export the record with the time of each sample", 1)
    if not interval > 0 or (steps < 0).any():
        raise table.fail("its times go backwards; export one record a file", int(np.argmin(steps)) + 1)
    smallest = steps[steps > 0].min()
    tolerance = _GAP_TOLERANCE * interval
    if (steps == 0).any() or smallest < 0.7 * interval:
        tolerance = max(tolerance, min(1.01 * smallest, interval) if (steps > 0).all() else 1.01 * smallest)
    errors = np.abs(times - (times[0] + interval * np.arange(times.size)))
    if errors.max() > tolerance:
        raise table.fail(
            f"its times are not evenly spaced ({interval:.4g} s on average); export with a fixed interval",
            int(np.argmax(errors)),
        )
    return TimeAxis(float(times[0]), float(interval))


def agrees(interval_s: float, reference_s: float) -> bool:
    """Tell whether two intervals, the one stated and the one of the times, differ by printed digits alone."""
    return abs(interval_s - reference_s) <= _AGREEMENT * reference_s


def refined(axis: TimeAxis, stated_s: float) -> TimeAxis:
    """Return the axis with the interval stated, which has more digits than printed times, where both agree."""
    return TimeAxis(axis.start_s, stated_s) if agrees(stated_s, axis.interval_s) else axis


def waveform(table: Table, column: int, name: str, unit: Unit, axis: TimeAxis) -> Waveform:
    """Return one column as a waveform; its resolution is the smallest step that the printed values show."""
    values: npt.NDArray[np.float64] = np.ascontiguousarray(table.values[:, column]) * unit.factor
    return Waveform(
        name=name,
        codes=values,
        sample_interval_s=axis.interval_s,
        unit=unit.code,
        start_s=axis.start_s,
        resolution=quantisation_step(values),
    )


def logic(
    table: Table, columns: Mapping[int, int], bits_each: int, rate_hz: float, names: Sequence[str] = ()
) -> LogicCapture:
    """Return the logic lines in ``columns``, keyed by the lowest bit of the ``bits_each`` lines that a column has.

    ``names`` are those of the lines from bit 0 on, ``D0``, ``D1`` … if not given. Raises ``CaptureError`` with the line
    of a cell that is no state of its lines.
    """
    width = max(columns) + bits_each
    names = names or [f"D{bit}" for bit in range(width)]
    if width > _MOST_LINES:
        raise table.fail(f"names the logic line {names[-1][:40]}; {_MOST_LINES} are read at most")
    word = next(size for size in (1, 2, 4, 8) if 8 * size >= width)
    words = np.zeros(table.values.shape[0], f"u{word}")
    channels: list[str | None] = [None] * width
    for lowest, column in columns.items():
        lines = slice(lowest, lowest + bits_each)
        channels[lines] = names[lines]
        states = table.values[:, column]
        wrong = ~((states >= 0) & (states < 1 << bits_each) & (np.floor(states) == states))
        if wrong.any():
            row = int(np.argmax(wrong))
            label = names[lowest] if bits_each == 1 else f"{names[lines][-1]}-{names[lowest]}"
            most = (1 << bits_each) - 1
            raise table.fail(
                f"{label[:40]} is {states[row]:g}, no whole number from 0 to {most}; save the waveform again", row
            )
        words |= states.astype(words.dtype) << words.dtype.type(lowest)
    return LogicCapture(words, rate_hz, tuple(channels))


def unique_names(names: Sequence[str]) -> list[str]:
    """Return ``names`` with a number behind each repeated or empty one."""
    seen: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        base = name or "column"
        seen[base] = seen.get(base, 0) + 1
        result.append(base if name and seen[base] == 1 else f"{base} {seen[base]}")
    return result


def gaps_note(waves: Sequence[Waveform]) -> dict[str, str]:
    """Return the metadata that names the waveforms with empty cells, which are NaN."""
    missing = [wave.name for wave in waves if np.isnan(wave.codes).any()]
    return {"samples without a value": ", ".join(missing[:8])} if missing else {}


def channel_name(text: str) -> str:
    """Return ``CH1`` for ``1``, ``CH 1``, ``ch1`` and ``Channel 1``; other names as they are."""
    match = re.fullmatch(r"(?:ch(?:annel)?)?\s*(\d{1,2})", text.strip(), re.IGNORECASE)
    return f"CH{int(match[1])}" if match else text.strip()
