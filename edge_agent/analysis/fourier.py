"""Windowed power spectra: the 7-term Blackman-Harris window and transform lengths that are cheap."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Spectrum = npt.NDArray[Any]

# Minimum 7-term cosine-sum window, side lobes below -180 dB (Albrecht, ICASSP 2001).
_BLACKMAN_HARRIS_7 = (
    0.27105140069342,
    -0.43329793923448,
    0.21812299954311,
    -0.06592544638803,
    0.01081174209837,
    -0.00077658482522,
    0.00001388721735,
)
MAIN_LOBE = 7
"""Half width of the window's main lobe in bins: a tone is within this many bins of its centre."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A periodic window, shape (n,), and its sums."""

    values: npt.NDArray[Any]
    power: float
    """Sum of squares."""
    noise_spread: float
    """Relative variance of the energy of white noise seen through it: 2 Σw⁴ / (Σw²)²."""


@lru_cache(maxsize=4)
def blackman_harris_7(n: int, single: bool) -> Window:
    """Return the 7-term Blackman-Harris window of ``n`` points; kept, because it costs more than a transform."""
    angle = np.arange(n) * (2 * math.pi / n)
    # Chebyshev recurrence: one cosine for all terms.
    cosine = np.cos(angle)
    before, here = np.ones(n), cosine
    values = _BLACKMAN_HARRIS_7[0] + _BLACKMAN_HARRIS_7[1] * cosine
    for coefficient in _BLACKMAN_HARRIS_7[2:]:
        before, here = here, 2 * cosine * here - before
        values += coefficient * here
    square = values**2
    power = float(square.sum())
    values = values.astype(np.float32) if single else values
    values.flags.writeable = False
    return Window(values, power, 2 * float((square**2).sum()) / power**2)


def cheap_length(n: int) -> int:
    """Return the largest even length up to ``n`` whose prime factors are 2, 3 and 5.

    Awkward ones cost 15-30 times more, and even ones are transformed at half their length. ``n`` is 2 or more.
    """
    return 2 * _largest_smooth(n // 2)


def _largest_smooth(n: int) -> int:
    best = 1
    power_of_5 = 1
    while power_of_5 <= n:
        power_of_3 = power_of_5
        while power_of_3 <= n:
            best = max(best, power_of_3 << ((n // power_of_3).bit_length() - 1))
            power_of_3 *= 3
        power_of_5 *= 5
    return best


def power_spectrum(codes: npt.NDArray[Any], window: Window) -> Spectrum:
    """Return |DFT|² of ``codes`` times ``window``, both shape (n,) with even n; shape (n // 2 + 1,).

    Integers of up to 16 bits and float32 are worked in single precision (noise floor about -130 dB), others in double.

    A real record of n samples is a complex one of n/2, whose transform costs half of what scipy's ``rfft`` takes for
    n; sums and differences of mirrored bins take the two apart (W. H. Press et al., Numerical Recipes, 12.3). In single
    precision their rounding leaves a mirror image of each line, 135 dB below it and more.
    """
    from scipy import fft

    # In place of a float copy of the codes: the product is the only full-length array made.
    tapered = np.multiply(codes, window.values, dtype=window.values.dtype)
    bins = fft.fft(tapered.view(np.result_type(tapered, np.complex64)), overwrite_x=True)
    size = bins.size
    middle = size // 2
    mirrored = np.concatenate((bins[:1], bins[: size - middle - 1 : -1]))
    np.conjugate(mirrored, out=mirrored)
    even, odd = bins[: middle + 1] + mirrored, bins[: middle + 1] - mirrored
    odd *= _turns(2 * size, tapered.dtype == np.float32)
    power = np.empty(size + 1, tapered.dtype)
    power[: middle + 1] = _square(even - odd)
    power[size - middle :] = _square(even + odd)[::-1]
    power *= 0.25
    return power


@lru_cache(maxsize=4)
def _turns(n: int, single: bool) -> npt.NDArray[Any]:
    """Return i · exp(-2πik/n) for k = 0 … n/4: by how much the odd samples come late."""
    turns: npt.NDArray[Any] = 1j * np.exp(-2j * math.pi / n * np.arange(n // 4 + 1))
    turns = turns.astype(np.complex64) if single else turns
    turns.flags.writeable = False
    return turns


def _square(bins: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return |bins|² and leave squares in their place."""
    parts = bins.view(bins.real.dtype)
    np.multiply(parts, parts, out=parts)
    return np.asarray(parts[0::2] + parts[1::2])


def single_precision(codes: npt.NDArray[Any]) -> bool:
    """Return whether ``codes`` are exact in single precision."""
    return codes.dtype.itemsize <= 2 or codes.dtype == np.float32


def peak_of(power: Spectrum, bin_number: int) -> tuple[float, float]:
    """Return position (bins) and height of the peak at ``bin_number`` by a parabola through the logarithms.

    The main lobe is close to a Gaussian, whose logarithm is a parabola: the height is good to 0.01 dB.
    """
    left, here, right = (math.log(max(float(power[bin_number + k]), 1e-300)) for k in (-1, 0, 1))
    curvature = left - 2 * here + right
    if curvature >= 0:
        return float(bin_number), math.exp(here)
    offset = 0.5 * (left - right) / curvature
    # Half a bin off centre a tone loses 10 % of its power; more comes of noise.
    return bin_number + offset, math.exp(here + min(0.25 * (right - left) * offset, 0.15))
