"""The voltage of every kind of test point within one epoch, as a function of time."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from drivers.simulated import mcu
from drivers.simulated.board import Stage, StageKind
from drivers.simulated.edges import render, slowed
from drivers.simulated.epoch import Epoch
from drivers.simulated.i2c_bus import read_transaction, recovery_clocks
from drivers.simulated.noise import Floats, band_noise
from drivers.simulated.points import PointKind
from drivers.simulated.rails import LDO_START_SPAN_V
from drivers.simulated.uart import level_edges

Wave = Callable[[Epoch, Floats, float], Floats]

RAIL_NOISE_HZ = 10e6
MAIN_NOISE_V = 0.6e-3
LOGIC_NOISE_V = 0.3e-3
JOINT_TAU_S = 0.2e-3
GATE_TAU_S = 8e-9
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
    """Return the triangular ripple of the main rail, and what an oscillating control loop adds."""
    board = epoch.board
    peak_to_peak = epoch.idle.ripple_pp_v * gain(board.ripple_hz, bandwidth_hz)
    phase = times_s * board.ripple_hz
    phase = phase - np.floor(phase)
    ripple: Floats = peak_to_peak * (np.abs(2.0 * phase - 1.0) - 0.5)
    if board.oscillation_v:
        cycles = times_s * board.oscillation_hz
        ripple = ripple + board.oscillation_v * np.sin(2.0 * math.pi * (cycles - np.floor(cycles)))
    return ripple


def _noise(epoch: Epoch, times_s: Floats, bandwidth_hz: float, rms_v: float, stream: int) -> Floats:
    band = min(bandwidth_hz, RAIL_NOISE_HZ)
    rms = rms_v * math.sqrt(band / RAIL_NOISE_HZ)
    return rms * band_noise(times_s, band, epoch.noise_key + stream)


def _terminal(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    steady = np.full(times_s.shape, epoch.idle.terminal_v)
    return steady + _noise(epoch, times_s, bandwidth_hz, MAIN_NOISE_V, 1) if epoch.state.feed.on else steady


def _main(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    mean = epoch.main_mean(times_s)
    if epoch.idle.main_v <= 0.0:
        return mean
    return mean + _ripple(epoch, times_s, bandwidth_hz) + _noise(epoch, times_s, bandwidth_hz, MAIN_NOISE_V, 2)


def _logic(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    board = epoch.board
    mean = epoch.main_mean(times_s)
    target = board.regulated_v + board.creep_v_per_h * np.maximum(0.0, times_s - epoch.start_s) / 3600.0
    output = np.clip(mean - board.dropout_v, 0.0, target)
    output = output * np.clip((mean - board.ldo_starts_v) / LDO_START_SPAN_V, 0.0, 1.0)
    level = output * (board.logic_load_ohm / (board.logic_load_ohm + board.ldo_output_ohm))
    for drop in epoch.drops(float(times_s.min()) - 0.02, float(times_s.max())):
        edges = np.array([drop.start_s, drop.end_s])
        level = level * render(
            times_s, edges, np.array([drop.fraction, 1.0]), initial=1.0, tau_rise_s=JOINT_TAU_S, tau_fall_s=JOINT_TAU_S
        )
    if epoch.idle.logic_v <= 0.0:
        return level
    ripple = board.ripple_feedthrough * _ripple(epoch, times_s, bandwidth_hz)
    return level + ripple + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 3)


def _crystal(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the oscillator's output pin: it runs whenever the MCU has power, also in the ROM's bootloader."""
    if not epoch.powers_mcu:
        return np.zeros(times_s.shape)
    rail = epoch.idle.logic_v
    amplitude = CRYSTAL_AMPLITUDE_V * gain(epoch.crystal_hz, bandwidth_hz)
    grown = np.ones(times_s.shape)
    if epoch.running is None and epoch.rail_start_v < mcu.STARTS_ABOVE_V:
        grown = -np.expm1(-np.maximum(0.0, times_s - epoch.start_s) / CRYSTAL_START_S)
    cycles = times_s * epoch.crystal_hz
    wave = amplitude * np.sin(2.0 * math.pi * (cycles - np.floor(cycles)))
    return grown * (rail / 2.0 + wave) + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 4)


def _uart(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    frames = epoch.frames(float(times_s.min()) - 12.0 / epoch.baud, float(times_s.max()) + 1e-9)
    instants, levels = level_edges(frames)
    tau = slowed(GATE_TAU_S, bandwidth_hz)
    line = render(times_s, instants, levels.astype(np.float64), initial=1.0, tau_rise_s=tau, tau_fall_s=tau)
    return line * _logic(epoch, times_s, bandwidth_hz)


def _switched(epoch: Epoch, times_s: Floats, bandwidth_hz: float, volts: float) -> Floats:
    """Return the output stage as it switches between 0 V and ``volts``; one that is stuck stays on."""
    stage = epoch.board.stage
    if stage.stuck_on:
        return np.full(times_s.shape, volts)
    instants, levels = epoch.switching(float(times_s.min()), float(times_s.max()) + 1e-9)
    rise, fall = slowed(stage.rise_tau_s, bandwidth_hz), slowed(stage.fall_tau_s, bandwidth_hz)
    steps = levels.astype(np.float64) * volts
    return render(times_s, instants, steps, initial=0.0, tau_rise_s=rise, tau_fall_s=fall)


def _lamp(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the LED string's current as the voltage of its sense resistor."""
    volts = epoch.active.load_a * epoch.board.stage.sense_ohm
    wave = _switched(epoch, times_s, bandwidth_hz, volts)
    return wave + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 5)


def _output(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the switched output: the load's voltage, with the main rail's ripple while it is on."""
    volts = epoch.active.load_v
    wave = _switched(epoch, times_s, bandwidth_hz, volts)
    if volts > 0.0:
        wave = wave + wave / volts * _ripple(epoch, times_s, bandwidth_hz)
    return wave + _noise(epoch, times_s, bandwidth_hz, MAIN_NOISE_V, 5)


def _audio(epoch: Epoch, times_s: Floats, bandwidth_hz: float, line_v: Floats | float = 0.0) -> Floats:
    """Return the amplifier's output: tone and ``line_v`` together as far as supply and clipping allow, and hum."""
    stage = epoch.board.stage
    on = _switched(epoch, times_s, bandwidth_hz, 1.0)
    cycles = times_s * stage.tone_hz / epoch.slowness
    level = stage.tone_v * float(np.abs(stage.passes(stage.tone_hz)))
    tone = level * gain(stage.tone_hz, bandwidth_hz) * np.sin(2.0 * math.pi * (cycles - np.floor(cycles)))
    wave: Floats = np.clip(on * tone + line_v, -stage.clip_v, stage.clip_v)
    if epoch.powers_mcu and stage.hum_v:
        hum = times_s * 100.0
        wave = wave + stage.hum_v * np.sin(2.0 * math.pi * (hum - np.floor(hum)))
    return wave + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 5)


def _thermistor(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the divider of 10 kΩ from the logic rail and the thermistor to ground."""
    ntc = epoch.board.ntc_ohm
    share = 1.0 if ntc is None or math.isinf(ntc) else ntc / (ntc + 10e3)
    return share * _logic(epoch, times_s, min(bandwidth_hz, 1e3))


def _reference(epoch: Epoch, times_s: Floats, _bandwidth_hz: float) -> Floats:
    return np.full(times_s.shape, epoch.board.reference_v if epoch.powers_mcu else 0.0)


def _stage(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    return _STAGES[epoch.board.stage.kind](epoch, times_s, bandwidth_hz)


def driven_stage(played: Callable[[Stage, Floats], Floats]) -> Wave:
    """Return the wave of an amplifier of which something drives the line input.

    ``played`` returns the volts that a stage would give for it at times in seconds if nothing limited them.
    """

    def wave(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
        line_v = played(epoch.board.stage, times_s) if epoch.powers_mcu else 0.0
        return _audio(epoch, times_s, bandwidth_hz, line_v)

    return wave


def _coil(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    """Return the driven end of a coil, with the flyback diode's drop after switching off."""
    wave = _switched(epoch, times_s, bandwidth_hz, epoch.active.load_v)
    instants, levels = epoch.switching(float(times_s.min()), float(times_s.max()) + 1e-9)
    fall = slowed(epoch.board.stage.fall_tau_s, bandwidth_hz)
    if instants.size and not epoch.board.stage.stuck_on:
        index = np.searchsorted(instants, times_s, side="right") - 1
        after_off = (index >= 0) & ~levels[np.maximum(index, 0)]
        since = times_s[after_off] - instants[index[after_off]]
        wave[after_off] += FLYBACK_V * np.exp(-since / FLYBACK_TAU_S) * -np.expm1(-since / fall)
    return wave + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 5)


def _bus_edges(epoch: Epoch, start_s: float, end_s: float, *, data: bool) -> tuple[Floats, Floats]:
    """Return the edges of SDA (``data``) or SCL: one reading of the sensor every 50 ms while the application runs."""
    instants: list[Floats] = []
    levels: list[Floats] = []
    stuck = epoch.board.bus_stuck
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
    rail = _logic(epoch, times_s, bandwidth_hz)
    if data and epoch.board.bus_stuck:
        return np.minimum(rail, STUCK_LOW_V + _noise(epoch, times_s, bandwidth_hz, LOGIC_NOISE_V, 6))
    instants, levels = _bus_edges(epoch, float(times_s.min()), float(times_s.max()) + 1e-9, data=data)
    rise, fall = slowed(BUS_RISE_TAU_S, bandwidth_hz), slowed(BUS_FALL_TAU_S, bandwidth_hz)
    return rail * render(times_s, instants, levels, initial=1.0, tau_rise_s=rise, tau_fall_s=fall)


def _sda(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    return _bus(epoch, times_s, bandwidth_hz, data=True)


def _scl(epoch: Epoch, times_s: Floats, bandwidth_hz: float) -> Floats:
    return _bus(epoch, times_s, bandwidth_hz, data=False)


def _ground(_epoch: Epoch, times_s: Floats, _bandwidth_hz: float) -> Floats:
    return np.zeros(times_s.shape)


_STAGES: Mapping[StageKind, Wave] = {
    StageKind.COIL: _coil,
    StageKind.LAMP: _lamp,
    StageKind.OUTPUT: _output,
    StageKind.AUDIO: _audio,
}
WAVES: Mapping[PointKind, Wave] = {
    PointKind.TERMINAL: _terminal,
    PointKind.GROUND: _ground,
    PointKind.MAIN: _main,
    PointKind.LOGIC: _logic,
    PointKind.CRYSTAL: _crystal,
    PointKind.UART: _uart,
    PointKind.STAGE: _stage,
    PointKind.SENSOR_SDA: _sda,
    PointKind.SENSOR_SCL: _scl,
    PointKind.THERMISTOR: _thermistor,
    PointKind.REFERENCE: _reference,
    PointKind.RESISTOR: _ground,
}
"""Every kind of test point and its wave (epoch, times, bandwidth of the input in hertz) → volts, shape of the times."""
