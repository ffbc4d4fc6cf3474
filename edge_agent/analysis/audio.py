"""Audio measurements (AES17-2015): total harmonic distortion and noise of a tone."""

import math
from dataclasses import dataclass

import numpy as np

from edge_agent.analysis.fourier import blackman_harris_7, cheap_length, power_spectrum
from edge_agent.analysis.result import IDEAL, Accuracy, NoAnswer, combined
from edge_agent.analysis.samples import problem
from edge_agent.analysis.sine_fit import SineFit, sine_fit_4
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_FEWEST_SAMPLES = 1024
_FEWEST_BINS = 16


@dataclass(frozen=True, slots=True)
class AudioDistortion:
    """``level``: rms of tone and residual within the band, in the waveform's unit; ``thd_n`` their ratio, dB and %."""

    frequency: Quantity
    level: Quantity
    thd_n: Quantity
    thd_n_percent: Quantity


def thd_plus_noise(
    waveform: Waveform, *, low_hz: float = 20.0, high_hz: float = 20_000.0, accuracy: Accuracy = IDEAL
) -> AudioDistortion | NoAnswer:
    """Return THD+N (AES17-2015): rms of what is not the tone, between ``low_hz`` and ``high_hz``, over the rms of all.

    The tone is taken away by a 4-parameter sine fit (IEEE 1057) instead of AES17's notch filter, so noise close to the
    tone counts as well.

    Source: AES17-2015, IEEE Std 1057-2017. Units: Hz, the waveform's unit, dB and %. Accuracy: 0.1 dB on a tone
    with a harmonic and noise of known power; the record's own doubt is in the uncertainty. Limits: ``high_hz`` up
    to half the sample rate, at least 16 bins of the record in the band, one tone.
    """
    refusal = problem(waveform, _FEWEST_SAMPLES)
    if refusal:
        return refusal
    interval = waveform.sample_interval_s
    n = cheap_length(waveform.codes.size)
    first, last = math.ceil(low_hz * n * interval), math.floor(high_hz * n * interval)
    if high_hz * interval > 0.5:
        return NoAnswer(f"{high_hz:g} Hz is above half the sample rate of {1 / interval:g} Hz; sample faster")
    if last - first < _FEWEST_BINS:
        return NoAnswer(f"{n} samples are too few for {low_hz:g} Hz to {high_hz:g} Hz; take a longer record")
    fit = sine_fit_4(waveform)
    if not isinstance(fit, SineFit):
        return fit
    if not low_hz <= fit.frequency.value <= high_hz:
        return NoAnswer(f"the strongest tone, {fit.frequency.value:g} Hz, lies outside the band")
    angle = 2 * math.pi * fit.frequency.value * waveform.times_s()[:n] + fit.phase.value
    residual = waveform.values()[:n] - fit.amplitude.value * np.cos(angle) - fit.offset.value
    window = blackman_harris_7(n, single=False)
    power = power_spectrum(residual, window)
    # A bin at half the sample rate stands for itself alone, all others for two.
    band = float(power[first : last + 1].sum()) - (0.5 * float(power[-1]) if n % 2 == 0 and last >= n // 2 else 0.0)
    rest = 2.0 * band / (n * window.power)
    level = math.sqrt(fit.amplitude.value**2 / 2 + rest)
    ratio = math.sqrt(max(rest, 1e-300)) / level
    # Of white noise in k bins, seen through the window, the power is known to √(spread · n / 2k).
    relative = 0.5 * math.sqrt(window.noise_spread * n / (2.0 * (last - first)))
    return AudioDistortion(
        frequency=Quantity(
            fit.frequency.value,
            "Hz",
            combined(fit.frequency.standard_uncertainty, accuracy.of_time(fit.frequency.value)),
        ),
        level=Quantity(
            level,
            waveform.unit,
            combined((fit.amplitude.standard_uncertainty or 0.0) / math.sqrt(2.0), accuracy.of_difference(level)),
        ),
        thd_n=Quantity(20 * math.log10(ratio), "dB", 20 / math.log(10) * relative),
        thd_n_percent=Quantity(100 * ratio, "%", 100 * ratio * relative),
    )
