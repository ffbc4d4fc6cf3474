"""The gallery of analyses: an input that is known exactly, what comes out, and a picture, all from the code itself.

``make docs`` writes it to ``docs/analysis/``: a page and one small SVG for each analysis of the catalogue. The same
code gives the same bytes, so a test compares what is checked in.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.registry import AnalysisSpec, FieldKind, InputKind, Parameter, ParameterKind, analyses, run
from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity, format_measured
from protocols.waveform import ThermalImage, Waveform

FOLDER = "docs/analysis"
Floats = npt.NDArray[np.float64]
WIDTH, HEIGHT, MARGIN = 480, 150, 8
_COLOURS = ("#1565c0", "#c62828", "#2e7d32", "#6a1b9a")


@dataclass(frozen=True)
class Example:
    """An input with what is true of it, in words, and the parameters of the analysis."""

    says: str
    signal: Any
    parameters: dict[str, Any]


def _wave(values: Floats, interval: float, name: str = "ch1", unit: str = "V", bits: int = 12) -> Waveform:
    """Return values as a converter of ``bits`` gives them."""
    span = float(np.ptp(values)) or 1.0
    scale = 1.2 * span / 2**bits
    middle = float(values.min() + values.max()) / 2
    codes = np.round((values - middle) / scale).astype(np.int16)
    return Waveform(name, codes, interval, scale=scale, offset=middle, unit=unit)


def _noise(n: int, sigma: float, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0.0, sigma, n)


def _square() -> Waveform:
    t = np.arange(4000) * 1e-8
    phase = (t * 250e3) % 1.0
    rising = 1 - np.exp(-np.where(phase < 0.4, phase, 0) / 250e3 / 40e-9)
    falling = np.exp(-np.where(phase >= 0.4, phase - 0.4, 0) / 250e3 / 40e-9)
    return _wave(3.3 * np.where(phase < 0.4, rising, falling) + _noise(4000, 5e-3), 1e-8)


def _ringing() -> Waveform:
    t = np.arange(4000) * 1e-8
    phase = (t % 20e-6) / 1e-6
    z, w = 0.3, 6.0
    step = 1 - np.exp(-z * w * phase) * (np.cos(w * 0.954 * phase) + 0.314 * np.sin(w * 0.954 * phase))
    return _wave(np.where(t % 20e-6 < 10e-6, step, 0.0) + _noise(4000, 1e-3), 1e-8)


def _rail() -> Waveform:
    t = np.arange(20_000) * 2e-9
    triangle = 2 * np.abs(2 * ((t * 100e3) % 1.0) - 1) - 1
    return _wave(5.0 + 0.02 * triangle + _noise(20_000, 1e-3), 2e-9)


def _dropping() -> Waveform:
    t = np.arange(12_000) * 1e-4
    return _wave(np.where((t > 0.4) & (t < 0.41) | (t > 0.9) & (t < 0.904), 1.2, 3.3) + _noise(12_000, 5e-3), 1e-4)


def _tone() -> Waveform:
    t = np.arange(8192) / 96e3
    w = 2 * np.pi * 997.0 * t
    return _wave(np.sin(w) + 1e-3 * np.sin(3 * w) + _noise(8192, 1e-4), 1 / 96e3, bits=16)


def _clock(n: int = 12_000) -> Waveform:
    t = np.arange(n) * 1e-8
    return _wave(1.65 + 0.55 * np.sin(2 * np.pi * 8e6 * (1 + 12e-6) * t) + _noise(n, 4e-3), 1e-8, bits=8)


def _jittery() -> Waveform:
    rng = np.random.default_rng(3)
    edges = (np.arange(1, 400) + rng.normal(0, 0.005, 399)) * 0.5e-6
    t = np.arange(20_000) * 1e-8
    level = np.zeros(t.size)
    for number, edge in enumerate(edges):
        level += (1 if number % 2 == 0 else -1) / (1 + np.exp(-np.clip((t - edge) / 8e-9, -60, 60)))
    return _wave(3.3 * level + _noise(t.size, 5e-3), 1e-8)


def _board(extra: float = 0.0) -> ThermalImage:
    rows, columns = np.mgrid[0:24, 0:32]
    field = 25 + 9 * np.exp(-((rows - 8) ** 2 + (columns - 20) ** 2) / 5)
    field = field + extra * np.exp(-((rows - 16) ** 2 + (columns - 7) ** 2) / 4)
    return ThermalImage((field + _noise(768, 0.05).reshape(24, 32)).astype(np.float32), 0.95)


def _spoilt() -> ThermalImage:
    field = _board().temperatures_c.copy()
    for row, column, rise in ((3, 5, 15.0), (12, 25, -1.0), (20, 14, 12.0)):
        field[row, column] += np.float32(rise)
    return ThermalImage(field, 0.95)


def _moved_board() -> ThermalImage:
    from edge_agent.analysis.registration import shifted

    moved = shifted(_board().temperatures_c, 1.3, -0.7) + _noise(768, 0.05, 9).reshape(24, 32)
    return ThermalImage(moved.astype(np.float32), 0.95)


def _shiny() -> ThermalImage:
    return ThermalImage(_board().temperatures_c, 1.0)


def _inrush() -> Waveform:
    t = np.arange(8000) * 1e-6
    return _wave(np.where(t > 1e-3, 20 * np.exp(-(t - 1e-3) / 1e-3), 0.0) + _noise(8000, 2e-2), 1e-6, unit="A")


def _esr() -> Waveform:
    t = np.arange(4000) * 1e-6
    since = t - 0.9995e-3  # half-way between two samples
    v = np.where(since > 0, 0.1 * (35e-3 + since / 470e-6), 0.0)
    return _wave(v + _noise(4000, 2e-4), 1e-6, bits=16)


def _load_step() -> Waveform:
    t = np.arange(4000) * 1e-6
    after = np.maximum(t - 1e-3, 0)
    v = 5.0 - np.where(t > 1e-3, 0.05 + 0.15 * np.exp(-after / 2e-4), 0.0)
    return _wave(v + _noise(4000, 1e-3), 1e-6)


def _sequence() -> list[Waveform]:
    t = np.arange(4000) * 1e-6
    rails = []
    for number, (volts, begin) in enumerate(((5.0, 0.5e-3), (3.3, 1.2e-3), (1.8, 1.9e-3)), start=1):
        rails.append(_wave(volts * np.clip((t - begin) / 3e-4, 0, 1) + _noise(4000, 5e-3, number), 1e-6, f"ch{number}"))
    return rails


def _filter() -> list[Waveform]:
    t = np.arange(40_000) * 1e-6
    w = 2 * np.pi * 1591.549
    gain, lag = 1 / math.sqrt(2), math.pi / 4
    return [_wave(np.cos(w * t), 1e-6, "in"), _wave(gain * np.cos(w * t - lag), 1e-6, "out")]


def _vi() -> list[Waveform]:
    phase = 2 * np.pi * np.arange(4000) / 4000
    return [_wave(np.sin(phase), 1e-5, "v"), _wave(1e-3 * np.cos(phase), 1e-5, "i", "A")]


def _motor() -> Waveform:
    t = np.arange(40_000) / 4e3
    line = np.cos(2 * np.pi * 50 * t)
    bands = 10 ** (-50 / 20) * (np.cos(2 * np.pi * 47 * t) + np.cos(2 * np.pi * 53 * t))
    return _wave(line + bands + _noise(40_000, 1e-4), 1 / 4e3, unit="A", bits=16)


def _uart(text: bytes = b"boot 1.4.2\r\n") -> Waveform:
    bits = [1] * 20
    for byte in text:
        bits += [0, *((byte >> n) & 1 for n in range(8)), 1]
    bits += [1] * 20
    levels = np.repeat(np.array(bits, dtype=np.float64), 40)
    return _wave(3.3 * levels + _noise(levels.size, 2e-2), 1 / 115200 / 40)


def _line(levels: list[tuple[int, int]], rate_hz: float, bit: int = 0, name: str = "line") -> Waveform:
    """Return one bit of (word, samples) as a noisy 3.3 V record."""
    words, counts = zip(*levels, strict=True)
    volts = 3.3 * np.repeat((np.array(words) >> bit) & 1, counts)
    return _wave(volts + _noise(volts.size, 2e-2, bit + 1), 1 / rate_hz, name)


def _msb_first(octet: int) -> list[int]:
    return [octet >> place & 1 for place in range(7, -1, -1)]


def _i2c() -> list[Waveform]:
    levels = [(3, 40), (1, 10), (0, 10)]  # SCL is bit 0, SDA bit 1
    for octet, answered in ((0xB4, 1), (0x07, 1)):
        for bit in (*_msb_first(octet), 1 - answered):
            levels += [(bit << 1, 10), (bit << 1 | 1, 20), (bit << 1, 10)]
    levels += [(0, 10), (1, 10), (3, 40)]
    return [_line(levels, 4e6, 0, "SCL"), _line(levels, 4e6, 1, "SDA")]


def _spi() -> list[Waveform]:
    levels = [(4, 40)]  # clock, MOSI, CS#
    for octet in (0x9F, 0xC2, 0x20, 0x15):
        for bit in _msb_first(octet):
            levels += [(bit << 1, 10), (bit << 1 | 1, 10)]
    levels += [(0, 10), (4, 40)]
    return [_line(levels, 50e6, bit, name) for bit, name in enumerate(("CLK", "MOSI", "CS"))]


def _onewire() -> Waveform:
    levels = [(1, 100), (0, 480), (1, 30), (0, 120), (1, 330)]
    for octet in (0xCC, 0x44):
        for bit in reversed(_msb_first(octet)):
            levels += [(0, 6), (1, 69)] if bit else [(0, 65), (1, 10)]
    return _line([*levels, (1, 100)], 1e6)


def _leds() -> Waveform:
    levels = [(0, 1200)]
    for octet in (0x10, 0xFF, 0x00, 0x00, 0x40, 0x80):
        for bit in _msb_first(octet):
            levels += [(1, 16), (0, 9)] if bit else [(1, 8), (0, 17)]
    return _line([*levels, (0, 1200)], 20e6)


def _can() -> Waveform:
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
    return _line([(1, 300), *((int(bit), 20) for bit in f"{sent}1011111111111"), (1, 300)], 10e6)


def _prbs() -> Waveform:
    state, bits = 0x7F, []
    for _ in range(600):
        state = ((state << 1) | ((state >> 6) ^ (state >> 5)) & 1) & 0x7F
        bits.append(state & 1)
    levels = np.convolve(np.repeat(np.array(bits, dtype=np.float64), 20), np.ones(6) / 6, mode="same")
    return _wave(0.8 * levels + _noise(levels.size, 2e-2), 1e-10)


def _pulse(seed: int, bad: float = 0.0) -> Waveform:
    rng = np.random.default_rng(seed)
    t = np.arange(1024) * 1e-6
    values = (1 + 0.01 * rng.normal()) * np.exp(-(((t - 5e-4) / 1e-4) ** 2))
    values = values + bad * np.exp(-(((t - 7e-4) / 1e-5) ** 2))
    return _wave(values + rng.normal(0, 2e-3, 1024), 1e-6)


def _drifting() -> Waveform:
    return _wave(3.3 + 1e-6 * np.arange(720) + _noise(720, 1e-4), 10.0, bits=16)


def _cooling() -> Waveform:
    t = np.arange(400) * 0.1
    return _wave(25 + 30 * (1 - np.exp(-t / 35.0)) + _noise(400, 0.04), 0.1, unit="Cel", bits=16)


_LOG = """reset: power-on
app: SP-100 1.4.2 start
i2c: error: no sensor at 0x48
Guru Meditation Error: Core 0 panic'ed
reset: watchdog
app: SP-100 1.4.2 start
app: ready
"""


def _mask(heat: bool) -> Any:
    from edge_agent.analysis.features import MaskKind
    from edge_agent.analysis.mask import learn

    if not heat:
        return learn(MaskKind.WAVEFORM, [[_pulse(seed)] for seed in range(10)])
    images = []
    for seed in range(10):
        shifted = _board().temperatures_c + np.random.default_rng(seed).normal(0, 0.05, (24, 32)).astype(np.float32)
        images.append(ThermalImage(shifted, 0.95))
    return learn(MaskKind.HEAT, images)


EXAMPLES: dict[str, Callable[[], Example]] = {
    "levels": lambda: Example("3.3 V logic, edges with τ = 40 ns, 5 mV noise", _square(), {}),
    "pulse": lambda: Example("250 kHz, 40 % duty, edges with τ = 40 ns (10–90 %: 88 ns)", _square(), {}),
    "settling": lambda: Example("second-order step, damping 0.3", _ringing(), {"tolerance_percent": 5.0}),
    "jitter": lambda: Example("1 MHz clock, random jitter 2.5 ns on each edge", _jittery(), {}),
    "rail": lambda: Example("5 V, triangular ripple 40 mV peak to peak at 100 kHz, 1 mV noise", _rail(), {}),
    "dropouts": lambda: Example("two interruptions of 10 ms and 4 ms", _dropping(), {"nominal": 3.3}),
    "tone": lambda: Example("997 Hz, third harmonic at −60 dB", _tone(), {}),
    "thd_n": lambda: Example("997 Hz, third harmonic at −60 dB, noise", _tone(), {}),
    "statistics": lambda: Example("drift 0.1 µV/s, 0.1 mV noise", _drifting(), {}),
    "bad_pixels": lambda: Example("three planted", _spoilt(), {}),
    "surface": lambda: Example(
        "seen as black, in truth ε 0.6 in a room of 22 °C", _shiny(), {"emissivity": 0.6, "reflected_c": 22.0}
    ),
    "i2c": lambda: Example("a write of 0x07 to the thermometer at 0x5A", _i2c(), {}),
    "spi": lambda: Example("a flash memory's identification: clock, MOSI, CS#", _spi(), {}),
    "onewire": lambda: Example("reset, presence, “skip ROM”, “convert”", _onewire(), {}),
    "ws2812": lambda: Example("two diodes", _leds(), {}),
    "can": lambda: Example("identifier 0x123, two bytes, 500 kbit/s", _can(), {"bit_rate_hz": 500e3}),
    "sine_fit": lambda: Example("997 Hz, amplitude 1 V", _tone(), {}),
    "frequency": lambda: Example("8 MHz + 12 ppm, 8 bit", _clock(), {"nominal_hz": 8e6, "time_base_ppm": 25.0}),
    "hot_spots": lambda: Example("spot of 9 K", _board(), {"threshold_k": 4.0}),
    "hot_spots_against": lambda: Example(
        "6 K that the good board does not have", _board(6.0), {"reference": _board(), "threshold_k": 3.0}
    ),
    "region": lambda: Example(
        "five by five pixels about a spot", _board(), {"top": 6, "left": 18, "height": 5, "width": 5}
    ),
    "registration": lambda: Example("1.3 px lower, 0.7 px further left", _moved_board(), {"reference": _board()}),
    "time_constant": lambda: Example("30 K with τ = 35 s, 40 mK noise, 40 s long", _cooling(), {}),
    "stability": lambda: Example("drift 0.1 µV/s, 0.1 mV noise, a reading every 10 s", _drifting(), {}),
    "esr": lambda: Example("35 mΩ and 470 µF, 0.1 A step, 200 µV noise", _esr(), {"current_a": 0.1}),
    "inrush": lambda: Example("20 A falling with τ = 1 ms (I²t = 0.2 A²s)", _inrush(), {}),
    "load_step": lambda: Example("5 V, 200 mV undershoot, recovery with τ = 0.2 ms to −50 mV", _load_step(), {}),
    "sequencing": lambda: Example("5 V, 3.3 V and 1.8 V, 0.7 ms apart", _sequence(), {}),
    "response": lambda: Example("RC at its corner: −3.01 dB, −45°", _filter(), {"frequency_hz": 1591.549}),
    "vi_signature": lambda: Example("a capacitor: an ellipse of π·V·I = 3.14 mVA", _vi(), {}),
    "sidebands": lambda: Example("50 Hz with bands of −50 dB at ± 3 Hz", _motor(), {"line_hz": 50.0, "offset_hz": 3.0}),
    "uart": lambda: Example("“boot 1.4.2” at 115200 8N1", _uart(), {"baud": 115200.0}),
    "eye": lambda: Example("PRBS7, 20 samples a bit, 20 mV noise", _prbs(), {}),
    "golden": lambda: Example(
        "a pulse with a glitch of 80 mV, beside six good ones", [_pulse(99, 0.08), *map(_pulse, range(6))], {}
    ),
    "golden_mask": lambda: Example(
        "a pulse with a glitch of 80 mV; mask of ten good units", [_pulse(99, 0.08)], {"mask": _mask(heat=False)}
    ),
    "golden_heat": lambda: Example("6 K too warm; mask of ten good boards", _board(6.0), {"mask": _mask(heat=True)}),
    "boot_log": lambda: Example("a panic, then a watchdog reset", _LOG, {}),
}
"""An example for each analysis of the catalogue; a test says so when one is missing."""


def picture(signal: Any) -> str:
    """Return a small SVG of an input: the envelope of each waveform, the pixels of an image."""
    if isinstance(signal, ThermalImage):
        return _heat(signal.temperatures_c)
    if isinstance(signal, str):
        return ""
    waves = [signal] if isinstance(signal, Waveform) else list(signal)[:4]
    body = "".join(_curve(wave, colour) for wave, colour in zip(waves, _COLOURS, strict=False))
    return _svg(body)


def _svg(body: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    return f'{head}\n<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff" stroke="#ccc"/>\n{body}</svg>\n'


def _curve(wave: Waveform, colour: str) -> str:
    """Draw smallest and largest of each of at most 232 spans, so that no glitch is lost."""
    values = wave.values()
    spans = min(232, values.size)
    starts = (np.arange(spans) * values.size // spans).astype(np.int64)
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    bottom, span = float(values.min()), float(np.ptp(values)) or 1.0
    x = MARGIN + (WIDTH - 2 * MARGIN) * np.arange(spans) / max(1, spans - 1)

    def height(level: Floats) -> Floats:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (level - bottom) / span

    there = [f"{a:.0f},{b:.0f}" for a, b in zip(x, height(high), strict=True)]
    back = [f"{a:.0f},{b:.0f}" for a, b in zip(x[::-1], height(low)[::-1], strict=True)]
    points = " ".join((*there, *back))
    return f'<polygon points="{points}" fill="{colour}" fill-opacity="0.5" stroke="{colour}" stroke-width="1"/>\n'


def _heat(field: npt.NDArray[Any]) -> str:
    rows, columns = field.shape
    size = (HEIGHT - 2 * MARGIN) / rows
    low, span = float(field.min()), float(np.ptp(field)) or 1.0
    parts = []
    for row in range(rows):
        for column in range(columns):
            share = (float(field[row, column]) - low) / span
            if share < 0.12:  # the background is one rectangle
                continue
            colour = f"#{round(255 * min(1, 2 * share)):02x}{round(255 * max(0, 2 * share - 1)):02x}40"
            x, y = MARGIN + column * size, MARGIN + row * size
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{colour}"/>\n')
    background = (
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{columns * size:.1f}" height="{rows * size:.1f}" fill="#001040"/>\n'
    )
    return _svg(background + "".join(parts))


def page(spec: AnalysisSpec, example: Example) -> str:
    """Return the section of one analysis."""
    module, name = spec.target.split(":")
    function = getattr(import_module(f"edge_agent.analysis.{module}"), name)
    found = run(spec.name, example.signal, **example.parameters)
    lines = [f"## {spec.name}", "", f"{spec.summary['en']} · {spec.summary['zh-CN']}", ""]
    lines += [inspect.cleandoc(function.__doc__ or ""), ""]
    kind = spec.input_kind.value
    given = ", ".join(f"`{one}: {_plain(value)}`" for one, value in example.parameters.items())
    lines += [f"**Input** ({kind}): {example.says}" + (f"; {given}" if given else "") + ".", ""]
    if not isinstance(example.signal, str):
        lines += [f"![{spec.name}]({spec.name}.svg)", ""]
    lines += ["| field | unit | example |", "|---|---|---|"]
    lines += [f"| `{one}` | {_unit(spec, one)} | {_said(found[one])} |" for one in spec.fields]
    known = {one: value for one, value in spec.parameters.items() if value.kind is not ParameterKind.ACCURACY}
    parameters = [_parameter(one, value) for one, value in known.items()]
    lines += ["", *parameters, ""] if parameters else [""]
    return "\n".join(lines)


def _parameter(name: str, one: Parameter) -> str:
    unit = "" if one.unit == "1" else f", in {one.unit}"
    return f"- `{name}`: {one.help}{unit}"


def _unit(spec: AnalysisSpec, field: str) -> str:
    if spec.fields[field].kind is not FieldKind.QUANTITY:
        return spec.fields[field].kind.value
    unit = spec.fields[field].unit
    return {"input": "that of the input", "derived": "that of the inputs", "1": ""}.get(unit, unit)


def _said(value: Any) -> str:
    if isinstance(value, Quantity):
        expanded = None if value.standard_uncertainty is None else 2 * value.standard_uncertainty
        return format_measured(value.value, value.unit, expanded)
    if isinstance(value, NoAnswer):
        return f"none: {value.reason}"
    return " ".join(str(value).replace("|", "\\|").split()) or "–"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, int | str) else "…"


_HEAD = """# Gallery of analyses

For each analysis of the catalogue: what it is (from its docstring: standard, units, accuracy, limits), an input that is
known exactly, what comes out (value ± U, k = 2, the record's part alone), and its parameters in a test plan. Written by
`make docs` from the code; how right the numbers are is in [verification](../verification.md), how fast in `make bench`.

"""


@cache
def files() -> dict[str, str]:
    """Return every file of the gallery by its path in the repository."""
    made: dict[str, str] = {}
    index, sections = [], []
    for name, spec in sorted(analyses().items()):
        example = EXAMPLES[name]()
        index.append(f"[{name}](#{name})")
        sections.append(page(spec, example))
        drawn = picture(example.signal)
        if drawn:
            made[f"{FOLDER}/{name}.svg"] = drawn
    made[f"{FOLDER}/README.md"] = _HEAD + " · ".join(index) + "\n\n" + "\n".join(sections)
    return made


def paths() -> list[str]:
    """Return the paths of the gallery's files, without running any analysis."""
    drawn = [name for name, spec in analyses().items() if spec.input_kind is not InputKind.TEXT]
    return [f"{FOLDER}/README.md", *(f"{FOLDER}/{name}.svg" for name in sorted(drawn))]
