"""Shift of a thermal image against the golden one, by phase correlation below a pixel."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage

_ROUNDS = 3
_FEWEST = 16


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the scene lies down and to the right of where it is in the reference, in pixels."""

    down: Quantity
    right: Quantity
    correlation: Quantity
    """1 for equal images, near 0 for unrelated ones."""


def registration(image: ThermalImage, *, reference: ThermalImage) -> Shift | NoAnswer:
    """Return the shift of ``image`` against ``reference``, both of one size, at least 16×16 pixels, without gaps."""
    moved, golden = (one.temperatures_c.astype(np.float64) for one in (image, reference))
    if moved.shape != golden.shape or moved.ndim != 2 or min(moved.shape) < _FEWEST:
        return NoAnswer(f"registration needs two images of one size, at least {_FEWEST}×{_FEWEST} pixels")
    if not (np.isfinite(moved).all() and np.isfinite(golden).all()):
        return NoAnswer("registration needs images without missing pixels")
    if moved.std() == 0 or golden.std() == 0:
        return NoAnswer("the image shows nothing to hold on to")
    from scipy import fft

    window = np.outer(*(np.hanning(size + 2)[1:-1] for size in golden.shape))
    spectrum = fft.rfft2((golden - golden.mean()) * window)
    down = right = 0.0
    for turn in range(_ROUNDS):
        back = shifted(moved, -down, -right) if turn else moved
        other = fft.rfft2((back - back.mean()) * window)
        cross = other * np.conj(spectrum)
        if turn == 0:
            # Whole pixels first: the highest correlation.
            peak = np.unravel_index(int(np.argmax(fft.irfft2(_whitened(cross), golden.shape))), golden.shape)
            wrapped = (p - size if p > size // 2 else p for p, size in zip(peak, golden.shape, strict=True))
            down, right = (float(one) for one in wrapped)
            continue
        more_down, more_right = _slope(cross, golden.shape)
        down, right = down + more_down, right + more_right
    back = shifted(moved, -down, -right)
    # What the shift brought in from the opposite edge takes no part.
    margins = (min(math.ceil(abs(d)) + 2, n // 4) for d, n in zip((down, right), golden.shape, strict=True))
    inner = tuple(slice(margin, -margin) for margin in margins)
    correlation = float(np.corrcoef(back[inner].ravel(), golden[inner].ravel())[0, 1])
    if not correlation > 0.3:
        return NoAnswer(f"the images do not show the same scene (correlation {correlation:.2f})")
    # Noise against structure sets how finely a shift shows.
    residual = float(np.std(back[inner] - golden[inner]))
    slopes = [float(np.sqrt(np.mean(np.gradient(golden[inner], axis=axis) ** 2))) for axis in (0, 1)]
    pixels = back[inner].size
    u_down, u_right = (residual / (slope * math.sqrt(pixels)) if slope > 0 else math.inf for slope in slopes)
    return Shift(
        Quantity(down, "1", math.hypot(u_down, 0.01)),
        Quantity(right, "1", math.hypot(u_right, 0.01)),
        Quantity(correlation, "1"),
    )


def aligned(image: ThermalImage, reference: ThermalImage) -> ThermalImage | NoAnswer:
    """Return ``image`` moved onto ``reference``; pixels that come from outside the image are NaN."""
    shift = registration(image, reference=reference)
    if isinstance(shift, NoAnswer):
        return shift
    down, right = shift.down.value, shift.right.value
    field = shifted(image.temperatures_c.astype(np.float64), -down, -right)
    for axis, moved in ((0, -down), (1, -right)):
        lost = math.ceil(abs(moved) - 0.05)
        edge = [slice(None), slice(None)]
        edge[axis] = slice(0, lost) if moved > 0 else slice(field.shape[axis] - lost, None)
        if lost > 0:
            field[tuple(edge)] = np.nan
    return replace(image, temperatures_c=field.astype(np.float32))


def shifted(field: npt.NDArray[np.float64], down: float, right: float) -> npt.NDArray[np.float64]:
    """Return ``field``, shape (rows, columns), moved by ``down`` and ``right`` pixels (Fourier shift)."""
    from scipy import fft

    rows, columns = field.shape
    ramp = np.exp(-2j * math.pi * (fft.fftfreq(rows)[:, None] * down + fft.rfftfreq(columns)[None, :] * right))
    return np.asarray(fft.irfft2(fft.rfft2(field) * ramp, field.shape))


def _whitened(cross: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the cross spectrum with the scene's bins brought to one size; those of noise alone stay small."""
    size = np.abs(cross)
    return np.asarray(cross / (size + 1e-3 * float(size.max())))


def _slope(cross: npt.NDArray[Any], shape: tuple[int, ...]) -> tuple[float, float]:
    """Return the shift from the phase plane of the cross spectrum, each bin weighted by its power."""
    from scipy import fft

    u, v = np.meshgrid(fft.fftfreq(shape[0]), fft.rfftfreq(shape[1]), indexing="ij")
    low = (np.abs(u) < 0.25) & (v < 0.25)
    phase, weight = np.angle(cross[low]), np.abs(cross[low])
    u, v = u[low], v[low]
    a11, a12, a22 = float(weight @ (u * u)), float(weight @ (u * v)), float(weight @ (v * v))
    b1, b2 = float(weight @ (u * phase)), float(weight @ (v * phase))
    determinant = a11 * a22 - a12 * a12
    if determinant <= 0:
        return 0.0, 0.0
    scale = -1.0 / (2 * math.pi * determinant)
    return scale * (a22 * b1 - a12 * b2), scale * (a11 * b2 - a12 * b1)
