"""A supply rail: mean, ripple and noise within a bandwidth, ripple frequency, and dropouts.

Ripple and noise together are what power-supply guides call PARD, measured with a 20 MHz bandwidth limit. The limit is
applied to the spectrum: its power response falls from 1 to 0 as a raised cosine between 0.75 and 1.25 of the bandwidth,
so it is 3 dB down at the bandwidth, passes white noise as a rectangular one of that bandwidth would, and rings little.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.fourier import MAIN_LOBE, blackman_harris_7, cheap_length, peak_of, power_spectrum
from edge_agent.analysis.levels import CodeLevels, code_levels
from edge_agent.analysis.result import IDEAL, Accuracy, Answer, NoAnswer, combined, quantisation_uncertainty
from edge_agent.analysis.samples import (
    code_deviation,
    code_mean,
    problem,
    quantisation_step,
    rising_scale,
)
from edge_agent.analysis.transitions import crossings
from protocols.quantity import Quantity
from protocols.waveform import Waveform

_LINE_OVER_MEDIAN = 100.0
"""Power over the median bin from which a line is ripple; of a million noise bins the highest stays below 25."""
_MOST_HARMONICS = 200
_HARMONIC_OVER_FLOOR = 12.0
_FEWEST_NOISE_BINS = 8
_LEAST_SHARE_OF_NOISE = 0.25
"""Share of the band that the ripple's harmonics must leave, or what is between them is not noise alone."""
NO_NOISE = NoAnswer("the ripple's harmonics leave no room for the noise; capture more periods of the ripple")


@dataclass(frozen=True, slots=True)
class Rail:
    """A rail within ``bandwidth`` (Hz); the rest in the waveform's unit, ``ripple_frequency`` in Hz.

    ``ripple_pp`` and ``ripple_rms`` are peak to peak and rms of everything but the mean (ripple and noise);
    ``noise_rms`` is what remains without the ripple's line and its harmonics.
    """

    mean: Quantity
    minimum: Quantity
    maximum: Quantity
    ripple_pp: Quantity
    ripple_rms: Quantity
    noise_rms: Answer
    ripple_frequency: Answer
    bandwidth: Quantity


def rail(waveform: Waveform, *, bandwidth_hz: float = 20e6, accuracy: Accuracy = IDEAL) -> Rail | NoAnswer:
    """Return mean, ripple and noise of ``waveform`` within ``bandwidth_hz`` (at most half the sample rate).

    Source: makers' guides to power-supply ripple (20 MHz limit); rms by Parseval's theorem. Units: the waveform's
    and Hz. Accuracy: 0.02 % of the ripple's rms beside a spur of 150 MHz (aim 0.5 %). Limits: 64 samples; above
    half the sample rate nothing is seen, and the scope's own limit is not put right.
    """
    refusal = problem(waveform, 64)
    if refusal:
        return refusal
    if not bandwidth_hz > 0:
        return NoAnswer(f"the bandwidth must be above zero, not {bandwidth_hz:g} Hz")
    codes, scale, unit = waveform.codes, abs(waveform.scale), waveform.unit
    n = codes.size
    code_average = code_mean(codes)
    mean = code_average * waveform.scale + waveform.offset
    step = quantisation_uncertainty(quantisation_step(waveform))
    deviation = code_deviation(codes, code_average) * scale
    nyquist = 0.5 * waveform.sample_rate_hz
    band = _limited(codes, code_average, bandwidth_hz / nyquist)
    if isinstance(band, NoAnswer):
        return band
    ripple_rms = band.rms * scale
    ripple_pp = (band.greatest - band.least) * scale
    # Where noise cannot be told from the ripple, an extreme may be off by as much as both.
    noise_rms, u_noise = (value * scale for value in band.noise or (band.rms, 0.0))
    ends = sorted(value * waveform.scale + mean for value in (band.least, band.greatest))
    # Quantisation noise is white: the band passes its share of it.
    share = math.sqrt(min(bandwidth_hz / nyquist, 1.0))
    u_extreme = combined(step * share, noise_rms / math.sqrt(2.0 * math.log(max(n * share**2, 3.0))))
    u_pp = None if u_extreme is None else math.sqrt(2.0) * u_extreme
    # The independent samples of a rms are twice bandwidth times duration at most.
    independent = max(n * share**2, 2.0)
    u_step = step * share * (step * share / max(ripple_rms, step * share, 1e-300))
    u_rms = combined(noise_rms / math.sqrt(2.0 * independent), u_step)
    frequency: Answer = NoAnswer("no line stands out of the noise: there is no periodic ripple")
    if band.line is not None:
        hertz = band.line * waveform.sample_rate_hz
        u_line = 0.1 * waveform.sample_rate_hz / band.length
        frequency = Quantity(hertz, "Hz", combined(u_line, accuracy.of_time(hertz)))
    u_mean = _mean_uncertainty(band, n, deviation, ripple_pp, step)
    return Rail(
        mean=Quantity(mean, unit, combined(u_mean, accuracy.of_level(mean))),
        minimum=Quantity(ends[0], unit, combined(u_extreme, accuracy.of_level(ends[0]))),
        maximum=Quantity(ends[1], unit, combined(u_extreme, accuracy.of_level(ends[1]))),
        ripple_pp=Quantity(ripple_pp, unit, combined(u_pp, accuracy.of_difference(ripple_pp))),
        ripple_rms=Quantity(ripple_rms, unit, combined(u_rms, accuracy.of_difference(ripple_rms))),
        noise_rms=NO_NOISE
        if band.noise is None
        else Quantity(noise_rms, unit, combined(u_noise, u_step, accuracy.of_difference(noise_rms))),
        ripple_frequency=frequency,
        bandwidth=Quantity(min(bandwidth_hz, nyquist), "Hz"),
    )


def _mean_uncertainty(band: "_Band", n: int, deviation: float, ripple_pp: float, step: float) -> float | None:
    broken = 0.0
    # Means of whole and of broken periods differ by up to a quarter of the ripple divided by their number.
    if band.line is not None:
        broken = ripple_pp / (4.0 * max(band.line * n, 1.0)) / math.sqrt(3.0)
    dithered = step / math.sqrt(n) if deviation > 2 * step else step
    return combined(deviation / math.sqrt(n), broken, dithered)


@dataclass(frozen=True, slots=True)
class _Band:
    """The record less its mean, within the band, in codes; ``line`` in cycles a sample.

    ``noise`` is the rms without the ripple, and its standard uncertainty; ``None`` where they cannot be told apart.
    """

    rms: float
    noise: tuple[float, float] | None
    least: float
    greatest: float
    line: float | None
    length: int


def _limited(codes: npt.NDArray[Any], mean: float, relative_bandwidth: float) -> _Band | NoAnswer:
    """Return the record within ``relative_bandwidth`` of half the sample rate."""
    from scipy import fft

    n = cheap_length(codes.size)
    single = codes.dtype.itemsize <= 2
    values = np.subtract(codes[:n], mean, dtype=np.float32 if single else np.float64)
    bins = fft.rfft(values)
    bins[0] = 0.0
    top = bins.size - 1
    if relative_bandwidth < 1.0:
        top = min(math.ceil(1.25 * relative_bandwidth * (bins.size - 1)), bins.size - 1)
        edge = np.arange(top + 1) / max(relative_bandwidth * (bins.size - 1), 1e-9)
        slope = np.clip((edge - 0.75) / 0.5, 0.0, 1.0)
        bins = bins[: top + 1] * np.cos(0.5 * math.pi * slope).astype(values.dtype)
    if bins.size < 8:
        return NoAnswer("the record is too short for this bandwidth; capture a longer one or widen the bandwidth")
    power = np.square(bins.real, dtype=np.float64) + np.square(bins.imag, dtype=np.float64)
    # Parseval, one-sided: every bin but the mean and the one at half the sample rate stands for two.
    weight = np.full(power.size, 2.0)
    if power.size == n // 2 + 1:  # a cheap length is even
        weight[-1] = 1.0
    total = float(power @ weight)
    rms = math.sqrt(total) / n
    least, greatest = _extremes(codes, mean, bins, n, relative_bandwidth)
    line = _ripple_line(power)
    noise: tuple[float, float] | None = (rms, rms / math.sqrt(2.0 * (power.size - 1)))
    if line is not None:
        response = np.ones(power.size) if relative_bandwidth >= 1.0 else np.cos(0.5 * math.pi * slope) ** 2
        noise = _noise_beside(values, line, response)
    return _Band(rms, noise, least, greatest, None if line is None else line / n, n)


def _noise_beside(
    values: npt.NDArray[Any], line: float, response: npt.NDArray[np.float64]
) -> tuple[float, float] | None:
    """Return rms and standard uncertainty of what is in ``values`` beside a ripple; ``None`` where too little is left.

    ``line`` is the ripple's fundamental in bins, ``response`` the band's power response, shape (k,). Through a window
    with side lobes below -180 dB the ripple stays in its own lobes, which are taken out; their share of the noise is
    that of the other bins. Harmonics too weak to be seen there raise the mean of the others and not their median: by
    so much it is unsure.
    """
    window = blackman_harris_7(values.size, values.dtype == np.float32)
    power = power_spectrum(values, window)[: response.size]
    # The lowest tenth of noise bins ends at 0.105 of their mean, whatever lines stand above them.
    floor = float(np.quantile(power[MAIN_LOBE + 1 :], 0.1)) / -math.log(0.9)
    beside = np.ones(power.size, dtype=bool)
    beside[: MAIN_LOBE + 1] = False
    for order in range(1, _MOST_HARMONICS + 1):
        harmonic = order * line
        folded = min(harmonic % values.size, -harmonic % values.size)
        low = max(round(folded) - 2, 1)
        if low >= power.size - 2:
            continue
        centre = low + int(np.argmax(power[low : low + 5]))
        if power[centre] > _HARMONIC_OVER_FLOOR * floor:
            beside[max(centre - MAIN_LOBE, 0) : centre + MAIN_LOBE + 1] = False
            if folded == harmonic and centre < power.size - 1:
                line = peak_of(power, centre)[0] / order
    left, whole = float(response[beside].sum()), float(response.sum())
    if left < max(_FEWEST_NOISE_BINS, _LEAST_SHARE_OF_NOISE * whole):
        return None
    densities = (
        float((power * response)[beside].sum(dtype=np.float64)) / left,
        float(np.median(power[beside & (response > 0.5)])) / math.log(2.0),
    )
    rms, typical = (math.sqrt(2.0 * density * whole / (window.power * values.size)) for density in densities)
    return rms, math.hypot(0.5 * rms * math.sqrt(window.noise_spread * values.size / 2.0 / left), 2.0 * (rms - typical))


def _extremes(
    codes: npt.NDArray[Any], mean: float, bins: npt.NDArray[Any], n: int, relative_bandwidth: float
) -> tuple[float, float]:
    if relative_bandwidth >= 1.0:
        return float(codes.min()) - mean, float(codes.max()) - mean
    from scipy import fft

    # Four points for each of the highest frequency that is left show its peaks to 8 %, and usually far better.
    length = min(n, cheap_length(max(8 * bins.size, 64)))
    values = fft.irfft(bins, length) * (length / n)
    # The record's ends do not join: the filter rings there, for about one and a half times 1 / bandwidth.
    margin = min(math.ceil(3.0 / relative_bandwidth * length / n), length // 8)
    inner = values[margin : length - margin]
    return float(inner.min()), float(inner.max())


def _ripple_line(power: npt.NDArray[np.float64]) -> float | None:
    """Return the fundamental of the ripple in bins; ``None`` without one."""
    first = 2
    strongest = first + int(np.argmax(power[first:]))
    floor = float(np.median(power[first:]))
    peak = float(power[strongest])
    if peak <= _LINE_OVER_MEDIAN * floor or peak == 0.0:
        return None
    return _centroid(power, strongest)


def _centroid(power: npt.NDArray[np.float64], peak: int) -> float:
    """Return the place of a line between bins by the ratio of its two highest (exact for a sine)."""
    left = math.sqrt(power[peak - 1])
    right = math.sqrt(power[peak + 1]) if peak + 1 < power.size else 0.0
    here = math.sqrt(power[peak])
    return peak + right / (here + right) if right >= left else peak - left / (here + left)


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Interruptions of a rail: number, total and longest time in s, greatest depth and lowest value in its unit."""

    count: Quantity
    total_duration: Quantity
    longest: Quantity
    depth: Quantity
    lowest: Quantity
    nominal: Quantity


def dropouts(
    waveform: Waveform,
    *,
    nominal: float | None = None,
    threshold_percent: float = 90.0,
    minimum_s: float = 0.0,
    accuracy: Accuracy = IDEAL,
) -> Dropouts | NoAnswer:
    """Return how often and how long ``waveform`` falls below ``threshold_percent`` of ``nominal``.

    A dip ends when the rail is back above the threshold by half its distance to ``nominal``, so that noise does not
    divide it; dips shorter than ``minimum_s`` are left out. Without ``nominal`` the record's own high state or, where
    it is constant, its mean is taken.

    Source: IEC 61000-4-11 terms (a dip ends with hysteresis). Units: s and the waveform's; ``threshold_percent`` in
    % of ``nominal``. Accuracy: a sample at either end of a dip. Limits: 16 samples; a dip that the record begins or
    ends in counts as long as it is seen.
    """
    refusal = problem(waveform, 16)
    if refusal:
        return refusal
    waveform = rising_scale(waveform)
    if nominal is None:
        levels = code_levels(waveform.codes)
        code = levels.high if isinstance(levels, CodeLevels) else float(np.median(waveform.codes))
        nominal = code * waveform.scale + waveform.offset
    if not (nominal > 0 and 0 < threshold_percent < 100):
        return NoAnswer("dropouts need a nominal value above zero and a threshold between 0 and 100 %")
    threshold = threshold_percent / 100.0 * nominal
    begins, ends = _dips(waveform, threshold, 0.5 * (threshold + nominal))
    interval = waveform.sample_interval_s
    kept = (ends - begins) * interval >= minimum_s
    begins, ends = begins[kept], ends[kept]
    durations = (ends - begins) * interval
    lowest_code = float(waveform.codes.min())
    if begins.size:
        lowest_code = min(float(waveform.codes[a:b].min()) for a, b in zip(begins, ends, strict=True))
    lowest = lowest_code * waveform.scale + waveform.offset
    step = quantisation_uncertainty(quantisation_step(waveform))
    depth = nominal - lowest if begins.size else 0.0
    u_time = interval / math.sqrt(6.0)
    unit, total, longest = waveform.unit, float(durations.sum()), float(durations.max(initial=0.0))
    return Dropouts(
        count=Quantity(float(begins.size), "1", 0.0),
        total_duration=Quantity(total, "s", combined(u_time * math.sqrt(begins.size), accuracy.of_time(total))),
        longest=Quantity(longest, "s", combined(u_time if begins.size else 0.0, accuracy.of_time(longest))),
        depth=Quantity(depth, unit, combined(step, accuracy.of_difference(depth))),
        lowest=Quantity(lowest, unit, combined(step, accuracy.of_level(lowest))),
        nominal=Quantity(nominal, unit),
    )


def _dips(waveform: Waveform, threshold: float, recovered: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return first sample below and first sample recovered of each dip, shapes (k,); the record's ends bound them."""
    codes = waveform.codes
    low, high = ((level - waveform.offset) / waveform.scale for level in (threshold, recovered))
    falls = crossings(codes, low)
    rises = crossings(codes, high)
    starts = falls.index[~falls.upward] + 1
    if codes[0] <= low:
        starts = np.concatenate([[0], starts])
    stops = np.append(rises.index[rises.upward] + 1, codes.size)
    following = stops[np.searchsorted(stops, starts, side="right")] if starts.size else starts
    # Several falls before one recovery are one dip.
    first = np.ones(starts.size, dtype=bool)
    first[1:] = following[1:] != following[:-1]
    return starts[first], following[first]
