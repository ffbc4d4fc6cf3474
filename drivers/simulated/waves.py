"""The voltage of every test point within one epoch, as a function of time."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from drivers.simulated import mcu, rails
from drivers.simulated.edges import render, slowed
from drivers.simulated.epoch import Epoch
from drivers.simulated.i2c_bus import read_transaction, recovery_clocks
from drivers.simulated.noise import Floats, band_noise
from drivers.simulated.uart import level_edges

Wave = Callable[[Epoch, Floats, float], Floats]

RAIL_NOISE_HZ = 10e6
RAIL_5V_NOISE_V = 0.6e-3
RAIL_3V3_NOISE_V = 0.3e-3
JOINT_TAU_S = 0.2e-3
GATE_TAU_S = 8e-9
RELAY_TAU_S = 10e-6
WEAK_RELAY_TAU_S = 1.2e-3
FLYBACK_V = -0.7
FLYBACK_TAU_S = 0.8e-3
BUS_RISE_TAU_S = 0.4e-6
"""4.7 kΩ pull-up with 85 pF."""
BUS_FALL_TAU_S = 10e-9
STUCK_LOW_V = 0.12
CRYSTAL_AMPLITUDE_V = 0.55
CRYSTAL_START_S = 2e-3


def gain(frequency_hz: float, bandwidth_hz: float) -> float:
    """Return the magnitude of a first-order input of ``bandwidth_hz`` at ``frequency_hz``."""
    return 1.0 / math.hypot(1.0, frequency_hz / bandwidth_hz)


def _ripple(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the triangular ripple of the 5 V rail."""
    peak_to_peak = epoch.idle.ripple_pp_v * gain(rails.RIPPLE_HZ, bandwidth_hz)
    phase = times_s * rails.RIPPLE_HZ
    phase = phase - np.floor(phase)
    return peak_to_peak * (np.abs(2.0 * phase - 1.0) - 0.5)


def _noise(epoch: Epoch, times_s: Floats, bandwidth_hz: float, rms_v: float, stream: int) -> Floats:
    band = min(bandwidth_hz, RAIL_NOISE_HZ)
    rms = rms_v * math.sqrt(band / RAIL_NOISE_HZ)
    return rms * band_noise(times_s, band, epoch.noise_key + stream)


def _terminal(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    steady = np.full(times_s.shape, epoch.idle.terminal_v)
    return steady + _noise(epoch, times_s, bandwidth_hz, RAIL_5V_NOISE_V, 1) if epoch.state.feed.on else steady


def _rail_5v(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    mean = epoch.rail_5v_mean(times_s)
    if epoch.idle.rail_5v <= 0.0:
        return mean
    return mean + _ripple(epoch, times_s, bandwidth_hz) + _noise(epoch, times_s, bandwidth_hz, RAIL_5V_NOISE_V, 2)


def _rail_3v3(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    mean_5v = epoch.rail_5v_mean(times_s)
    target = rails.LEAKY_REGULATED_V if "leaky_ldo" in epoch.state.faults else rails.REGULATED_V
    output = np.clip(mean_5v - rails.DROPOUT_V, 0.0, target)
    output = np.where(mean_5v < rails.LDO_STARTS_V, 0.0, output)
    level = output * (rails.RAIL_LOAD_OHM / (rails.RAIL_LOAD_OHM + rails.LDO_OUTPUT_OHM))
    for drop in epoch.drops(float(times_s.min()) - 0.02, float(times_s.max())):
        edges = np.array([drop.start_s, drop.end_s])
        level = level * render(
            times_s, edges, np.array([drop.fraction, 1.0]), initial=1.0, tau_rise_s=JOINT_TAU_S, tau_fall_s=JOINT_TAU_S
        )
    if epoch.idle.rail_3v3 <= 0.0:
        return level
    ripple = rails.RIPPLE_FEEDTHROUGH * _ripple(epoch, times_s, bandwidth_hz)
    return level + ripple + _noise(epoch, times_s, bandwidth_hz, RAIL_3V3_NOISE_V, 3)


def _crystal(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the oscillator's output pin: it runs whenever the MCU has power, also in the ROM's bootloader."""
    if not epoch.powers_mcu:
        return np.zeros(times_s.shape)
    rail = epoch.idle.rail_3v3
    amplitude = CRYSTAL_AMPLITUDE_V * gain(epoch.crystal_hz, bandwidth_hz)
    grown = np.ones(times_s.shape)
    if epoch.running is None and epoch.rail_start_v < mcu.STARTS_ABOVE_V:
        grown = -np.expm1(-np.maximum(0.0, times_s - epoch.start_s) / CRYSTAL_START_S)
    cycles = times_s * epoch.crystal_hz
    wave = amplitude * np.sin(2.0 * math.pi * (cycles - np.floor(cycles)))
    return grown * (rail / 2.0 + wave) + _noise(epoch, times_s, bandwidth_hz, RAIL_3V3_NOISE_V, 4)


def _uart(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    frames = epoch.frames(float(times_s.min()) - 12.0 / epoch.baud, float(times_s.max()) + 1e-9)
    instants, levels = level_edges(frames)
    tau = slowed(GATE_TAU_S, bandwidth_hz)
    line = render(times_s, instants, levels.astype(np.float64), initial=1.0, tau_rise_s=tau, tau_fall_s=tau)
    return line * _rail_3v3(epoch, times_s, bandwidth_hz)


def _relay(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the driven end of the relay coil, with the flyback diode's drop after switching off."""
    instants, levels = epoch.relay_switching(float(times_s.min()), float(times_s.max()) + 1e-9)
    weak = "weak_relay_drive" in epoch.state.faults
    rise = slowed(WEAK_RELAY_TAU_S if weak else RELAY_TAU_S, bandwidth_hz)
    fall = slowed(RELAY_TAU_S, bandwidth_hz)
    volts = levels.astype(np.float64) * epoch.active.coil_v
    wave = render(times_s, instants, volts, initial=0.0, tau_rise_s=rise, tau_fall_s=fall)
    if instants.size:
        index = np.searchsorted(instants, times_s, side="right") - 1
        after_off = (index >= 0) & ~levels[np.maximum(index, 0)]
        since = times_s[after_off] - instants[index[after_off]]
        wave[after_off] += FLYBACK_V * np.exp(-since / FLYBACK_TAU_S) * -np.expm1(-since / fall)
    return wave + _noise(epoch, times_s, bandwidth_hz, RAIL_3V3_NOISE_V, 5)


def _bus_edges(epoch: Epoch, start_s: float, end_s: float, *, data: bool) -> tuple[Floats, Floats]:
    """Return the edges of SDA (``data``) or SCL: one reading of the sensor every 50 ms while the application runs."""
    instants: list[Floats] = []
    levels: list[Floats] = []
    stuck = "broken_sensor_bus" in epoch.state.faults
    period = mcu.SENSOR_POLL_S * epoch.slowness
    for boot in epoch.boots(start_s - period, end_s):
        if not boot.runs_application:
            continue
        begin = boot.start_s + mcu.READY_S * epoch.slowness
        first = max(0, math.floor((start_s - begin) / period))
        last = math.ceil((min(end_s, boot.end_s) - begin) / period)
        for poll in range(first, last):
            instant = begin + poll * period
            scl, sda = read_transaction(epoch.sensor_c(instant))
            chosen = (recovery_clocks() if stuck else scl) if not data else sda
            instants.append(instant + chosen[0] * epoch.slowness)
            levels.append(chosen[1].astype(np.float64))
    if not instants:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(instants), np.concatenate(levels)


def _bus(epoch: Epoch, times_s: Floats, bandwidth_hz: float, *, data: bool) -> Floats:
    rail = _rail_3v3(epoch, times_s, bandwidth_hz)
    if data and "broken_sensor_bus" in epoch.state.faults:
        return np.minimum(rail, STUCK_LOW_V + _noise(epoch, times_s, bandwidth_hz, RAIL_3V3_NOISE_V, 6))
    instants, levels = _bus_edges(epoch, float(times_s.min()), float(times_s.max()) + 1e-9, data=data)
    rise, fall = slowed(BUS_RISE_TAU_S, bandwidth_hz), slowed(BUS_FALL_TAU_S, bandwidth_hz)
    return rail * render(times_s, instants, levels, initial=1.0, tau_rise_s=rise, tau_fall_s=fall)


def _sda(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    return _bus(epoch, times_s, bandwidth_hz, data=True)


def _scl(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    return _bus(epoch, times_s, bandwidth_hz, data=False)


def _ground(_epoch: Epoch, times_s: Floats, _bandwidth_hz: float) -> Floats:
    return np.zeros(times_s.shape)


WAVES: Mapping[str, Wave] = {
    "J1": _terminal,
    "TP_GND": _ground,
    "TP_5V": _rail_5v,
    "TP_3V3": _rail_3v3,
    "TP_XTAL": _crystal,
    "TP_UART": _uart,
    "TP_RELAY": _relay,
    "TP_SENSOR_SDA": _sda,
    "TP_SENSOR_SCL": _scl,
}
"""Every test point and its wave (epoch, times, bandwidth of the input in hertz) → volts, shape of the times."""
