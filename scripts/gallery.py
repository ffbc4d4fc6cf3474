"""The gallery of analyses: an input that is known exactly, what comes out, and a picture, all from the code itself.

``make docs`` writes it to ``docs/analysis/``: a page and one small SVG for each analysis of the catalogue. The same
code gives the same bytes, so a test compares what is checked in.
"""

import inspect
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
from scripts import gallery_signals as signals

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


EXAMPLES: dict[str, Callable[[], Example]] = {
    "levels": lambda: Example("3.3 V logic, edges with τ = 40 ns, 5 mV noise", signals.square(), {}),
    "pulse": lambda: Example("250 kHz, 40 % duty, edges with τ = 40 ns (10–90 %: 88 ns)", signals.square(), {}),
    "settling": lambda: Example("second-order step, damping 0.3", signals.ringing(), {"tolerance_percent": 5.0}),
    "jitter": lambda: Example("1 MHz clock, random jitter 2.5 ns on each edge", signals.jittery(), {}),
    "rail": lambda: Example("5 V, triangular ripple 40 mV peak to peak at 100 kHz, 1 mV noise", signals.rail(), {}),
    "dropouts": lambda: Example("two interruptions of 10 ms and 4 ms", signals.dropping(), {"nominal": 3.3}),
    "tone": lambda: Example("997 Hz, third harmonic at −60 dB", signals.tone(), {}),
    "thd_n": lambda: Example("997 Hz, third harmonic at −60 dB, noise", signals.tone(), {}),
    "statistics": lambda: Example("drift 0.1 µV/s, 0.1 mV noise", signals.drifting(), {}),
    "bad_pixels": lambda: Example("three planted", signals.spoilt(), {}),
    "surface": lambda: Example(
        "seen as black, in truth ε 0.6 in a room of 22 °C", signals.shiny(), {"emissivity": 0.6, "reflected_c": 22.0}
    ),
    "i2c": lambda: Example("a write of 0x07 to the thermometer at 0x5A", signals.i2c(), {}),
    "spi": lambda: Example("a flash memory's identification: clock, MOSI, CS#", signals.spi(), {}),
    "onewire": lambda: Example("reset, presence, “skip ROM”, “convert”", signals.onewire(), {}),
    "ws2812": lambda: Example("two diodes", signals.leds(), {}),
    "can": lambda: Example("identifier 0x123, two bytes, 500 kbit/s", signals.can(), {"bit_rate_hz": 500e3}),
    "sine_fit": lambda: Example("997 Hz, amplitude 1 V", signals.tone(), {}),
    "frequency": lambda: Example("8 MHz + 12 ppm, 8 bit", signals.clock(), {"nominal_hz": 8e6, "time_base_ppm": 25.0}),
    "hot_spots": lambda: Example("spot of 9 K", signals.board(), {"threshold_k": 4.0}),
    "hot_spots_against": lambda: Example(
        "6 K that the good board does not have", signals.board(6.0), {"reference": signals.board(), "threshold_k": 3.0}
    ),
    "region": lambda: Example(
        "five by five pixels about a spot", signals.board(), {"top": 6, "left": 18, "height": 5, "width": 5}
    ),
    "registration": lambda: Example(
        "1.3 px lower, 0.7 px further left", signals.moved_board(), {"reference": signals.board()}
    ),
    "time_constant": lambda: Example("30 K with τ = 35 s, 40 mK noise, 40 s long", signals.cooling(), {}),
    "stability": lambda: Example("drift 0.1 µV/s, 0.1 mV noise, a reading every 10 s", signals.drifting(), {}),
    "esr": lambda: Example("35 mΩ and 470 µF, 0.1 A step, 200 µV noise", signals.esr(), {"current_a": 0.1}),
    "inrush": lambda: Example("20 A falling with τ = 1 ms (I²t = 0.2 A²s)", signals.inrush(), {}),
    "load_step": lambda: Example("5 V, 200 mV undershoot, recovery with τ = 0.2 ms to −50 mV", signals.load_step(), {}),
    "sequencing": lambda: Example("5 V, 3.3 V and 1.8 V, 0.7 ms apart", signals.sequence(), {}),
    "response": lambda: Example("RC at its corner: −3.01 dB, −45°", signals.low_pass(), {"frequency_hz": 1591.549}),
    "vi_signature": lambda: Example("a capacitor: an ellipse of π·V·I = 3.14 mVA", signals.vi(), {}),
    "sidebands": lambda: Example(
        "50 Hz with bands of −50 dB at ± 3 Hz", signals.motor(), {"line_hz": 50.0, "offset_hz": 3.0}
    ),
    "uart": lambda: Example("“boot 1.4.2” at 115200 8N1", signals.uart(), {"baud": 115200.0}),
    "eye": lambda: Example("PRBS7, 20 samples a bit, 20 mV noise", signals.prbs(), {}),
    "golden": lambda: Example(
        "a pulse with a glitch of 80 mV, beside six good ones",
        [signals.pulse(99, 0.08), *map(signals.pulse, range(6))],
        {},
    ),
    "golden_mask": lambda: Example(
        "a pulse with a glitch of 80 mV; mask of ten good units",
        [signals.pulse(99, 0.08)],
        {"mask": signals.mask(heat=False)},
    ),
    "golden_heat": lambda: Example(
        "6 K too warm; mask of ten good boards", signals.board(6.0), {"mask": signals.mask(heat=True)}
    ),
    "boot_log": lambda: Example("a panic, then a watchdog reset", signals.LOG, {}),
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
