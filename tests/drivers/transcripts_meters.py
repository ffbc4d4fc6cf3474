"""Transcripts of the SCPI multimeters."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from transcripts import NO_ERROR, Transcript

from drivers.capabilities import MeterFunction, MeterReading


def reads(
    function: MeterFunction,
    value: float,
    unit: str,
    uncertainty: float | None,
    *,
    ask: float | None = None,
    told: float | None = None,
) -> Callable[[Any], None]:
    """Take one reading and compare it; ``ask`` is the range asked for, ``told`` the one that the reading carries."""

    def action(meter: Any) -> None:
        reading: MeterReading = meter.read(function, ask)
        assert reading.function is function
        assert reading.quantity.unit == unit
        assert reading.quantity.value == value
        assert not reading.overload
        assert reading.range_value == told
        if uncertainty is None:
            assert reading.quantity.standard_uncertainty is None
        else:
            assert reading.quantity.standard_uncertainty == pytest.approx(uncertainty, rel=1e-4)

    return action


def overloads(function: MeterFunction, ask: float | None = None) -> Callable[[Any], None]:
    """Take a reading that is off scale."""

    def action(meter: Any) -> None:
        reading: MeterReading = meter.read(function, ask)
        assert reading.overload
        assert math.isnan(reading.quantity.value)
        assert reading.quantity.standard_uncertainty is None

    return action


KEYSIGHT = "keysight-34461a"
ROOT3 = math.sqrt(3)

# Uncertainties are the data sheet's limits worked out by hand: (% of reading · reading + % of range · range) / √3.
KEYSIGHT_TRANSCRIPTS = [
    Transcript(
        KEYSIGHT,
        "3.3 V on the 10 V range, autoranged",
        reads(MeterFunction.DC_VOLTAGE, 3.301234, "V", (3.301234 * 35e-6 + 50e-6) / ROOT3, told=10),
        [
            ("CONF:VOLT:DC AUTO", None),
            NO_ERROR,
            ("READ?", "+3.30123400E+00"),
            ("VOLT:DC:RANG?", "+1.00000000E+01"),
        ],
    ),
    Transcript(
        KEYSIGHT,
        "a range asked for is used and reported",
        reads(MeterFunction.DC_VOLTAGE, 0.05, "V", (0.05 * 50e-6 + 0.1 * 35e-6) / ROOT3, ask=0.1, told=0.1),
        [("CONF:VOLT:DC 0.1", None), NO_ERROR, ("READ?", "+5.00000000E-02")],
    ),
    Transcript(
        KEYSIGHT,
        "33 °C is 5 °C outside the calibration band, so the temperature coefficient counts",
        reads(MeterFunction.DC_VOLTAGE, 5.0, "V", (5 * (35e-6 + 25e-6) + 10 * (5e-6 + 5e-6)) / ROOT3, ask=10, told=10),
        [("CONF:VOLT:DC 10", None), NO_ERROR, ("READ?", "+5.00000000E+00")],
        {"ambient_c": 33.0},
    ),
    Transcript(
        KEYSIGHT,
        "mains AC voltage",
        reads(MeterFunction.AC_VOLTAGE, 230.1, "V", (230.1 * 6e-4 + 750 * 3e-4) / ROOT3, told=750),
        [
            ("CONF:VOLT:AC AUTO", None),
            NO_ERROR,
            ("READ?", "+2.30100000E+02"),
            ("VOLT:AC:RANG?", "+7.50000000E+02"),
        ],
    ),
    Transcript(
        KEYSIGHT,
        "the limit of an AC reading follows the signal's frequency",
        reads(MeterFunction.AC_VOLTAGE, 1.0, "V", (1.0 * 6e-3 + 1 * 8e-4) / ROOT3, ask=1, told=1),
        [("CONF:VOLT:AC 1", None), NO_ERROR, ("READ?", "+1.00000000E+00")],
        {"signal_frequency_hz": 80e3},
    ),
    Transcript(
        KEYSIGHT,
        "DC current",
        reads(MeterFunction.DC_CURRENT, 0.0825, "A", (0.0825 * 5e-4 + 0.1 * 5e-5) / ROOT3, told=0.1),
        [("CONF:CURR:DC AUTO", None), NO_ERROR, ("READ?", "+8.25000000E-02"), ("CURR:DC:RANG?", "+1.0E-01")],
    ),
    Transcript(
        KEYSIGHT,
        "AC current",
        reads(MeterFunction.AC_CURRENT, 1.5, "A", (1.5 * 23e-4 + 3 * 4e-4) / ROOT3, told=3),
        [("CONF:CURR:AC AUTO", None), NO_ERROR, ("READ?", "+1.50000000E+00"), ("CURR:AC:RANG?", "+3.0E+00")],
    ),
    Transcript(
        KEYSIGHT,
        "resistance",
        reads(MeterFunction.RESISTANCE, 4700.0, "Ohm", (4700 * 1e-4 + 1e4 * 1e-5) / ROOT3, told=10000),
        [("CONF:RES AUTO", None), NO_ERROR, ("READ?", "+4.70000000E+03"), ("RES:RANG?", "+1.0E+04")],
    ),
    Transcript(
        KEYSIGHT,
        "four-wire resistance",
        reads(MeterFunction.RESISTANCE_4W, 0.035, "Ohm", (0.035 * 1e-4 + 100 * 4e-5) / ROOT3, told=100),
        [("CONF:FRES AUTO", None), NO_ERROR, ("READ?", "+3.50000000E-02"), ("FRES:RANG?", "+1.0E+02")],
    ),
    Transcript(
        KEYSIGHT,
        "capacitance",
        reads(MeterFunction.CAPACITANCE, 4.7e-6, "F", (4.7e-6 * 4e-3 + 1e-5 * 1e-3) / ROOT3, told=1e-5),
        [("CONF:CAP AUTO", None), NO_ERROR, ("READ?", "+4.70000000E-06"), ("CAP:RANG?", "+1.0E-05")],
    ),
    Transcript(
        KEYSIGHT,
        "diode",
        reads(MeterFunction.DIODE, 0.62, "V", (0.62 * 1e-4 + 5 * 2e-4) / ROOT3, told=5),
        [("CONF:DIOD", None), NO_ERROR, ("READ?", "+6.20000000E-01")],
    ),
    Transcript(
        KEYSIGHT,
        "an open circuit is an overload, not a huge resistance",
        overloads(MeterFunction.CONTINUITY),
        [("CONF:CONT", None), NO_ERROR, ("READ?", "+9.90000000E+37")],
    ),
    Transcript(
        KEYSIGHT,
        "frequency: the limit follows the reading",
        reads(MeterFunction.FREQUENCY, 50.02, "Hz", 50.02 * 3e-4 / ROOT3, told=300000),
        [("CONF:FREQ", None), NO_ERROR, ("READ?", "+5.00200000E+01")],
    ),
    Transcript(
        KEYSIGHT,
        "period",
        reads(MeterFunction.PERIOD, 0.02, "s", 0.02 * 3e-4 / ROOT3, told=0.34),
        [("CONF:PER", None), NO_ERROR, ("READ?", "+2.00000000E-02")],
    ),
    Transcript(
        KEYSIGHT,
        "temperature has no uncertainty, since the probe's is not known",
        reads(MeterFunction.TEMPERATURE, 25.4, "Cel", None, told=600),
        [("CONF:TEMP RTD", None), NO_ERROR, ("READ?", "+2.54000000E+01")],
    ),
]

TRANSCRIPTS = KEYSIGHT_TRANSCRIPTS
