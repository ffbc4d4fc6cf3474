"""What a multimeter of any make would measure at a probe."""

import numpy as np

from drivers.capabilities import MeterFunction
from drivers.simulated.noise import instants
from drivers.simulated.points import PointKind
from drivers.simulated.wiring import Probe, Wiring, edge_frequency, rms

AC_BANDWIDTH_HZ = 20e3
COUNTER_BANDWIDTH_HZ = 60e6
ROOM_C = 23.0


def beginning(wiring: Wiring, wanted: str = "") -> str:
    """Return the test point that a probe begins at: the one wanted where this device has it, else its main rail."""
    return wanted if wanted in wiring.points() else wiring.device.product.point(PointKind.MAIN)


def meter_value(probe: Probe, function: MeterFunction) -> float:  # noqa: PLR0911 - one for each function
    """Return the value in the function's unit; ``inf`` where there is none (no period, an open circuit)."""
    start = probe.now()
    slow = instants(start, 0.31e-3, 600)
    match function:
        case MeterFunction.DC_VOLTAGE:
            return float(np.mean(probe.voltage(slow, 1e9)))
        case MeterFunction.AC_VOLTAGE:
            return rms(probe.voltage(instants(start, 9.7e-6, 20_000), AC_BANDWIDTH_HZ))
        case MeterFunction.DC_CURRENT:
            return float(np.mean(probe.current(slow[::20])))
        case MeterFunction.AC_CURRENT:
            return rms(probe.current(slow[::6]))
        case MeterFunction.CAPACITANCE:
            return probe.capacitance_f(start)
        case MeterFunction.FREQUENCY:
            return edge_frequency(lambda times: probe.voltage(times, COUNTER_BANDWIDTH_HZ), start)
        case MeterFunction.PERIOD:
            hertz = edge_frequency(lambda times: probe.voltage(times, COUNTER_BANDWIDTH_HZ), start)
            return 1.0 / hertz if hertz else float("inf")
        case MeterFunction.TEMPERATURE:
            return ROOM_C
        case MeterFunction.DUTY_CYCLE:
            wave = probe.voltage(instants(start, 9.7e-6, 20_000), AC_BANDWIDTH_HZ)
            middle = (float(wave.max()) + float(wave.min())) / 2
            return 100.0 * float(np.mean(wave > middle))
    volts = float(np.mean(probe.voltage(slow, 1e9)))
    ohm = probe.source_ohm(start)
    if function is MeterFunction.DIODE:
        return volts + 1e-3 * ohm
    current = 0.5e-3 if ohm < 6e3 else 1e-6
    return (volts + current * ohm) / current
