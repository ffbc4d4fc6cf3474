"""What all multimeter drivers share."""

from drivers.capabilities import MeterFunction

METER_UNITS: dict[MeterFunction, str] = {
    MeterFunction.DC_VOLTAGE: "V",
    MeterFunction.AC_VOLTAGE: "V",
    MeterFunction.DC_CURRENT: "A",
    MeterFunction.AC_CURRENT: "A",
    MeterFunction.RESISTANCE: "Ohm",
    MeterFunction.RESISTANCE_4W: "Ohm",
    MeterFunction.DIODE: "V",
    MeterFunction.CONTINUITY: "Ohm",
    MeterFunction.FREQUENCY: "Hz",
    MeterFunction.PERIOD: "s",
    MeterFunction.CAPACITANCE: "F",
    MeterFunction.TEMPERATURE: "Cel",
    MeterFunction.DUTY_CYCLE: "%",
}
"""UCUM unit of each function's readings."""
