"""Transcripts of the OWON XDM1041, as its commands were found by trying them on the meter."""

import math

import pytest
from transcripts import Transcript
from transcripts_meters import overloads, reads

from drivers.capabilities import MeterFunction
from drivers.errors import InstrumentRefused, OutOfRange

OWON = "owon-xdm1041"
ROOT3 = math.sqrt(3)


def refuses(function: MeterFunction, error: type[Exception], match: str, ask: float | None = None):  # type: ignore[no-untyped-def]
    def action(meter):  # type: ignore[no-untyped-def]
        with pytest.raises(error, match=match):
            meter.read(function, ask)

    return action


TRANSCRIPTS = [
    Transcript(
        OWON,
        "DC voltage: autorange never goes below 5 V, so the limit is that of the 5 V range",
        reads(MeterFunction.DC_VOLTAGE, 0.033, "V", (0.033 * 1e-3 + 10 * 1e-4) / ROOT3),
        [("CONF:VOLT:DC AUTO", None), ("FUNC1?", '"VOLT"'), ("MEAS1?", "3.300000E-02")],
    ),
    Transcript(
        OWON,
        "newer firmware acknowledges commands; that is no answer",
        reads(MeterFunction.DC_VOLTAGE, 3.3012, "V", (3.3012 * 1e-3 + 1e-3) / ROOT3, ask=5, told=5),
        [("CONF:VOLT:DC 5", "OK"), ("FUNC1?", '"VOLT"'), ("MEAS1?", "3.301200E+00")],
    ),
    Transcript(
        OWON,
        "a refused command is told",
        refuses(MeterFunction.DC_VOLTAGE, InstrumentRefused, r"refused a command .nOK.", ask=5),
        [("CONF:VOLT:DC 5", "nOK"), ("FUNC1?", None)],
    ),
    Transcript(
        OWON,
        "a meter that stays in its function is found out",
        refuses(MeterFunction.RESISTANCE, InstrumentRefused, "was set to resistance but says 'VOLT'"),
        [("CONF:RES AUTO", None), ("FUNC1?", '"VOLT"')],
    ),
    Transcript(
        OWON,
        "autorange in current would mean the other socket",
        refuses(MeterFunction.DC_CURRENT, OutOfRange, r"no autorange for dc_current; give one of 0.0005, 0.005"),
        [],
    ),
    Transcript(
        OWON,
        "AC voltage",
        reads(MeterFunction.AC_VOLTAGE, 229.8, "V", (229.8 * 1e-2 + 30 * 0.01) / ROOT3),
        [("CONF:VOLT:AC AUTO", None), ("FUNC1?", '"VOLT AC"'), ("MEAS1?", "2.298000E+02")],
    ),
    Transcript(
        OWON,
        "DC current",
        reads(MeterFunction.DC_CURRENT, 0.0823, "A", (0.0823 * 5e-3 + 20 * 1e-5) / ROOT3, ask=0.5, told=0.5),
        [("CONF:CURR:DC 500E-3", None), ("FUNC1?", '"CURR"'), ("MEAS1?", "8.230000E-02")],
    ),
    Transcript(
        OWON,
        "AC current",
        reads(MeterFunction.AC_CURRENT, 1.5, "A", (1.5 * 1.5e-2 + 30 * 1e-4) / ROOT3, ask=5, told=5),
        [("CONF:CURR:AC 5", None), ("FUNC1?", '"CURR AC"'), ("MEAS1?", "1.500000E+00")],
    ),
    Transcript(
        OWON,
        "resistance",
        reads(MeterFunction.RESISTANCE, 4702.0, "Ohm", (4702 * 3e-3 + 10 * 0.1) / ROOT3),
        [("CONF:RES AUTO", None), ("FUNC1?", '"RES"'), ("MEAS1?", "4.702000E+03")],
    ),
    Transcript(
        OWON,
        "an open circuit is an overload",
        overloads(MeterFunction.RESISTANCE, ask=500),
        [("CONF:RES 500", None), ("FUNC1?", '"RES"'), ("MEAS1?", "1.000000E+09")],
    ),
    Transcript(
        OWON,
        "capacitance",
        reads(MeterFunction.CAPACITANCE, 4.7e-6, "F", (4.7e-6 * 5e-2 + 20 * 1e-9) / ROOT3),
        [("CONF:CAP AUTO", None), ("FUNC1?", '"CAP"'), ("MEAS1?", "4.700000E-06")],
    ),
    Transcript(
        OWON,
        "frequency",
        reads(MeterFunction.FREQUENCY, 1000.0, "Hz", 2.01 / ROOT3, told=6e7),
        [("CONF:FREQ", None), ("FUNC1?", '"FREQ"'), ("MEAS1?", "1.000000E+03")],
    ),
    Transcript(
        OWON,
        "period",
        reads(MeterFunction.PERIOD, 0.001, "s", 3e-6 / ROOT3, told=1),
        [("CONF:PER", None), ("FUNC1?", '"PER"'), ("MEAS1?", "1.000000E-03")],
    ),
    Transcript(
        OWON,
        "diode",
        reads(MeterFunction.DIODE, 0.62, "V", (0.62 * 1e-2 + 1e-3) / ROOT3, told=3),
        [("CONF:DIOD", None), ("FUNC1?", '"DIOD"'), ("MEAS1?", "6.200000E-01")],
    ),
    Transcript(
        OWON,
        "continuity",
        reads(MeterFunction.CONTINUITY, 0.3, "Ohm", (0.3 * 1e-2 + 1) / ROOT3, told=1000),
        [("CONF:CONT", None), ("FUNC1?", '"CONT"'), ("MEAS1?", "3.000000E-01")],
    ),
]
