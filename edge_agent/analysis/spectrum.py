"""THD, SINAD, SNR, SFDR and ENOB of a sine (IEEE Std 1241-2010, IEEE Std 1057-2017) from one windowed transform.

The tone's power is that of the whole main lobe, so a tone between two bins is measured as well as a coherent one.
The window sees the middle of the record more than its ends, which leaves SINAD a statistical doubt of 12 dB/√n: short
records therefore take the noise and distortion from the residual of the 4-parameter fit, as IEEE 1241 defines it.
Noise alone is what remains of them without the harmonics, or, where these stand so high that the difference says
little, the mean density of the bins beside tone and harmonics.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.fourier import (
    MAIN_LOBE,
    Spectrum,
    blackman_harris_7,
    cheap_length,
    peak_of,
    power_spectrum,
    single_precision,
)
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import problem, quantisation_step
from edge_agent.analysis.sine_fit import SineFit, sine_fit_4
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_FEWEST_SAMPLES = 256
_FIT_UP_TO = 1 << 17
_TONE_OVER_NOISE = 40.0
"""Peak over mean noise bin from which a line is a tone; the highest of a million noise bins stays below 25."""
_LOBE = 2 * MAIN_LOBE + 1
_DB_OF_RELATIVE_POWER = 10.0 / math.log(10.0)


@dataclass(frozen=True, slots=True)
class ToneMetrics:
    """A tone and what is not the tone.

    ``frequency`` in Hz, ``amplitude`` (peak) and ``noise_rms`` in the waveform's unit, ``thd`` both in dB and % of the
    fundamental, the other ratios in dB below the fundamental, ``enob`` in bit.
    """

    frequency: Quantity
    amplitude: Quantity
    sinad: Quantity
    snr: Quantity
    thd: Answer
    thd_percent: Quantity
    sfdr: Quantity
    enob: Quantity
    noise_rms: Quantity


@dataclass(frozen=True, slots=True)
class AmplitudeSpectrum:
    """Amplitude (peak) of a sine at each frequency; shapes (k,), Hz and the waveform's unit."""

    frequencies_hz: npt.NDArray[np.float64]
    amplitudes: npt.NDArray[np.float64]


def amplitude_spectrum(waveform: Waveform) -> AmplitudeSpectrum | NoAnswer:
    """Return the 7-term Blackman-Harris amplitude spectrum of ``waveform``, trimmed to a cheap length."""
    refusal = problem(waveform, _FEWEST_SAMPLES)
    if refusal:
        return refusal
    n = cheap_length(waveform.codes.size)
    window = blackman_harris_7(n, single_precision(waveform.codes))
    power = power_spectrum(waveform.codes[:n], window)
    gain = 2.0 * abs(waveform.scale) / float(window.values.sum(dtype=np.float64))
    frequencies = np.arange(power.size) / (n * waveform.sample_interval_s)
    return AmplitudeSpectrum(frequencies, np.sqrt(power, dtype=np.float64) * gain)


def tone_metrics(
    waveform: Waveform, *, harmonics: int = 10, full_scale: float | None = None, accuracy: Accuracy = IDEAL
) -> ToneMetrics | NoAnswer:
    """Return the metrics of the strongest tone in ``waveform``; distortion is its (folded) harmonics 2 … ``harmonics``.

    ``full_scale`` (peak to peak, in the waveform's unit) refers ENOB to the converter's range; without it ENOB is
    (SINAD - 1.76 dB) / 6.02 dB. ``NoAnswer`` for a record without a tone or with fewer than 16 periods of it.

    Source: IEEE Std 1241-2010 and 1057-2017; window of Albrecht 2001. Units: Hz, dB, %, bit, the waveform's.
    Accuracy: SINAD within 0.007 dB of the residual over 1,000 random tones (aim 0.02 dB). Limits: 256 samples and
    16 periods; one tone; harmonics that fold onto another are left out.
    """
    refusal = problem(waveform, _FEWEST_SAMPLES)
    if refusal:
        return refusal
    n = cheap_length(waveform.codes.size)
    window = blackman_harris_7(n, single_precision(waveform.codes))
    power = power_spectrum(waveform.codes[:n], window)
    split = _split(power, harmonics, window.noise_spread)
    if isinstance(split, NoAnswer):
        return split
    scale = abs(waveform.scale)
    spread = noise_spread = math.sqrt(window.noise_spread)
    if n <= _FIT_UP_TO:
        fit = sine_fit_4(waveform, frequency_hz=split.position / (n * waveform.sample_interval_s))
        if isinstance(fit, SineFit):
            tiny = float(np.finfo(power.dtype).tiny)
            rest = max((fit.residual_rms.value / scale) ** 2 * n * window.power / 2.0, tiny)
            spread = math.sqrt(2.0 / n)
            difference = max(rest - split.distortion, tiny)
            u_difference = math.hypot(difference * spread, split.distortion_noise)
            if u_difference < split.noise * noise_spread:
                split = replace(split, noise=difference)
                noise_spread = u_difference / difference
            split = replace(split, rest=rest)
    # Parseval: a main lobe holds A²/4 · n · Σw², noise of variance σ² holds σ² · Σw² a bin (one-sided).
    amplitude = 2.0 * math.sqrt(split.signal / (n * window.power)) * scale
    noise_rms = math.sqrt(split.noise * 2.0 / (n * window.power)) * scale
    frequency = split.position / (n * waveform.sample_interval_s)
    u_rest_db, u_noise_db = _DB_OF_RELATIVE_POWER * spread, _DB_OF_RELATIVE_POWER * noise_spread
    u_step = quantisation_uncertainty(quantisation_step(waveform))
    sinad = _db(split.signal / split.rest)
    enob = (sinad - _db(1.5)) / _db(4.0)
    if full_scale is not None:
        rest_rms = math.sqrt(split.rest * 2.0 / (n * window.power)) * scale
        enob = math.log2(full_scale / (rest_rms * math.sqrt(12.0)))
    u_frequency = math.sqrt(6.0) * noise_rms / (math.pi * amplitude * n**1.5 * waveform.sample_interval_s)
    u_frequency = math.hypot(u_frequency, 0.01 / (n * waveform.sample_interval_s))
    return ToneMetrics(
        frequency=Quantity(frequency, "Hz", combined(u_frequency, accuracy.of_time(frequency))),
        amplitude=Quantity(
            amplitude,
            waveform.unit,
            combined(
                noise_rms * math.sqrt(window.noise_spread), u_step / math.sqrt(n), accuracy.of_difference(amplitude)
            ),
        ),
        sinad=Quantity(sinad, "dB", u_rest_db),
        snr=Quantity(_db(split.signal / split.noise), "dB", u_noise_db),
        thd=_thd(split),
        thd_percent=Quantity(100.0 * math.sqrt(split.distortion / split.signal), "%", 100.0 * _u_thd(split)),
        sfdr=Quantity(_db(split.peak / split.spur), "dB", 0.02 + u_noise_db),
        enob=Quantity(enob, "bit", u_rest_db / _db(4.0)),
        noise_rms=Quantity(
            noise_rms, waveform.unit, combined(noise_rms * noise_spread / 2, accuracy.of_difference(noise_rms))
        ),
    )


@dataclass(frozen=True, slots=True)
class _Split:
    """Powers of the parts of a spectrum (sums over bins), the tone's position in bins, and two interpolated peaks."""

    position: float
    signal: float
    distortion: float
    distortion_noise: float
    noise: float
    rest: float
    """Noise and distortion together."""
    peak: float
    spur: float


def _split(power: Spectrum, harmonics: int, noise_spread: float) -> _Split | NoAnswer:
    first, last = MAIN_LOBE + 1, power.size - 1
    centre = first + int(np.argmax(power[first:]))
    # What rounding of the transform leaves of a large mean value is no tone, wherever it is highest.
    if power[centre] < 100.0 * float(np.finfo(power.dtype).eps) ** 2 * float(power[0]):
        return NoAnswer("no tone stands out of the noise")
    if centre < first + MAIN_LOBE:
        return NoAnswer("no tone with at least 16 periods in the record; capture a longer one")
    if centre + MAIN_LOBE >= last:
        return NoAnswer("the strongest line is at half the sample rate; use a higher sample rate")
    position, peak = peak_of(power, centre)
    # Lobes that are not noise, in order: mean value, tone, harmonics.
    tone = slice(centre - MAIN_LOBE, centre + MAIN_LOBE + 1)
    taken = [tone]
    for order in range(2, harmonics + 1):
        lobe = _harmonic(power, position, order)
        if lobe is not None and not any(lobe.start < other.stop and other.start < lobe.stop for other in taken):
            taken.append(lobe)
    noise_sum, noise_bins, start = 0.0, 0, first
    for lobe in [*sorted(taken, key=lambda one: one.start), slice(power.size, power.size)]:
        noise_sum += float(power[start : lobe.start].sum())
        noise_bins += max(lobe.start - start, 0)
        start = lobe.stop
    if noise_bins == 0:
        return NoAnswer("the record is too short to tell noise from harmonics; capture a longer one")
    density = noise_sum / noise_bins
    if peak < _TONE_OVER_NOISE * density:
        return NoAnswer("no tone stands out of the noise")
    excess = [float(power[lobe].sum(dtype=np.float64)) - _LOBE * density for lobe in taken]
    # The highest line outside the tone, wherever it comes from.
    below, above = power[first : tone.start], power[tone.stop :]
    candidates = [first + int(np.argmax(below))] if below.size else []
    candidates += [tone.stop + int(np.argmax(above))] if above.size else []
    spur_bin = max(candidates, key=lambda k: float(power[k]))
    spur = (
        peak_of(power, spur_bin)[1]
        if tone.stop < spur_bin < last or first < spur_bin < tone.start - 1
        else float(power[spur_bin])
    )
    tiny = float(np.finfo(power.dtype).tiny)
    distortion = sum(max(part, 0.0) for part in excess[1:])
    noise = max(density * power.size, tiny)
    # Noise in the lobes: its own power, and its product with the harmonics.
    own = density**2 * _LOBE * max(len(taken) - 1, 1)
    return _Split(
        position=position,
        signal=excess[0],
        distortion=distortion,
        distortion_noise=math.sqrt(own + noise_spread * 2 * power.size * distortion * density),
        noise=noise,
        rest=noise + distortion,
        peak=peak,
        spur=max(spur, tiny),
    )


def _harmonic(power: Spectrum, position: float, order: int) -> slice | None:
    """Return the lobe of one harmonic folded back below half the sample rate; ``None`` where it does not fit."""
    n = 2 * (power.size - 1)
    folded = (order * position) % n
    folded = min(folded, n - folded)
    slack = 2
    low, high = round(folded) - slack, round(folded) + slack + 1
    if low - MAIN_LOBE <= MAIN_LOBE or high + MAIN_LOBE >= power.size:
        return None
    centre = low + int(np.argmax(power[low:high]))
    return slice(centre - MAIN_LOBE, centre + MAIN_LOBE + 1)


def _thd(split: _Split) -> Answer:
    if split.distortion <= 2 * split.distortion_noise:
        limit = _db(max(split.distortion, 2 * split.distortion_noise) / split.signal)
        return NoAnswer(f"the harmonics are below the noise: THD is below {limit:.0f} dB")
    ratio = split.distortion / split.signal
    return Quantity(_db(ratio), "dB", _DB_OF_RELATIVE_POWER * split.distortion_noise / split.distortion)


def _u_thd(split: _Split) -> float:
    """Return the standard uncertainty of the amplitude ratio THD."""
    ratio = max(split.distortion, split.distortion_noise)
    return 0.5 * split.distortion_noise / math.sqrt(ratio * split.signal)


def _db(power_ratio: float) -> float:
    return 10.0 * math.log10(power_ratio)
