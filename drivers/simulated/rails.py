"""The power supply of the device: from the bench feed at J1 to the 5 V and 3.3 V rails.

    J1 ── leads 0.05 Ω ── U1 isolating push-pull converter 1:1 (0.6 Ω, 100 kHz) ──┬── TP_5V ── U2 LDO ──┬── TP_3V3
                                                                                  C5                    C6, MCU, flash
                                                                 relay coil K1 via Q1, C7

All loads are ohmic when powered, so the direct currents follow from one monotonic equation in the 5 V rail.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass

LEAD_OHM = 0.05
CONVERTER_OHM = 0.6
CONVERTER_IDLE_A = 0.012
CONVERTER_STARTS_V = 2.25
RIPPLE_HZ = 100e3
"""Twice the 50 kHz of the push-pull transformer."""

REGULATED_V = 3.300
LEAKY_REGULATED_V = 3.02
LEAKAGE_A_AT_5V = 0.15
DROPOUT_V = 0.35
LDO_GROUND_A = 0.005
LDO_OUTPUT_OHM = 0.05
LDO_STARTS_V = 1.2
RIPPLE_FEEDTHROUGH = 0.15
"""Ripple rejection of U2 at 100 kHz: 16.5 dB, a plain bipolar LDO."""

RAIL_LOAD_OHM = 66.0
"""MCU, SPI flash, sensor and LED together: 50 mA at 3.3 V."""
COIL_OHM = 125.0
DRIVER_OHM = 2.0
WEAK_DRIVER_OHM = 78.0
SHORT_OHM = 1.2

C5_F = 220e-6
C5_ESR_OHM = 0.03
DRIED_C5_F = 8e-6
DRIED_C5_ESR_OHM = 2.5
C6_F = 22e-6
UNPOWERED_5V_OHM = 22e3
UNPOWERED_3V3_OHM = 10e3
"""What a meter sees between a rail and ground without power: the chips do not conduct at its test voltage."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What the bench supply offers at J1: ``voltage_v`` up to ``limit_a``."""

    voltage_v: float = 0.0
    limit_a: float = 0.0
    on: bool = False


@dataclass(frozen=True, slots=True)
class Operating:
    """One direct-current solution. ``losses_w`` is the heat of each part by its reference designator."""

    terminal_v: float
    supply_a: float
    limited: bool
    rail_5v: float
    rail_3v3: float
    coil_v: float
    ripple_pp_v: float
    """Peak-to-peak ripple of the 5 V rail."""
    losses_w: dict[str, float]


def ldo_output(rail_5v: float, faults: Set[str]) -> float:
    """Return the open-circuit output voltage of U2 at an input of ``rail_5v``."""
    target = LEAKY_REGULATED_V if "leaky_ldo" in faults else REGULATED_V
    if rail_5v < LDO_STARTS_V:
        return 0.0
    return min(target, max(0.0, rail_5v - DROPOUT_V))


def solve(feed: Feed, faults: Set[str], *, relay_on: bool) -> Operating:
    """Find the operating point by bisection: the current drawn never falls when the 5 V rail rises."""
    if not feed.on or feed.voltage_v <= 0.0:
        return Operating(0.0, 0.0, False, 0.0, 0.0, 0.0, 0.0, {})
    series = LEAD_OHM + CONVERTER_OHM

    def excess(rail: float) -> float:
        return rail + series * _drawn(rail, faults, relay_on) - feed.voltage_v

    rail = _root(excess, feed.voltage_v)
    limited = _drawn(rail, faults, relay_on) + _idle(feed.voltage_v) > feed.limit_a
    if limited:
        rail = _root(lambda v: _drawn(v, faults, relay_on) + _idle(v) - feed.limit_a, feed.voltage_v)
    return _describe(feed, faults, rail, relay_on, limited)


def capacitance_5v(faults: Set[str]) -> tuple[float, float]:
    """Return capacitance (F) and equivalent series resistance (Ohm) of C5."""
    return (DRIED_C5_F, DRIED_C5_ESR_OHM) if "dried_capacitor" in faults else (C5_F, C5_ESR_OHM)


def _drawn(rail: float, faults: Set[str], relay_on: bool) -> float:
    """Return the current out of the 5 V rail."""
    output = ldo_output(rail, faults)
    current = output / (RAIL_LOAD_OHM + LDO_OUTPUT_OHM) + LDO_GROUND_A * min(1.0, rail / LDO_STARTS_V)
    if relay_on:
        current += rail / (COIL_OHM + _driver_ohm(faults))
    if "leaky_ldo" in faults:
        current += LEAKAGE_A_AT_5V * rail / 5.0
    if "shorted_load" in faults:
        current += rail / SHORT_OHM
    return current


def _idle(voltage: float) -> float:
    """Return the converter's own current, rising smoothly so that the equation stays monotonic."""
    return CONVERTER_IDLE_A * min(1.0, max(0.0, voltage / CONVERTER_STARTS_V))


def _driver_ohm(faults: Set[str]) -> float:
    return WEAK_DRIVER_OHM if "weak_relay_drive" in faults else DRIVER_OHM


def _root(function: Callable[[float], float], upper: float) -> float:
    """Return where the rising ``function`` crosses zero between 0 and ``upper``."""
    low, high = 0.0, upper
    for _ in range(60):
        middle = (low + high) / 2
        if function(middle) > 0:
            high = middle
        else:
            low = middle
    return low


def _describe(feed: Feed, faults: Set[str], rail: float, relay_on: bool, limited: bool) -> Operating:
    drawn = _drawn(rail, faults, relay_on)
    supply = min(drawn + _idle(rail if limited else feed.voltage_v), feed.limit_a)
    terminal = min(feed.voltage_v, rail + (LEAD_OHM + CONVERTER_OHM) * drawn)
    output = ldo_output(rail, faults)
    load_a = output / (RAIL_LOAD_OHM + LDO_OUTPUT_OHM)
    rail_3v3 = load_a * RAIL_LOAD_OHM
    coil_a = rail / (COIL_OHM + _driver_ohm(faults)) if relay_on else 0.0
    capacitance, esr = capacitance_5v(faults)
    ripple_a = (0.05 + drawn) * min(1.0, rail / 4.0)
    ripple = ripple_a * (esr + 1.0 / (8.0 * RIPPLE_HZ * capacitance)) if rail > CONVERTER_STARTS_V else 0.0
    ldo_leak = LEAKAGE_A_AT_5V * rail / 5.0 if "leaky_ldo" in faults else 0.0
    losses = {
        "U1": drawn**2 * CONVERTER_OHM + _idle(feed.voltage_v) * terminal,
        "U2": (rail - rail_3v3) * load_a + rail * (LDO_GROUND_A * min(1.0, rail / LDO_STARTS_V) + ldo_leak),
        "U3": rail_3v3 * load_a,
        "K1": coil_a**2 * COIL_OHM,
        "Q1": coil_a**2 * _driver_ohm(faults),
        "C7": rail**2 / SHORT_OHM if "shorted_load" in faults else 0.0,
    }
    return Operating(terminal, supply, limited, rail, rail_3v3, coil_a * COIL_OHM, ripple, losses)
