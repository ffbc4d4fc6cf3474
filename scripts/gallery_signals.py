"""The signals of the gallery: small, and what is true of each is known exactly."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from protocols.waveform import ThermalImage, Waveform

Floats = npt.NDArray[np.float64]


def wave(values: Floats, interval: float, name: str = "ch1", unit: str = "V", bits: int = 12) -> Waveform:
    """Return values as a converter of ``bits`` gives them."""
    span = float(np.ptp(values)) or 1.0
    scale = 1.2 * span / 2**bits
    middle = float(values.min() + values.max()) / 2
    codes = np.round((values - middle) / scale).astype(np.int16)
    return Waveform(name, codes, interval, scale=scale, offset=middle, unit=unit)


def noise(n: int, sigma: float, seed: int = 1) -> Floats:
    """Return reproducible noise of standard deviation ``sigma``, shape (n,)."""
    return np.random.default_rng(seed).normal(0.0, sigma, n)


def square() -> Waveform:
    """A square wave with exponential edges."""
    t = np.arange(4000) * 1e-8
    phase = (t * 250e3) % 1.0
    rising = 1 - np.exp(-np.where(phase < 0.4, phase, 0) / 250e3 / 40e-9)
    falling = np.exp(-np.where(phase >= 0.4, phase - 0.4, 0) / 250e3 / 40e-9)
    return wave(3.3 * np.where(phase < 0.4, rising, falling) + noise(4000, 5e-3), 1e-8)


def ringing() -> Waveform:
    """Pulses with a second-order step."""
    t = np.arange(4000) * 1e-8
    phase = (t % 20e-6) / 1e-6
    z, w = 0.3, 6.0
    step = 1 - np.exp(-z * w * phase) * (np.cos(w * 0.954 * phase) + 0.314 * np.sin(w * 0.954 * phase))
    return wave(np.where(t % 20e-6 < 10e-6, step, 0.0) + noise(4000, 1e-3), 1e-8)


def rail() -> Waveform:
    """A supply rail with triangular ripple."""
    t = np.arange(20_000) * 2e-9
    triangle = 2 * np.abs(2 * ((t * 100e3) % 1.0) - 1) - 1
    return wave(5.0 + 0.02 * triangle + noise(20_000, 1e-3), 2e-9)


def dropping() -> Waveform:
    """A rail with two interruptions."""
    t = np.arange(12_000) * 1e-4
    return wave(np.where((t > 0.4) & (t < 0.41) | (t > 0.9) & (t < 0.904), 1.2, 3.3) + noise(12_000, 5e-3), 1e-4)


def tone() -> Waveform:
    """A sine with a third harmonic."""
    t = np.arange(8192) / 96e3
    w = 2 * np.pi * 997.0 * t
    return wave(np.sin(w) + 1e-3 * np.sin(3 * w) + noise(8192, 1e-4), 1 / 96e3, bits=16)


def clock(n: int = 12_000) -> Waveform:
    """A crystal's sine, 12 ppm fast."""
    t = np.arange(n) * 1e-8
    return wave(1.65 + 0.55 * np.sin(2 * np.pi * 8e6 * (1 + 12e-6) * t) + noise(n, 4e-3), 1e-8, bits=8)


def jittery() -> Waveform:
    """A clock with random jitter."""
    rng = np.random.default_rng(3)
    edges = (np.arange(1, 400) + rng.normal(0, 0.005, 399)) * 0.5e-6
    t = np.arange(20_000) * 1e-8
    level = np.zeros(t.size)
    for number, edge in enumerate(edges):
        level += (1 if number % 2 == 0 else -1) / (1 + np.exp(-np.clip((t - edge) / 8e-9, -60, 60)))
    return wave(3.3 * level + noise(t.size, 5e-3), 1e-8)


def board(extra: float = 0.0) -> ThermalImage:
    """A board with one warm part, and another ``extra`` K warmer than it should be."""
    rows, columns = np.mgrid[0:24, 0:32]
    field = 25 + 9 * np.exp(-((rows - 8) ** 2 + (columns - 20) ** 2) / 5)
    field = field + extra * np.exp(-((rows - 16) ** 2 + (columns - 7) ** 2) / 4)
    return ThermalImage((field + noise(768, 0.05).reshape(24, 32)).astype(np.float32), 0.95)


def spoilt() -> ThermalImage:
    """A board seen by a camera with three bad pixels."""
    field = board().temperatures_c.copy()
    for row, column, rise in ((3, 5, 15.0), (12, 25, -1.0), (20, 14, 12.0)):
        field[row, column] += np.float32(rise)
    return ThermalImage(field, 0.95)


def moved_board() -> ThermalImage:
    """A board that lies a little elsewhere."""
    from edge_agent.analysis.registration import shifted

    moved = shifted(board().temperatures_c, 1.3, -0.7) + noise(768, 0.05, 9).reshape(24, 32)
    return ThermalImage(moved.astype(np.float32), 0.95)


def shiny() -> ThermalImage:
    """A board seen as if it were black."""
    return ThermalImage(board().temperatures_c, 1.0)


def inrush() -> Waveform:
    """An inrush that decays."""
    t = np.arange(8000) * 1e-6
    return wave(np.where(t > 1e-3, 20 * np.exp(-(t - 1e-3) / 1e-3), 0.0) + noise(8000, 2e-2), 1e-6, unit="A")


def esr() -> Waveform:
    """A capacitor's voltage when a current is switched on."""
    t = np.arange(4000) * 1e-6
    since = t - 0.9995e-3  # half-way between two samples
    v = np.where(since > 0, 0.1 * (35e-3 + since / 470e-6), 0.0)
    return wave(v + noise(4000, 2e-4), 1e-6, bits=16)


def load_step() -> Waveform:
    """A rail that drops and recovers."""
    t = np.arange(4000) * 1e-6
    after = np.maximum(t - 1e-3, 0)
    v = 5.0 - np.where(t > 1e-3, 0.05 + 0.15 * np.exp(-after / 2e-4), 0.0)
    return wave(v + noise(4000, 1e-3), 1e-6)


def sequence() -> list[Waveform]:
    """Three rails that come up in turn."""
    t = np.arange(4000) * 1e-6
    rails = []
    for number, (volts, begin) in enumerate(((5.0, 0.5e-3), (3.3, 1.2e-3), (1.8, 1.9e-3)), start=1):
        rails.append(wave(volts * np.clip((t - begin) / 3e-4, 0, 1) + noise(4000, 5e-3, number), 1e-6, f"ch{number}"))
    return rails


def low_pass() -> list[Waveform]:
    """Input and output of an RC at its corner."""
    t = np.arange(40_000) * 1e-6
    w = 2 * np.pi * 1591.549
    gain, lag = 1 / math.sqrt(2), math.pi / 4
    return [wave(np.cos(w * t), 1e-6, "in"), wave(gain * np.cos(w * t - lag), 1e-6, "out")]


def vi() -> list[Waveform]:
    """Voltage and current of a capacitor."""
    phase = 2 * np.pi * np.arange(4000) / 4000
    return [wave(np.sin(phase), 1e-5, "v"), wave(1e-3 * np.cos(phase), 1e-5, "i", "A")]


def motor() -> Waveform:
    """A motor's current with two sidebands."""
    t = np.arange(40_000) / 4e3
    line = np.cos(2 * np.pi * 50 * t)
    bands = 10 ** (-50 / 20) * (np.cos(2 * np.pi * 47 * t) + np.cos(2 * np.pi * 53 * t))
    return wave(line + bands + noise(40_000, 1e-4), 1 / 4e3, unit="A", bits=16)


def uart(text: bytes = b"boot 1.4.2\r\n") -> Waveform:
    """A line that sends ``text``."""
    bits = [1] * 20
    for byte in text:
        bits += [0, *((byte >> n) & 1 for n in range(8)), 1]
    bits += [1] * 20
    levels = np.repeat(np.array(bits, dtype=np.float64), 40)
    return wave(3.3 * levels + noise(levels.size, 2e-2), 1 / 115200 / 40)


def line(levels: list[tuple[int, int]], rate_hz: float, bit: int = 0, name: str = "line") -> Waveform:
    """Return one bit of (word, samples) as a noisy 3.3 V record."""
    words, counts = zip(*levels, strict=True)
    volts = 3.3 * np.repeat((np.array(words) >> bit) & 1, counts)
    return wave(volts + noise(volts.size, 2e-2, bit + 1), 1 / rate_hz, name)


def msb_first(octet: int) -> list[int]:
    """Return the bits of ``octet``, the first one highest."""
    return [octet >> place & 1 for place in range(7, -1, -1)]


def i2c() -> list[Waveform]:
    """A write over I²C."""
    levels = [(3, 40), (1, 10), (0, 10)]  # SCL is bit 0, SDA bit 1
    for octet, answered in ((0xB4, 1), (0x07, 1)):
        for bit in (*msb_first(octet), 1 - answered):
            levels += [(bit << 1, 10), (bit << 1 | 1, 20), (bit << 1, 10)]
    levels += [(0, 10), (1, 10), (3, 40)]
    return [line(levels, 4e6, 0, "SCL"), line(levels, 4e6, 1, "SDA")]


def spi() -> list[Waveform]:
    """A transfer over SPI."""
    levels = [(4, 40)]  # clock, MOSI, CS#
    for octet in (0x9F, 0xC2, 0x20, 0x15):
        for bit in msb_first(octet):
            levels += [(bit << 1, 10), (bit << 1 | 1, 10)]
    levels += [(0, 10), (4, 40)]
    return [line(levels, 50e6, bit, name) for bit, name in enumerate(("CLK", "MOSI", "CS"))]


def onewire() -> Waveform:
    """A reset and two bytes over 1-Wire."""
    levels = [(1, 100), (0, 480), (1, 30), (0, 120), (1, 330)]
    for octet in (0xCC, 0x44):
        for bit in reversed(msb_first(octet)):
            levels += [(0, 6), (1, 69)] if bit else [(0, 65), (1, 10)]
    return line([*levels, (1, 100)], 1e6)


def leds() -> Waveform:
    """Two diodes' colours."""
    levels = [(0, 1200)]
    for octet in (0x10, 0xFF, 0x00, 0x00, 0x40, 0x80):
        for bit in msb_first(octet):
            levels += [(1, 16), (0, 9)] if bit else [(1, 8), (0, 17)]
    return line([*levels, (0, 1200)], 20e6)


def can() -> Waveform:
    """A CAN frame of two bytes."""
    body = f"0{0x123:011b}000{2:04b}{0x0102:016b}"
    rest = int(body, 2) << 15
    while rest >> 15:  # the CRC: x¹⁵ + x¹⁴ + x¹⁰ + x⁸ + x⁷ + x⁴ + x³ + 1
        rest ^= 0xC599 << (rest.bit_length() - 16)
    sent, run = "", ""
    for bit in f"{body}{rest:015b}":
        sent += bit
        run = run + bit if run.endswith(bit) else bit
        if len(run) == 5:
            run = "10"[int(bit)]
            sent += run
    return line([(1, 300), *((int(bit), 20) for bit in f"{sent}1011111111111"), (1, 300)], 10e6)


def prbs() -> Waveform:
    """Random bits with slow edges."""
    state, bits = 0x7F, []
    for _ in range(600):
        state = ((state << 1) | ((state >> 6) ^ (state >> 5)) & 1) & 0x7F
        bits.append(state & 1)
    levels = np.convolve(np.repeat(np.array(bits, dtype=np.float64), 20), np.ones(6) / 6, mode="same")
    return wave(0.8 * levels + noise(levels.size, 2e-2), 1e-10)


def pulse(seed: int, bad: float = 0.0) -> Waveform:
    """A pulse of one unit, with a glitch of ``bad`` V."""
    rng = np.random.default_rng(seed)
    t = np.arange(1024) * 1e-6
    values = (1 + 0.01 * rng.normal()) * np.exp(-(((t - 5e-4) / 1e-4) ** 2))
    values = values + bad * np.exp(-(((t - 7e-4) / 1e-5) ** 2))
    return wave(values + rng.normal(0, 2e-3, 1024), 1e-6)


def drifting() -> Waveform:
    """Readings that drift."""
    return wave(3.3 + 1e-6 * np.arange(720) + noise(720, 1e-4), 10.0, bits=16)


def cooling() -> Waveform:
    """A part that warms up."""
    t = np.arange(400) * 0.1
    return wave(25 + 30 * (1 - np.exp(-t / 35.0)) + noise(400, 0.04), 0.1, unit="Cel", bits=16)


LOG = """reset: power-on
app: SP-100 1.4.2 start
i2c: error: no sensor at 0x48
Guru Meditation Error: Core 0 panic'ed
reset: watchdog
app: SP-100 1.4.2 start
app: ready
"""


def mask(heat: bool) -> Any:
    """A mask learned from ten good units."""
    from edge_agent.analysis.features import MaskKind
    from edge_agent.analysis.mask import learn

    if not heat:
        return learn(MaskKind.WAVEFORM, [[pulse(seed)] for seed in range(10)])
    images = []
    for seed in range(10):
        shifted = board().temperatures_c + np.random.default_rng(seed).normal(0, 0.05, (24, 32)).astype(np.float32)
        images.append(ThermalImage(shifted, 0.95))
    return learn(MaskKind.HEAT, images)
