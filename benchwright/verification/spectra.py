"""Tones, responses, signatures, alignment and thermal images."""

import math

import numpy as np
import numpy.typing as npt

from benchwright.verification.case import Case, Found, absolute, number, relative
from benchwright.verification.pulses import field
from edge_agent.analysis.current_signature import sidebands
from edge_agent.analysis.golden import delay_samples
from edge_agent.analysis.pixels import bad_pixels
from edge_agent.analysis.radiometry import LONG_WAVE, corrected, time_constant
from edge_agent.analysis.registration import registration, shifted
from edge_agent.analysis.response import response, vi_signature
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.sine_fit import sine_fit_4
from edge_agent.analysis.spectrum import tone_metrics
from protocols.waveform import ThermalImage, Waveform

Floats = npt.NDArray[np.float64]


def _sinad() -> Found:
    """The worst of a thousand tones, each beside the residual of its own rounding that no sine near it explains."""
    rng = np.random.default_rng(1)
    n, worst = 8192, Found(0.0, 0.0, 0.0)
    for k in range(1000):
        bits = int(rng.integers(8, 13))
        frequency = rng.uniform(17 / n, 0.5 - 8 / n)
        frequency = round(frequency * n) / n if k % 2 else frequency
        angle = 2 * np.pi * frequency * np.arange(n)
        amplitude, phase = rng.uniform(0.5, 0.99) * 2 ** (bits - 1), rng.uniform(0, 6.28)
        codes = np.round(amplitude * np.sin(angle + phase)).astype(np.int16)
        slope = np.linspace(-1, 1, n) * np.cos(angle + phase)
        basis = np.column_stack([np.cos(angle), np.sin(angle), np.ones(n), slope])
        fit = np.linalg.solve(basis.T @ basis, basis.T @ codes)
        rest = codes - basis @ fit
        exact = 10 * math.log10(0.5 * float(fit[0] ** 2 + fit[1] ** 2) / float(np.mean(rest**2)))
        found = absolute(exact, field(tone_metrics(Waveform("case", codes, 1.0)), "sinad"))
        if not found.error <= worst.error:
            worst = found
    return worst


def _sine_frequency() -> Found:
    f = 0.0123456789
    wave = Waveform("case", np.sin(2 * np.pi * f * np.arange(1_000_000) + 0.3), 1.0)
    return relative(f, field(sine_fit_4(wave), "frequency"))


def _response(name: str) -> Found:
    frequency, t = 1591.549, np.arange(400_000) * 1e-6
    exact = 1 / (1 + 1j)
    waves = []
    for seed, factor in ((1, 1.0 + 0j), (2, exact)):
        scale = 1.1 * abs(factor) / 127
        x = abs(factor) * np.cos(2 * np.pi * frequency * t + np.angle(factor)) / scale
        codes = np.round(x + np.random.default_rng(seed).normal(0, 0.5, t.size)).astype(np.int8)
        waves.append(Waveform("case", codes, 1e-6, scale=scale))
    truth = {"gain_db": 20 * math.log10(abs(exact)), "phase": math.degrees(np.angle(exact))}[name]
    return absolute(truth, field(response(waves, frequency_hz=frequency), name))


def _signature() -> Found:
    angle = 2 * np.pi * np.arange(4096) / 4096
    waves = [Waveform("U", 3.0 * np.sin(angle), 1e-6), Waveform("I", 0.02 * np.cos(angle), 1e-6, unit="A")]
    return relative(math.pi * 0.06, field(vi_signature(waves), "area"), 100)


def _sideband() -> Found:
    t = np.arange(200_000) / 1e4
    line, slip = 49.963, 3.217
    x = np.cos(2 * np.pi * line * t) + 10**-2.5 * np.cos(2 * np.pi * (line - slip) * t + 1)
    x += 10**-2.5 * np.cos(2 * np.pi * (line + slip) * t) + np.random.default_rng(1).normal(0, 1e-3, t.size)
    found = sidebands(Waveform("I", x, 1e-4, unit="A"), line_hz=50.0, offset_hz=slip)
    return absolute(-50.0, field(found, "lower"))


def _alignment() -> Found:
    errors, delay = [], 0.0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        spectrum = np.fft.rfft(rng.normal(0, 1, 8192))
        spectrum[2867:] = 0
        delay = rng.uniform(-20, 20)
        turned = spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(8192) * delay)
        x, moved = np.fft.irfft(spectrum, 8192), np.fft.irfft(turned, 8192)
        noise = 0.01 * x.std()
        seen = moved + rng.normal(0, noise, 8192)
        errors.append(delay_samples(seen, x + rng.normal(0, noise, 8192)) - delay)
    return Found(delay, delay + errors[-1], math.sqrt(float(np.mean(np.square(errors)))))


def _scene(seed: int) -> Floats:
    y, x = np.mgrid[0:192, 0:256]
    rng = np.random.default_rng(seed)
    heat = np.full((192, 256), 25.0)
    for _ in range(25):
        row, column = rng.uniform(30, 162), rng.uniform(30, 226)
        sigma, rise = rng.uniform(2, 9), rng.uniform(2, 30)
        heat += rise * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return heat


def _image(celsius: Floats, emissivity: float = 0.95) -> ThermalImage:
    return ThermalImage(celsius.astype(np.float32), emissivity)


def _shift() -> Found:
    errors: list[float] = []
    down, found_down = 0.0, 0.0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        golden = _scene(seed)
        down, right = rng.uniform(-6, 6, 2)
        moved = shifted(golden, down, right) + rng.normal(0, 0.05, golden.shape)
        found = registration(_image(moved), reference=_image(golden + rng.normal(0, 0.05, golden.shape)))
        found_down = number(field(found, "down"))
        errors += [found_down - down, number(field(found, "right")) - right]
    return Found(down, found_down, math.sqrt(float(np.mean(np.square(errors)))))


def _bad_pixels() -> Found:
    rng = np.random.default_rng(9)
    heat = _scene(1) + rng.normal(0, 0.04, (192, 256))
    planted = [(3 * int(k // 80) + 2, 3 * int(k % 80) + 2) for k in rng.choice(60 * 80, 60, replace=False)]
    for k, place in enumerate(planted):
        # Well above what the scene itself does from one pixel to the next.
        heat[place] += rng.uniform(10, 30) * (-1) ** k
    places = bad_pixels(_image(heat))
    if isinstance(places, NoAnswer):
        return absolute(60, places)
    found = {(int(row), int(column)) for row, column in places}
    return Found(60.0, float(len(found)), float(len(found ^ set(planted))))


def _emissivity() -> Found:
    signal = 0.95 * LONG_WAVE.signal(85.0) + 0.05 * LONG_WAVE.signal(22.0)
    image = _image(np.full((8, 8), LONG_WAVE.celsius(signal)), 1.0)
    found = corrected(image, emissivity=0.95, reflected_c=22.0)
    return absolute(85.0, float("nan") if isinstance(found, NoAnswer) else float(found.temperatures_c[0, 0]))


def _tau() -> Found:
    answers = []
    for seed in range(20):
        t = np.arange(0, 40, 0.1)
        readings = 25 + 60 * (1 - np.exp(-t / 35)) + np.random.default_rng(seed).normal(0, 0.04, t.size)
        answers.append(number(field(time_constant(Waveform("case", readings, 0.1, unit="Cel")), "tau")))
    errors = np.array(answers) / 35 - 1
    return Found(35.0, float(np.mean(answers)), 100 * math.sqrt(float(np.mean(errors**2))))


CASES = (
    Case("SINAD", "1,000 random tones, 8 to 12 bit, the worst", "dB", 0.02, "dB", _sinad),
    Case("sine fit: frequency", "1 M points, noise-free", "Hz", 5e-12, "relative", _sine_frequency),
    Case("response: gain", "RC at its corner, 8 bit", "dB", 0.002, "dB", lambda: _response("gain_db")),
    Case("response: phase", "RC at its corner, 8 bit", "deg", 0.011, "deg", lambda: _response("phase")),
    Case("V-I signature", "capacitor's ellipse", "V.A", 0.0007, "%", _signature),
    Case("motor current sideband", "−50 dBc beside 50 Hz", "dB", 0.04, "dB", _sideband),
    Case("golden unit: alignment", "Fourier shift, 40 dB, rms of 30", "sample", 3e-4, "sample", _alignment),
    Case("registration", "Fourier shift up to 6 px, rms of 25", "px", 0.021, "px", _shift),
    Case("bad pixels", "60 planted; missed and false", "1", 0.0, "1", _bad_pixels),
    Case("emissivity", "ε 0.95, 22 °C reflected", "Cel", 0.008, "K", _emissivity),
    Case("thermal time constant", "60 K, 10 Hz, 40 mK, 40 s, rms of 20", "s", 0.2, "%", _tau),
)
