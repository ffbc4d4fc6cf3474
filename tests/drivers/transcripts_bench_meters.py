"""Transcripts of further SCPI multimeters, one row for each function.

Uncertainties are the limits worked out by hand: (% of reading · reading + % of range · range) / √3, or counts.
"""

import math
from typing import Any

from scripted_server import Exchange
from transcripts import NO_ERROR, Transcript
from transcripts_meters import overloads, reads

from drivers.capabilities import MeterFunction as F

ROOT3 = math.sqrt(3)
HEADERS = {
    F.DC_VOLTAGE: "VOLT:DC", F.AC_VOLTAGE: "VOLT:AC", F.DC_CURRENT: "CURR:DC", F.AC_CURRENT: "CURR:AC",
    F.RESISTANCE: "RES", F.RESISTANCE_4W: "FRES", F.CAPACITANCE: "CAP", F.DIODE: "DIOD", F.CONTINUITY: "CONT",
    F.FREQUENCY: "FREQ", F.PERIOD: "PER",
}  # fmt: skip
UNITS = {
    F.DC_VOLTAGE: "V", F.AC_VOLTAGE: "V", F.DC_CURRENT: "A", F.AC_CURRENT: "A", F.RESISTANCE: "Ohm",
    F.RESISTANCE_4W: "Ohm", F.CAPACITANCE: "F", F.DIODE: "V", F.CONTINUITY: "Ohm", F.FREQUENCY: "Hz", F.PERIOD: "s",
    F.TEMPERATURE: "Cel",
}  # fmt: skip


def auto(
    profile: str, word: str, function: F, answer: str, range_answer: str, limit: float | None, **options: Any
) -> Transcript:
    """Autorange: configure, read, ask for the range in use."""
    header = HEADERS[function]
    uncertainty = None if limit is None else limit / ROOT3
    action = reads(function, float(answer), UNITS[function], uncertainty, told=float(range_answer))
    script: list[Exchange] = [
        (f"CONF:{header} {word}", None), NO_ERROR, ("READ?", answer), (f"{header}:RANG?", range_answer),
    ]  # fmt: skip
    return Transcript(profile, f"{function} {options}".strip(), action, script, options)


def fixed(profile: str, function: F, argument: str, answer: str, limit: float | None) -> Transcript:
    """Take a reading in a range asked for by name."""
    full = float(argument)
    uncertainty = None if limit is None else limit / ROOT3
    action = reads(function, float(answer), UNITS[function], uncertainty, ask=full, told=full)
    script: list[Exchange] = [(f"CONF:{HEADERS[function]} {argument}", None), NO_ERROR, ("READ?", answer)]
    return Transcript(profile, f"{function} in the range {argument}", action, script)


def plain(
    profile: str, function: F, answer: str, limit: float | None, told: float, header: str | None = None
) -> Transcript:
    """Take a reading of a function without ranges."""
    uncertainty = None if limit is None else limit / ROOT3
    action = reads(function, float(answer), UNITS[function], uncertainty, told=told)
    script: list[Exchange] = [(f"CONF:{header or HEADERS[function]}", None), NO_ERROR, ("READ?", answer)]
    return Transcript(profile, str(function), action, script)


def open_circuit(profile: str) -> Transcript:
    script: list[Exchange] = [("CONF:CONT", None), NO_ERROR, ("READ?", "+9.90000000E+37")]
    return Transcript(profile, "an open circuit is an overload", overloads(F.CONTINUITY), script)


K65 = "keysight-34465a"
KEYSIGHT_34465A = [
    auto(K65, "AUTO", F.DC_VOLTAGE, "+3.30123400E+00", "+1.00000000E+01", 3.301234 * 35e-6 + 50e-6),
    auto(K65, "AUTO", F.AC_VOLTAGE, "+2.30100000E+02", "+7.50000000E+02", 230.1 * 6e-4 + 750 * 3e-4),
    auto(K65, "AUTO", F.DC_CURRENT, "+8.25000000E-02", "+1.00000000E-01", 0.0825 * 5e-4 + 0.1 * 5e-5),
    fixed(K65, F.DC_CURRENT, "1e-6", "+4.50000000E-07", None),
    fixed(K65, F.DC_CURRENT, "1e-5", "+4.50000000E-06", None),
    auto(K65, "AUTO", F.AC_CURRENT, "+1.50000000E+00", "+3.00000000E+00", 1.5 * 23e-4 + 3 * 4e-4),
    auto(K65, "AUTO", F.RESISTANCE, "+4.70000000E+03", "+1.00000000E+04", 4700 * 1e-4 + 1e4 * 1e-5),
    fixed(K65, F.RESISTANCE, "1e9", "+4.70000000E+08", None),
    auto(K65, "AUTO", F.RESISTANCE_4W, "+3.50000000E-02", "+1.00000000E+02", 0.035 * 1e-4 + 100 * 4e-5),
    auto(K65, "AUTO", F.CAPACITANCE, "+4.70000000E-06", "+1.00000000E-05", 4.7e-6 * 4e-3 + 1e-5 * 1e-3),
    plain(K65, F.DIODE, "+6.20000000E-01", 0.62 * 1e-4 + 5 * 2e-4, 5),
    plain(K65, F.FREQUENCY, "+5.00200000E+01", 50.02 * 3e-4, 300000),
    plain(K65, F.PERIOD, "+2.00000000E-02", 0.02 * 3e-4, 0.34),
    plain(K65, F.TEMPERATURE, "+2.54000000E+01", None, 600, "TEMP RTD"),
    open_circuit(K65),
]

K01 = "keysight-34401a"
KEYSIGHT_34401A = [
    auto(K01, "DEF", F.DC_VOLTAGE, "+3.30123400E+00", "+1.00000000E+01", 3.301234 * 35e-6 + 50e-6),
    # At full scale the limits are those of the service guide's gain verification.
    fixed(K01, F.DC_VOLTAGE, "0.1", "+1.00000000E-01", 8.5e-6),
    fixed(K01, F.DC_VOLTAGE, "1", "+1.00000000E+00", 47e-6),
    fixed(K01, F.DC_VOLTAGE, "10", "-1.00000000E+01", 400e-6),
    fixed(K01, F.DC_VOLTAGE, "100", "+1.00000000E+02", 5.1e-3),
    fixed(K01, F.DC_VOLTAGE, "1000", "+1.00000000E+03", 55e-3),
    fixed(K01, F.RESISTANCE, "100", "+1.00000000E+02", 14e-3),
    fixed(K01, F.RESISTANCE, "1000", "+1.00000000E+03", 110e-3),
    fixed(K01, F.RESISTANCE, "1000000", "+1.00000000E+06", 110),
    fixed(K01, F.RESISTANCE, "10000000", "+1.00000000E+07", 4.1e3),
    fixed(K01, F.RESISTANCE_4W, "100000000", "+1.00000000E+08", 810e3),
    fixed(K01, F.DC_CURRENT, "0.01", "+1.00000000E-02", 7e-6),
    fixed(K01, F.DC_CURRENT, "0.1", "+1.00000000E-01", 55e-6),
    fixed(K01, F.DC_CURRENT, "1", "+1.00000000E+00", 1.1e-3),
    fixed(K01, F.DC_CURRENT, "3", "+2.00000000E+00", 3.0e-3),
    auto(K01, "DEF", F.AC_VOLTAGE, "+2.30100000E+02", "+7.50000000E+02", 230.1 * 6e-4 + 750 * 3e-4),
    auto(K01, "DEF", F.DC_CURRENT, "+8.25000000E-02", "+1.00000000E-01", 0.0825 * 5e-4 + 0.1 * 5e-5),
    auto(K01, "DEF", F.AC_CURRENT, "+5.00000000E-01", "+1.00000000E+00", 0.5 * 1e-3 + 1 * 4e-4),
    auto(K01, "DEF", F.RESISTANCE, "+4.70000000E+03", "+1.00000000E+04", 4700 * 1e-4 + 1e4 * 1e-5),
    auto(K01, "DEF", F.RESISTANCE_4W, "+4.70000000E+01", "+1.00000000E+02", 47 * 1e-4 + 100 * 4e-5),
    plain(K01, F.DIODE, "+6.20000000E-01", 0.62 * 1e-4 + 1 * 2e-4, 1),
    plain(K01, F.FREQUENCY, "+5.00200000E+01", 50.02 * 1e-4, 300000),
    plain(K01, F.PERIOD, "+2.00000000E-02", 0.02 * 1e-4, 0.33),
    open_circuit(K01),
]

RIGOL = "rigol-dm3058"
RIGOL_DM3058 = [
    auto(RIGOL, "AUTO", F.DC_VOLTAGE, "+3.301234E+00", "2.000000E+01", None),
    fixed(RIGOL, F.DC_VOLTAGE, "0.2", "+5.000000E-02", None),
    auto(RIGOL, "AUTO", F.AC_VOLTAGE, "+2.301000E+02", "7.500000E+02", None),
    auto(RIGOL, "AUTO", F.DC_CURRENT, "+8.250000E-02", "2.000000E-01", None),
    auto(RIGOL, "AUTO", F.AC_CURRENT, "+1.500000E+00", "2.000000E+00", None),
    auto(RIGOL, "AUTO", F.RESISTANCE, "+4.700000E+03", "2.000000E+04", None),
    auto(RIGOL, "AUTO", F.RESISTANCE_4W, "+4.700000E+01", "2.000000E+02", None),
    plain(RIGOL, F.DIODE, "+6.200000E-01", None, 2.4),
    plain(RIGOL, F.FREQUENCY, "+5.002000E+01", None, 1e6),
    plain(RIGOL, F.PERIOD, "+2.000000E-02", None, 0.05),
    open_circuit(RIGOL),
]

SDM = "siglent-sdm3045x"
SIGLENT_SDM3045X = [
    auto(SDM, "AUTO", F.DC_VOLTAGE, "+5.00000000E+00", "+6.00000000E+00", 5 * 1e-4 + 6e-4),
    auto(SDM, "AUTO", F.DC_VOLTAGE, "+1.00000000E+01", "+6.00000000E+01", 10 * 2e-4 + 4e-3, ambient_c=23.0),
    fixed(SDM, F.DC_VOLTAGE, "0.6", "+5.00000000E-02", None),
    auto(SDM, "AUTO", F.AC_VOLTAGE, "+2.30100000E+02", "+6.00000000E+02", None),
    auto(SDM, "AUTO", F.DC_CURRENT, "+8.25000000E-02", "+6.00000000E-01", None),
    auto(SDM, "AUTO", F.AC_CURRENT, "+1.50000000E+00", "+6.00000000E+00", None),
    auto(SDM, "AUTO", F.RESISTANCE, "+4.70000000E+03", "+6.00000000E+03", None),
    auto(SDM, "AUTO", F.RESISTANCE_4W, "+4.70000000E+01", "+6.00000000E+02", None),
    auto(SDM, "AUTO", F.CAPACITANCE, "+4.70000000E-06", "+2.00000000E-05", None),
    plain(SDM, F.DIODE, "+6.20000000E-01", None, 2),
    plain(SDM, F.FREQUENCY, "+5.00200000E+01", None, 1e6),
    plain(SDM, F.PERIOD, "+2.00000000E-02", None, 1),
    plain(SDM, F.TEMPERATURE, "+2.54000000E+01", None, 800, "TEMP RTD,PT100"),
    open_circuit(SDM),
]

TRANSCRIPTS = [*KEYSIGHT_34465A, *KEYSIGHT_34401A, *RIGOL_DM3058, *SIGLENT_SDM3045X]
